//! How the rules of a scenario share the one uniform number that decides an exchange.
//!
//! Each request draws one uniform in [0, 1). A rule strikes where the number lies in the rule's share of that interval
//! and the rule is active. Shares are fixed by file order, active or not, so that switching one rule on never moves
//! another: a rule starts where the last of the earlier rules that may be active at the same time ends.

use crate::world::fault::{Effect, FaultRule, KINDS, Route, Stage, When, Window};

/// How far beyond 1 shares may add up, since decimal fractions are not exact.
const ROUNDING: f64 = 1e-9;

/// The rules that can coincide want more than every request.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the shares of rules that can coincide add up to {total} on one request")]
pub struct Overfull {
    /// Index of the first rule that does not fit.
    pub rule: usize,
    /// What the shares add up to with it.
    pub total: f64,
}

/// The share `[start, end)` of each of `rules` for the requests of `model` on `route`; `None` for those that do not
/// strike there, and for weather and rate limits, which are decided otherwise.
///
/// # Errors
///
/// Where the probabilities of rules that can coincide add up to more than 1.
pub fn shares(rules: &[FaultRule], route: Route, model: &str) -> Result<Vec<Option<(f64, f64)>>, Overfull> {
    let mut shares: Vec<Option<(f64, f64)>> = Vec::with_capacity(rules.len());
    for (index, rule) in rules.iter().enumerate() {
        if !draws(rule) || !strikes(rule, route, model) {
            shares.push(None);
            continue;
        }
        let start = rules
            .iter()
            .zip(&shares)
            .filter(|(earlier, _)| coincide(earlier.when, rule.when))
            .filter_map(|(_, share)| share.map(|(_, end)| end))
            .fold(0.0, f64::max);
        let end = start + rule.probability.get();
        if end > 1.0 + ROUNDING {
            return Err(Overfull { rule: index, total: end });
        }
        shares.push(Some((start, end.min(1.0))));
    }
    Ok(shares)
}

/// Whether the rule strikes by the exchange's uniform number.
fn draws(rule: &FaultRule) -> bool {
    let weather = KINDS.iter().any(|kind| kind.name == rule.kind && kind.stage == Stage::Weather);
    !weather && !matches!(rule.effect, Effect::RateLimit { .. })
}

/// Whether the rule is for requests of `model` on `route`.
fn strikes(rule: &FaultRule, route: Route, model: &str) -> bool {
    let named = |models: &Vec<String>| models.iter().any(|name| name == model);
    rule.routes.contains(&route) && rule.models.as_ref().is_none_or(named)
}

/// Whether there is an instant at which both may be active.
fn coincide(a: When, b: When) -> bool {
    match (a, b) {
        (When::During(a @ Window { every: None, .. }), When::During(b @ Window { every: None, .. })) => {
            a.from < b.from + b.length && b.from < a.from + a.length
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Micros;
    use crate::world::model::Probability;

    fn rule(kind: &'static str, effect: Effect, probability: f64, when: When) -> FaultRule {
        let probability = Probability::new(probability).expect("a probability");
        let routes = vec![Route::Status];
        FaultRule { kind, effect, probability, routes, models: None, when, after_creation: false }
    }

    fn reset(probability: f64, when: When) -> FaultRule {
        rule("reset", Effect::Reset, probability, when)
    }

    fn window(from: u64, length: u64) -> When {
        When::During(Window { from: Micros::from_secs(from), length: Micros::from_secs(length), every: None })
    }

    #[test]
    fn rules_that_coincide_stand_side_by_side() {
        let rules = [reset(0.25, When::Always), reset(0.5, window(0, 10)), reset(0.25, When::Always)];
        let expected = vec![Some((0.0, 0.25)), Some((0.25, 0.75)), Some((0.75, 1.0))];
        assert_eq!(shares(&rules, Route::Status, "m"), Ok(expected));
    }

    #[test]
    fn disjoint_windows_share_the_same_ground() {
        let rules = [reset(0.75, window(0, 10)), reset(0.75, window(10, 10)), reset(0.25, When::Always)];
        let expected = vec![Some((0.0, 0.75)), Some((0.0, 0.75)), Some((0.75, 1.0))];
        assert_eq!(shares(&rules, Route::Status, "m"), Ok(expected));
    }

    #[test]
    fn other_routes_models_and_weather_take_no_share() {
        let mut submit = reset(0.9, When::Always);
        submit.routes = vec![Route::Submit];
        let mut other = reset(0.9, When::Always);
        other.models = Some(vec!["n".to_owned()]);
        let outage = rule("outage", Effect::Refuse, 1.0, window(0, 10));
        let rules = [submit, other, outage, reset(0.5, When::Always)];
        assert_eq!(shares(&rules, Route::Status, "m"), Ok(vec![None, None, None, Some((0.0, 0.5))]));
    }

    #[test]
    fn more_than_every_request_is_refused_and_decimals_are_forgiven() {
        let rules = [reset(0.75, When::Always), reset(0.5, window(0, 1))];
        assert_eq!(shares(&rules, Route::Status, "m"), Err(Overfull { rule: 1, total: 1.25 }));
        let tenths: Vec<_> = (0..10).map(|_| reset(0.1, When::Always)).collect();
        assert!(shares(&tenths, Route::Status, "m").is_ok());
        let sum = [0.7, 0.1, 0.2].map(|p| reset(p, When::Always));
        assert!(shares(&sum, Route::Status, "m").is_ok());
    }
}

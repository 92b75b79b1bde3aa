//! The rules of a world: they fit together, and each has its share of the one uniform number that decides an exchange.
//!
//! Each request draws one uniform in [0, 1). A rule strikes where the number lies in the rule's share of that interval
//! and the rule is active. Shares are fixed by file order, active or not, so that switching one rule on never moves
//! another: a rule starts where the last of the earlier rules that may be active at the same time ends.

use super::kind::Striking;
use super::route::Route;
use super::rule::FaultRule;
use std::ops::Deref;
use std::sync::Arc;

/// How far beyond 1 shares may add up, since decimal fractions are not exact.
const ROUNDING: f64 = 1e-9;

/// Rules whose shares fit, in file order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultRules(Arc<[FaultRule]>);

/// The rules that can coincide want more than every request.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "with rule {}, the probabilities of rules that can coincide on route `{}`{} add up to {total}, which is above 1",
    rule + 1, route.name(), model.as_ref().map_or_else(String::new, |model| format!(" of model `{model}`"))
)]
pub struct Overfull {
    /// Index of the first rule that does not fit, from 0; people count from 1.
    pub rule: usize,
    /// The route.
    pub route: Route,
    /// The model; `None` for those that no rule names.
    pub model: Option<String>,
    /// What the shares add up to with it, without the rounding of decimal fractions.
    pub total: f64,
}

/// A share of the unit interval: from its start to before its end.
type Share = (f64, f64);

impl FaultRules {
    /// These rules, in order.
    ///
    /// # Errors
    ///
    /// On some route of some model the probabilities of rules that can coincide add up to more than 1.
    pub fn new(rules: Vec<FaultRule>) -> Result<Self, Overfull> {
        // Models that no rule names are all alike.
        let mut models: Vec<Option<&String>> = vec![None];
        models.extend(rules.iter().filter_map(FaultRule::models).flatten().map(Some));
        models.dedup();
        for model in models {
            for route in Route::ALL {
                let shares = cut(&rules, |rule| match model {
                    Some(model) => rule.covers(route, model),
                    None => rule.models().is_none() && rule.routes().contains(&route),
                });
                if let Err((rule, total)) = shares {
                    let total = (total * 1e9).round() / 1e9;
                    return Err(Overfull { rule, route, model: model.cloned(), total });
                }
            }
        }
        Ok(Self(rules.into()))
    }

    /// The share of each rule for the requests of `model` on `route`; `None` for those that do not strike there, and for
    /// rules that are not decided by a request's own draw.
    pub(in crate::world) fn shares(&self, route: Route, model: &str) -> Vec<Option<Share>> {
        // They fit: that was seen when the rules were made.
        cut(&self.0, |rule| rule.covers(route, model)).unwrap_or_default()
    }
}

impl Deref for FaultRules {
    type Target = [FaultRule];

    fn deref(&self) -> &[FaultRule] {
        &self.0
    }
}

/// Cuts the unit interval for the rules that `strike`; else the first that finds no room, and what it would take.
fn cut(rules: &[FaultRule], strike: impl Fn(&FaultRule) -> bool) -> Result<Vec<Option<Share>>, (usize, f64)> {
    let mut shares: Vec<Option<Share>> = Vec::with_capacity(rules.len());
    for (index, rule) in rules.iter().enumerate() {
        let draws = match rule.kind().striking() {
            Striking::Share => true,
            Striking::Slowdown | Striking::Limit | Striking::Window | Striking::Brownout | Striking::Bursts => false,
        };
        if !draws || !strike(rule) {
            shares.push(None);
            continue;
        }
        let start = rules
            .iter()
            .zip(&shares)
            .filter(|(earlier, _)| earlier.may_coincide(rule))
            .filter_map(|(_, share)| share.map(|(_, end)| end))
            .fold(0.0, f64::max);
        let end = start + rule.probability().get();
        if end > 1.0 + ROUNDING {
            return Err((index, end));
        }
        shares.push(Some((start, end.min(1.0))));
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Micros;
    use crate::world::fault::{Fault, Kind, When, Window};
    use crate::world::model::Probability;
    use proptest::prelude::*;

    fn reset(probability: f64, when: When) -> FaultRule {
        let probability = Probability::new(probability).expect("a probability");
        FaultRule::new(Fault::of(Kind::Reset), probability, when).expect("valid")
    }

    fn window(from: u64, length: u64) -> When {
        When::During(Window::new(Micros::from_secs(from), Micros::from_secs(length), None).expect("valid"))
    }

    fn shares(rules: &[FaultRule]) -> Result<Vec<Option<Share>>, Overfull> {
        FaultRules::new(rules.to_vec()).map(|rules| rules.shares(Route::Status, "m"))
    }

    #[test]
    fn rules_that_coincide_stand_side_by_side() {
        let rules = [reset(0.25, When::Always), reset(0.5, window(0, 10)), reset(0.25, When::Always)];
        let expected = vec![Some((0.0, 0.25)), Some((0.25, 0.75)), Some((0.75, 1.0))];
        assert_eq!(shares(&rules), Ok(expected));
    }

    #[test]
    fn disjoint_windows_share_the_same_ground() {
        let rules = [reset(0.75, window(0, 10)), reset(0.75, window(10, 10)), reset(0.25, When::Always)];
        let expected = vec![Some((0.0, 0.75)), Some((0.0, 0.75)), Some((0.75, 1.0))];
        assert_eq!(shares(&rules), Ok(expected));
    }

    #[test]
    fn other_routes_models_and_weather_take_no_share() {
        let submit = reset(0.9, When::Always).on(&[Route::Submit]).expect("it strikes submits");
        let other = reset(0.9, When::Always).of_models(vec!["n".to_owned()]).expect("a model");
        let outage = FaultRule::new(Fault::of(Kind::Outage), Probability::ONE, window(0, 10)).expect("valid");
        let rules = [submit, other, outage, reset(0.1, When::Always)];
        assert_eq!(shares(&rules), Ok(vec![None, None, None, Some((0.0, 0.1))]));
    }

    #[test]
    fn more_than_every_request_is_refused_and_decimals_are_forgiven() {
        let rules = [reset(0.75, When::Always), reset(0.5, window(0, 1))];
        let overfull = Overfull { rule: 1, route: Route::Status, model: None, total: 1.25 };
        assert_eq!(shares(&rules), Err(overfull));
        let tenths: Vec<_> = (0..10).map(|_| reset(0.1, When::Always)).collect();
        assert!(shares(&tenths).is_ok());
        assert!(shares(&[0.7, 0.1, 0.2].map(|p| reset(p, When::Always))).is_ok());
        let named = reset(0.3, When::Always).of_models(vec!["m".to_owned()]).expect("a model");
        let overfull = FaultRules::new(vec![reset(0.8, When::Always), named]).expect_err("1.1");
        assert_eq!(
            overfull.to_string(),
            "with rule 2, the probabilities of rules that can coincide on route `status` of model `m` add up to 1.1, \
             which is above 1"
        );
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        /// Promise: in rules that exist every rule has its whole share, and rules that can coincide never overlap.
        #[test]
        fn rules_that_exist_have_their_whole_shares(
            parts in prop::collection::vec((0.0_f64..=1.0, prop::option::of((0_u64..40, 1_u64..20)), 0..3_usize), 1..6)
        ) {
            let models = ["m", "n"];
            let rules: Vec<_> = parts.iter().map(|(probability, when, model)| {
                let rule = reset(*probability, when.map_or(When::Always, |(from, length)| window(from, length)));
                match models.get(*model) {
                    Some(model) => rule.of_models(vec![(*model).to_owned()]).expect("a model"),
                    None => rule,
                }
            }).collect();
            let Ok(world) = FaultRules::new(rules.clone()) else { return Ok(()) };
            for model in ["m", "n", "another"] {
                let shares = world.shares(Route::Status, model);
                for (at, (rule, share)) in rules.iter().zip(&shares).enumerate() {
                    prop_assert_eq!(share.is_some(), rule.covers(Route::Status, model));
                    let Some((from, to)) = share else { continue };
                    prop_assert!((to - from - rule.probability().get()).abs() <= ROUNDING && *to <= 1.0);
                    let earlier = rules[..at].iter().zip(&shares).filter(|(other, _)| other.when().may_coincide(rule.when()));
                    for (start, end) in earlier.filter_map(|(_, share)| *share) {
                        prop_assert!(end <= *from || *to <= start);
                    }
                }
            }
        }
    }
}

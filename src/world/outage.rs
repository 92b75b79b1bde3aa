//! Outages: the windows of a world's rules, as far as it is known beforehand when they end.
//!
//! An outage is a stretch of time in which at least one rule with a window is active on a model's status requests or
//! webhook deliveries. What has no window (a share of all requests, bursts) is no outage: it has no end to recover from.

use crate::time::Micros;
use crate::world::fault::{FaultRules, Route, When, Window};

/// Windows that come again and again are looked at for so long, and so often.
const HORIZON: Micros = Micros::from_secs(4 * 3_600);
const MOST: usize = 64;

/// A stretch of time, since the start of a replicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outage {
    /// Its first instant.
    pub from: Micros,
    /// The first instant after it.
    pub to: Micros,
}

/// The outages of `model` under `rules`, in the order of time and apart from each other; of windows that come again, those
/// of the first four hours, and 64 at most.
#[must_use]
pub fn outages(rules: &FaultRules, model: &str) -> Vec<Outage> {
    let windows = rules.iter().filter_map(|rule| match rule.when() {
        When::During(window) => {
            [Route::Status, Route::Webhook].iter().any(|route| rule.covers(*route, model)).then_some(window)
        }
        When::Always | When::Bursts(_) => None,
    });
    let mut all: Vec<Outage> = windows.flat_map(each).collect();
    all.sort_unstable();
    let mut apart: Vec<Outage> = Vec::new();
    for outage in all {
        match apart.last_mut() {
            Some(last) if outage.from <= last.to => last.to = last.to.max(outage.to),
            Some(_) | None => apart.push(outage),
        }
    }
    apart.truncate(MOST);
    apart
}

fn each(window: &Window) -> Vec<Outage> {
    let at = |from: Micros| Outage { from, to: from + window.length() };
    match window.every() {
        None => vec![at(window.from())],
        Some(every) => {
            let starts = (0..MOST as u64).map(|n| window.from() + every * n);
            starts.take_while(|start| *start < HORIZON).map(at).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fault::{Arguments, Fault, FaultRule, Kind};
    use crate::world::model::Probability;

    fn rule(from: u64, length: u64, every: Option<u64>) -> FaultRule {
        let s = Micros::from_secs;
        let window = Window::new(s(from), s(length), every.map(s)).expect("a window");
        let fault = Fault::new(Kind::Outage, &Arguments::default()).expect("it needs no parameters");
        FaultRule::new(fault, Probability::ONE, When::During(window)).expect("a rule")
    }

    #[test]
    fn windows_that_touch_are_one_outage() {
        let rules = vec![rule(100, 10, None), rule(10, 5, Some(60)), rule(105, 20, None)];
        let rules = FaultRules::new(rules).expect("they fit");
        let found = outages(&rules, "any");
        let s = |outage: &Outage| (outage.from.as_secs(), outage.to.as_secs());
        assert_eq!(
            found[..4].iter().map(s).collect::<Vec<_>>(),
            [(10.0, 15.0), (70.0, 75.0), (100.0, 125.0), (130.0, 135.0)]
        );
        assert_eq!(found.len(), MOST);
    }

    #[test]
    fn a_rule_for_another_model_or_for_submits_is_no_outage() {
        let other = rule(0, 5, None).of_models(vec!["other".to_owned()]).expect("a model");
        let submits = rule(9, 5, None).on(&[Route::Submit]).expect("a route");
        let rules = FaultRules::new(vec![other, submits]).expect("they fit");
        assert!(outages(&rules, "mine").is_empty());
        assert_eq!(outages(&rules, "other").len(), 1);
    }
}

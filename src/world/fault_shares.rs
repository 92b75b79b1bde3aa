//! stub
use crate::world::fault::{FaultRule, Route};
/// stub
#[derive(Debug)]
pub struct Overfull;
/// stub
pub fn shares(rules: &[FaultRule], route: Route, model: &str) -> Result<Vec<Option<(f64, f64)>>, Overfull> {
    let mut at = 0.0;
    Ok(rules
        .iter()
        .map(|rule| {
            let applies = rule.routes.contains(&route)
                && rule.models.as_ref().is_none_or(|m| m.iter().any(|n| n == model))
                && !matches!(rule.kind, "outage" | "burst-loss" | "rate-limit");
            applies.then(|| {
                let from = at;
                at += rule.probability.get();
                (from, at)
            })
        })
        .collect())
}

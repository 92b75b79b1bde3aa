//! How far a fit reaches where tasks are unfinished: what lies much later than anything that was seen cannot be told from tasks that
//! never end, and must decide neither a horizon nor a cost.

use super::turnbull::Estimate;
use crate::time::Micros;
use crate::world::distribution::Distribution;

/// Where tasks are unfinished, a fit ends at so many times the latest age at which one was seen.
pub(super) const REACH: f64 = 10.0;
/// A share beyond that which is none.
const NONE: f64 = 1e-6;

/// The distribution, with what it has beyond reach put between the latest age and there, as the distribution lies there. What
/// it has of ages that were seen stays as it is, and so does how much outlasts them.
pub(super) fn within_reach(distribution: Distribution, estimate: &Estimate) -> Distribution {
    let most = REACH * estimate.last;
    if estimate.left <= 0.0 || 1.0 - distribution.cdf(most) <= NONE {
        return distribution;
    }
    let below = distribution.cdf(estimate.last);
    let [last, most] = [estimate.last, most].map(Micros::from_f64);
    let cut = |min, max| distribution.clone().bounded(min, Some(max), None).ok();
    let parts = [(below, cut(None, last)), (1.0 - below, cut(Some(last), most))];
    // Each has its part, or what outlasts would be lost.
    let parts: Option<Vec<_>> =
        parts.into_iter().filter(|(weight, _)| *weight > 0.0).map(|(weight, part)| Some((weight, part?))).collect();
    parts.and_then(|parts| Distribution::mixture(parts).ok()).unwrap_or(distribution)
}

//! What is drawn beside the faults of single requests: weather, and what is delivered to programs that are called back. Each
//! kind of fault has its place here or in [`variants`](super::variants); a test goes through all of them.

use super::case::{End, is_weather};
use super::variants::variants;
use crate::server::{Push, PushContent};
use crate::time::Micros;
use crate::world::draws::Draws;
use crate::world::fault::{
    DeliveryEffect, Fault, FaultRule, FaultRules, GilbertElliott, Kind, Striking, When, Window, json,
};
use crate::world::model::Probability;
use crate::world::webhook::{PATIENCE, PAUSES};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Share of the requests that weather strikes which is no window: most waits meet it, and none meets nothing else.
const SHARE: f64 = 0.3;

/// The kinds of weather.
pub(super) fn weathers() -> Vec<Kind> {
    Kind::ALL.iter().copied().filter(|kind| is_weather(*kind)).collect()
}

/// Weather of a kind in a wait until `deadline`; `at` says where its window begins, from 0 to 1.
pub(super) fn weather(kind: Kind, deadline: Micros, at: f64) -> Option<FaultRules> {
    let mut fields = Map::from_iter([("kind".to_owned(), Value::from(kind.name()))]);
    // So that a single poller feels it and can live with it: a limit lets the next request through once its `Retry-After`
    // is over.
    let told = json!({
        "rate_per_s": 0.2, "burst": 2, "retry_after": 7,
        "servers": 1, "service": "2s", "queue": 1,
        "latency_factor": 4.0,
    });
    let told = told.as_object().into_iter().flatten();
    fields.extend(
        told.filter(|(name, _)| kind.parameter(name).is_some()).map(|(name, value)| (name.clone(), value.clone())),
    );
    let fault = json::read(&fields).ok()?;
    let second = Micros::from_secs(1);
    let unit = if deadline >= second * 10 { second } else { Micros::from_millis(10) };
    let whole = |time: f64| Micros::new((time as u64 / unit.get()).max(1) * unit.get());
    let length = whole(deadline.get() as f64 / 6.0);
    let from = whole((deadline.get() as f64 * at - length.get() as f64 / 2.0).max(0.0));
    let from = if at == 0.0 { Micros::ZERO } else { from };
    let (share, when) = match kind.striking() {
        Striking::Share => return None,
        Striking::Slowdown => (Probability::new(SHARE)?, When::Always),
        Striking::Limit => (Probability::ONE, When::Always),
        Striking::Window | Striking::Brownout => {
            (Probability::ONE, When::During(Window::new(from, length, None).ok()?))
        }
        Striking::Bursts => (Probability::ONE, When::Bursts(GilbertElliott::new(SHARE, length).ok()?)),
    };
    FaultRules::new(vec![FaultRule::new(fault, share, when).ok()?]).ok()
}

/// What can strike a delivery, in each of its forms: made once, since every case asks.
static DELIVERED: LazyLock<Vec<Fault>> = LazyLock::new(|| {
    let all = Kind::ALL.iter().flat_map(|kind| variants(*kind));
    all.filter(|fault| fault.on_delivery().is_some()).collect()
});

/// All that may be delivered for a task that ends like this: first what ought to be, last what forgers send.
pub(super) fn pushes(end: End, deadline: Micros) -> Vec<Vec<Push>> {
    let push = |at: Micros, content| Push { at, content };
    let (at, is_over) = match end {
        End::Success(at) | End::Failed(at) => (at, true),
        End::Never => (deadline, false),
    };
    // In whole milliseconds, as people write instants.
    let early = Micros::new(at.get() / 2_000 * 1_000);
    let told = || is_over.then(|| push(at, PushContent::Truth));
    let and_told = |first: Push| [Some(first), told()].into_iter().flatten().collect::<Vec<_>>();
    let mut plans = vec![told().into_iter().collect::<Vec<_>>()];
    if is_over {
        plans.extend(DELIVERED.iter().filter_map(Fault::on_delivery).map(|effect| struck(effect, at)));
    }
    plans.push(and_told(push(early, PushContent::Truth)));
    plans.push(and_told(push(early, PushContent::Garbage)));
    plans.push(and_told(push(early, PushContent::OtherTask)));
    plans.push(and_told(push(early, PushContent::Forgery)));
    plans.push(vec![push(early, PushContent::Forgery)]);
    plans
}

/// What comes of a delivery at `at` that is struck.
fn struck(effect: &DeliveryEffect, at: Micros) -> Vec<Push> {
    let push = |at: Micros, content| Push { at, content };
    let (once, again) = (push(at, PushContent::Truth), at + PAUSES[0]);
    match effect {
        DeliveryEffect::Lost => Vec::new(),
        DeliveryEffect::Later(by) => vec![push(at + by.sample(&mut Draws::seeded(1)), PushContent::Truth)],
        DeliveryEffect::Again(after) => vec![once, push(at + after.sample(&mut Draws::seeded(1)), PushContent::Truth)],
        DeliveryEffect::Malformed => vec![push(at, PushContent::Garbage), push(again, PushContent::Truth)],
        DeliveryEffect::WrongTask => vec![push(at, PushContent::OtherTask)],
        // Whatever the receiver is said to do, the sender does: it comes again.
        DeliveryEffect::Refused | DeliveryEffect::Failed => vec![push(again, PushContent::Truth)],
        DeliveryEffect::Slow => vec![once, push(again + PATIENCE, PushContent::Truth)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::case::may_make_a_task;
    use crate::check::phase::kinds;

    /// Promise: whatever kind of fault there is, some trial is about it.
    #[test]
    fn no_kind_is_forgotten() {
        let deadline = Micros::from_secs(120);
        let single: Vec<Kind> = kinds().collect();
        for kind in Kind::ALL {
            let is_drawn = single.contains(kind)
                || weather(*kind, deadline, 0.5).is_some() && is_weather(*kind)
                || may_make_a_task(*kind)
                || variants(*kind).iter().any(|fault| fault.on_delivery().is_some());
            assert!(is_drawn, "{}", kind.name());
        }
    }

    /// Promise: weather that is drawn is as it was meant, and deliveries come in order and in time to matter.
    #[test]
    fn plans_are_sound() {
        let deadline = Micros::from_secs(120);
        for kind in weathers() {
            let rules = weather(kind, deadline, 0.5).unwrap_or_default();
            assert_eq!((rules.len(), rules[0].kind()), (1, kind));
        }
        let of = |end| pushes(end, deadline);
        assert_eq!(of(End::Success(deadline))[0], [Push { at: deadline, content: PushContent::Truth }]);
        assert_eq!(of(End::Never)[0], []);
        assert!(of(End::Success(deadline)).iter().all(|plan| plan.is_sorted_by_key(|push| push.at)));
    }
}

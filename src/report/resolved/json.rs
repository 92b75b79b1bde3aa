//! A resolved scenario for programs.

use super::figures;
use crate::scenario::rules;
use crate::scenario::{Bound, Scenario};
use crate::strategy::composition::{Channel, Jitter, Limit, Pace, Recovery, Schedule, Sharing, Strategy};
use crate::time::Micros;
use crate::tune::json::distribution_json;
use crate::world::arrivals::Arrivals;
use crate::world::distribution::Distribution;
use crate::world::model::Model;
use serde_json::{Map, Value, json};

/// For programs: keys are those of scenario files; beside each distribution stand its mean and quantiles, in milliseconds.
#[must_use]
pub fn json(scenario: &Scenario) -> Value {
    json!({
        "schema_version": 1,
        "name": scenario.name,
        "description": scenario.description,
        "seed": scenario.seed,
        "tasks": scenario.tasks,
        "replicates": scenario.replicates,
        "horizon_ms": scenario.horizon.as_millis(),
        "arrivals": arrivals(&scenario.arrivals),
        "network": {
            "rtt": distribution_json(&scenario.network.rtt),
            "rtt_ms": summary(&scenario.network.rtt),
            "up_share": scenario.network.up_share.get(),
        },
        "webhook": {
            "latency": scenario.network.webhook_latency.as_ref().map(distribution_json),
            "latency_ms": scenario.network.webhook_latency.as_ref().map(summary),
        },
        "submit": {
            "retries": scenario.submit.retries,
            "retry_delay_ms": scenario.submit.retry_delay.as_millis(),
            "attempt_timeout_ms": scenario.submit.attempt_timeout.as_millis(),
        },
        "models": scenario.models.iter().chain(&scenario.other).map(|one| (one.name.clone(), model(one))).collect::<Map<_, _>>(),
        "faults": rules::to_json(&scenario.faults),
        "strategies": scenario.strategies.iter().map(|one| strategy(one, scenario)).collect::<Vec<_>>(),
        "report": {
            "baseline": scenario.strategies[scenario.baseline].name,
            "poll_cost": scenario.cost.poll,
            "delay_cost_per_s": scenario.cost.delay_per_s,
        },
        "gates": scenario.gates.iter().map(|gate| {
            let (min, max) = match gate.bound {
                Bound::Min(least) => (Some(least), None),
                Bound::Max(most) => (None, Some(most)),
            };
            json!({
                "metric": gate.metric, "stat": gate.stat, "strategy": gate.strategy, "model": gate.model,
                "min": min, "max": max,
            })
        }).collect::<Vec<_>>(),
    })
}

fn summary(distribution: &Distribution) -> Value {
    // What is infinite is `null`.
    figures(distribution).into_iter().map(|(name, ms)| (name.to_owned(), json!(ms))).collect::<Map<_, _>>().into()
}

fn arrivals(arrivals: &Arrivals) -> Value {
    match arrivals {
        Arrivals::Poisson(rate) => json!({"kind": "poisson", "rate_per_s": 1e6 / rate.gap_us()}),
        Arrivals::Constant(rate) => json!({"kind": "constant", "rate_per_s": 1e6 / rate.gap_us()}),
        Arrivals::Burst => json!({"kind": "burst"}),
        Arrivals::Trace(recorded) => {
            json!({"kind": "trace", "instants": recorded.count(), "length_ms": recorded.length().as_millis()})
        }
    }
}

fn model(model: &Model) -> Value {
    json!({
        "completion": distribution_json(&model.completion),
        "completion_ms": summary(&model.completion),
        "pending": model.pending.as_ref().map(distribution_json),
        "pending_ms": model.pending.as_ref().map(summary),
        "failure": model.fates.failure().map(|failure| json!({
            "probability": failure.probability.get(),
            "code": failure.failure.code,
            "message": failure.failure.message,
            "after": distribution_json(&failure.after),
        })),
        "stuck_probability": model.fates.stuck(),
        "workers": model.workers,
        "result": model.product().name(),
        "results": model.files(),
    })
}

fn strategy(strategy: &Strategy, scenario: &Scenario) -> Value {
    let channel = match strategy.channel {
        Channel::Poll => "poll",
        Channel::Webhook => "webhook",
        Channel::Both => "both",
    };
    let jitter = match strategy.jitter {
        Jitter::None => "none",
        Jitter::Full => "full",
        Jitter::Equal => "equal",
        Jitter::Decorrelated => "decorrelated",
    };
    let recovery = match &strategy.recovery {
        Recovery::Propagate => json!({"kind": "propagate"}),
        Recovery::NetworkRetry { retries, step } => {
            json!({"kind": "network-retry", "retries": retries, "step_ms": step.get().as_millis()})
        }
        Recovery::Tolerant(tolerance) => json!({
            "kind": "tolerant",
            "consecutive_failures": tolerance.consecutive_failures(),
            "attempt_timeout_ms": tolerance.attempt_timeout().as_millis(),
            "retry_after_floor_ms": tolerance.pause(Micros::ZERO).as_millis(),
            "retry_after_ceiling_ms": tolerance.pause(Micros::LONGEST).as_millis(),
        }),
    };
    let sharing = match &strategy.sharing {
        Sharing::Alone => json!({"kind": "alone"}),
        Sharing::LockStep { pool } => json!({"kind": "lock-step", "pool": pool}),
        Sharing::Limiter(limiter) => json!({
            "kind": "limiter",
            "max_in_flight": limiter.max_in_flight(),
            "rate_per_s": limiter.bucket().rate_per_s(),
            "burst": limiter.bucket().burst(),
        }),
        Sharing::Batch(batching) => {
            json!({"kind": "batch", "size": batching.size(), "linger_ms": batching.linger().as_millis()})
        }
        Sharing::Learned(learning) => json!({"kind": "learned", "window": learning.window}),
    };
    let paces = scenario.models.iter().map(|model| (model.name.clone(), pace(strategy.pace(&model.name))));
    json!({
        "name": strategy.name,
        "about": strategy.about,
        "channel": channel,
        "recovery": recovery,
        "jitter": jitter,
        "sharing": sharing,
        "models": paces.collect::<Map<_, _>>(),
    })
}

fn pace(pace: &Pace) -> Value {
    let ms = Micros::as_millis;
    let schedule = match &pace.schedule {
        Schedule::Fixed(fixed) => {
            json!({"kind": "fixed", "first_ms": ms(fixed.first()), "interval_ms": ms(fixed.interval())})
        }
        Schedule::Exponential(growing) => json!({
            "kind": "exponential",
            "first_ms": ms(growing.first()),
            "interval_ms": ms(growing.interval()),
            "multiplier": growing.multiplier(),
            "cap_ms": ms(growing.cap()),
        }),
        Schedule::Table(table) => {
            let instants: Vec<f64> = table.instants().iter().map(|at| ms(*at)).collect();
            json!({"kind": "table", "instants_ms": instants})
        }
    };
    let limit = match pace.limit {
        Limit::None => json!({"kind": "none"}),
        Limit::Attempts(attempts) => json!({"kind": "attempts", "attempts": attempts}),
        Limit::SumOfSleeps(most) => json!({"kind": "sum-of-sleeps", "max_ms": ms(most.get())}),
        Limit::WallClock(deadline) => json!({"kind": "wall-clock", "deadline_ms": ms(deadline.get())}),
    };
    json!({"schedule": schedule, "limit": limit})
}

//! The engines `virtual` and `wire`: the real client waits for tasks of the real mock server, over HTTP.
//!
//! On `virtual` both run on tokio's paused clock over connections in memory: what they do is what the simulator says, to
//! the microsecond. On `wire` they run on the wall clock over sockets, at any time scale; there the harness reports its
//! own error beside the results, because a late timer looks like a slow strategy. With a base URL the server is somebody
//! else's, the scenario's `[network]` and faults do not apply, and a task's truth is what the server says of it.
//!
//! A *world* is one strategy in one replicate: a server, a client, and all tasks of all models.

mod account;
mod asked;
mod batches;
mod harness;
mod life;
mod submit;
mod target;
mod together;
mod unheard;
mod wait;
mod world;

pub use harness::{Harness, Lateness};
pub use target::{LiveError, LiveOptions, LiveTarget};

use crate::engine::findings::{Findings, Sink, Sums, split};
use crate::engine::plan::Plan;
use crate::engine::sim::Control;
use crate::strategy::composition::{Channel, Sharing};
use life::WorldFindings;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What a run found.
#[derive(Debug)]
pub struct Live {
    /// Before statistics.
    pub findings: Findings,
    /// The harness's own error; nothing on a paused clock, where there is none.
    pub harness: Option<Harness>,
}

/// Runs a plan. `None` if it was stopped.
///
/// # Errors
///
/// See [`LiveError`].
pub fn run(
    plan: &Plan<'_>,
    target: &LiveTarget,
    options: LiveOptions,
    control: &Control,
    sink: Option<Sink<'_>>,
) -> Result<Option<Live>, LiveError> {
    check(plan, target)?;
    let strategies = plan.strategies.len();
    let count = strategies * plan.scenario.replicates as usize;
    let next = AtomicUsize::new(0);
    let worlds = Mutex::new(BTreeMap::new());
    let work = || -> Result<(), LiveError> {
        while !control.stop.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            let (replicate, strategy) = ((number / strategies) as u32, number % strategies);
            if let Some(world) = life::run(plan, target, options, control, replicate, strategy)? {
                let mut worlds = worlds.lock().unwrap_or_else(PoisonError::into_inner);
                worlds.insert((replicate, strategy), world);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..options.worlds.clamp(1, count)).map(|_| scope.spawn(work)).collect();
        let joined =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<Result<Vec<()>, _>>()
    })?;
    if control.stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let worlds = worlds.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut harness = Harness::default();
    for world in worlds.values() {
        harness.merge(&world.harness);
    }
    let mut findings = sum_up(plan, &worlds, sink);
    if matches!(target, LiveTarget::Remote { .. }) {
        // Somebody else's server knows nothing of the scenario's rules.
        findings.fired.clear();
    }
    Ok(Some(Live { findings, harness: (*target != LiveTarget::Virtual).then_some(harness) }))
}

fn check(plan: &Plan<'_>, target: &LiveTarget) -> Result<(), LiveError> {
    for strategy in &plan.strategies {
        let (strategy, polls) = (strategy.strategy, strategy.strategy.channel == Channel::Poll);
        if matches!(strategy.sharing, Sharing::Limiter(_) | Sharing::Batch(_)) && !polls {
            return Err(LiveError::Unsupported { strategy: strategy.name.clone() });
        }
        if matches!(target, LiveTarget::Remote { .. }) && !polls {
            return Err(LiveError::Webhook { strategy: strategy.name.clone() });
        }
    }
    Ok(())
}

/// Adds worlds up in a fixed order.
fn sum_up(plan: &Plan<'_>, worlds: &BTreeMap<(u32, usize), WorldFindings>, sink: Option<Sink<'_>>) -> Findings {
    let mut findings = Findings::new(plan);
    let group: Vec<usize> = (0..plan.models.len()).collect();
    let baseline = plan.scenario.baseline;
    let by_model = |world: &WorldFindings| {
        let mut parts = vec![Vec::new(); group.len()];
        split(&world.records, &group, &mut parts);
        parts
    };
    for replicate in 0..plan.scenario.replicates {
        let mut sums = Sums::new(plan, replicate, &group);
        let base = worlds.get(&(replicate, baseline)).map(by_model).unwrap_or_default();
        for strategy in 0..plan.strategies.len() {
            let Some(world) = worlds.get(&(replicate, strategy)) else { continue };
            sums.add(&mut findings, sink, strategy, &by_model(world), &base);
            for (mine, fired) in findings.fired.iter_mut().zip(&world.fired) {
                *mine += fired;
            }
            if plan.strategies.iter().position(|strategy| !strategy.is_in_batches()) == Some(strategy) {
                // Submits do not depend on the strategy, but for batches: one of them tells.
                for (mine, load) in findings.loads.iter_mut().zip(&world.loads) {
                    mine.merge(load);
                }
            }
            for &model in &group {
                let cell = plan.cell(model, strategy);
                findings.samples[cell].extend(world.observer.sample(model as u32));
                findings.cells[cell].rates.add(&world.observer.rates[model], &plan.models[model].outages);
                if let Some(learner) = world.learners.get(model) {
                    findings.learnt(plan, cell, replicate, learner);
                }
            }
        }
        sums.finish(&mut findings);
    }
    findings
}

//! Strategies: presets with what they change, and compositions.

use super::{Reader, count, positive};
use crate::inspection::rules::Rule;
use crate::scenario::checked::{Named, Node, Table, Value, all};
use crate::scenario::planned::PlanInputs;
use crate::strategy::composition::{
    Batching, Channel, Jitter, Learning, Limit, Limiter, Pace, Recovery, Schedule, Sharing, Strategy,
};
use crate::strategy::planned::PlannedRule;
use crate::strategy::presets;
use crate::strategy::schedule::InvalidSchedule;
use crate::strategy::tolerance::{InvalidTolerance, Tolerance};
use crate::time::{Micros, Span};
use crate::world::distribution::Distribution;
use std::num::NonZeroU32;

/// What is written of a pace.
struct Change {
    schedule: Option<Written>,
    limit: Option<Limit>,
}

/// A schedule as it is written.
enum Written {
    Given(Schedule),
    /// One that is planned, for a distribution or else for the model.
    Planned(PlannedRule, Option<Distribution>),
}

impl Change {
    fn apply(&self, pace: &mut Pace) {
        if let Some(Written::Given(schedule)) = &self.schedule {
            pace.schedule.clone_from(schedule);
        }
        pace.limit = self.limit.unwrap_or(pace.limit);
    }
}

impl Reader<'_> {
    /// The strategies in file order.
    pub(super) fn strategies(&mut self, file: &Table, inputs: Option<&PlanInputs<'_>>) -> Option<Vec<Strategy>> {
        let nodes: &[Option<Node>] = file.get("strategies")?;
        if nodes.is_empty() {
            return self.problem_with(file.span("strategies"), "there is no strategy", "write one as [[strategies]]");
        }
        let mut names: Vec<String> = Vec::new();
        let mut strategies = Vec::new();
        for node in nodes {
            let strategy = node.as_ref().and_then(|node| self.strategy(node, inputs));
            if let (Some(strategy), Some(node)) = (&strategy, node) {
                if names.contains(&strategy.name) {
                    let message = format!("there is a second strategy `{}`", strategy.name);
                    self.problem_with::<()>(node.span.clone(), message, "give it a `name` of its own");
                }
                names.push(strategy.name.clone());
            }
            strategies.push(strategy);
        }
        strategies.into_iter().collect()
    }

    /// The preset called `name`, which is one, written at `span`.
    pub(super) fn preset(
        &mut self,
        name: &str,
        inputs: &PlanInputs<'_>,
        span: impl Fn() -> std::ops::Range<usize>,
    ) -> Option<Strategy> {
        match inputs.preset(name) {
            Ok(preset) => preset,
            Err(error) => self.problem(span(), format!("`{name}` cannot be planned: {error}")),
        }
    }

    /// `inputs` is absent where something in it was reported; then the strategy is checked, and not made.
    fn strategy(&mut self, node: &Node, inputs: Option<&PlanInputs<'_>>) -> Option<Strategy> {
        let Value::Table(table) = &node.value else { return None };
        let change = self.change(table);
        let changes_by_model = self.changes_by_model(table);
        let recovery = self.recovery(table);
        let (change, changes_by_model, recovery) = (change?, changes_by_model?, recovery?);
        if !table.is_sound() {
            return None;
        }
        let shared = sharing(table, inputs?)?;
        let of_preset = || table.optional("preset").flatten().and_then(presets::preset).map(|preset| preset.sharing);
        let batch = match shared.or_else(of_preset) {
            Some(Sharing::Batch(batching)) => batching.size(),
            Some(_) | None => NonZeroU32::MIN,
        };
        let inputs = &PlanInputs { batch, ..*inputs? };
        let mut strategy = match table.optional::<&str>("preset")? {
            Some(name) => self.preset(name, inputs, || table.span("preset"))?,
            None => composition(table, change.schedule.as_ref()?, change.limit?)?,
        };
        if let Some(name) = table.optional::<&str>("name")? {
            name.clone_into(&mut strategy.name);
        }
        // A pace that is written for all models replaces those that the preset has for single ones.
        for pace in std::iter::once(&mut strategy.pace).chain(strategy.per_model.values_mut()) {
            change.apply(pace);
        }
        if let Some(Written::Planned(plan, distribution)) = &change.schedule {
            for model in inputs.models {
                self.plan(table, inputs, (*plan, distribution.as_ref()), &model.name, &mut strategy)?;
            }
        }
        for (model, change) in changes_by_model {
            let mut pace = strategy.pace(&model).clone();
            change.apply(&mut pace);
            strategy.per_model.insert(model.clone(), pace);
            if let Some(Written::Planned(plan, distribution)) = &change.schedule {
                self.plan(table, inputs, (*plan, distribution.as_ref()), &model, &mut strategy)?;
            }
        }
        strategy.recovery = recovery.unwrap_or(strategy.recovery);
        strategy.jitter = table.optional("jitter")?.and_then(jitter).unwrap_or(strategy.jitter);
        strategy.channel = table.optional("channel")?.and_then(channel).unwrap_or(strategy.channel);
        strategy.sharing = shared.unwrap_or(strategy.sharing);
        self.lock_step(table, &strategy)?;
        self.batches(table, &strategy)?;
        Some(strategy)
    }

    /// Gives a model the schedule that is planned for it, or for a distribution that is written.
    fn plan(
        &mut self,
        table: &Table,
        inputs: &PlanInputs<'_>,
        (plan, distribution): (PlannedRule, Option<&Distribution>),
        model: &str,
        strategy: &mut Strategy,
    ) -> Option<()> {
        match inputs.plan(plan, model, distribution, strategy.pace(model).limit) {
            Ok(Some(pace)) => {
                strategy.per_model.insert(model.to_owned(), pace);
                Some(())
            }
            Ok(None) => {
                let message = format!("the scenario has no model `{model}` to plan for");
                self.problem_with(
                    table.span("models"),
                    message,
                    "give the distribution: { kind = \"optimal\", completion = … }",
                )
            }
            Err(error) => self.problem(table.span("schedule"), format!("`schedule` cannot be planned: {error}")),
        }
    }

    /// Holds a lock-step strategy against what the lock-step poller can do.
    fn lock_step(&mut self, table: &Table, strategy: &Strategy) -> Option<()> {
        if !matches!(strategy.sharing, Sharing::LockStep { .. }) {
            return Some(());
        }
        let counts = |pace: &Pace| matches!(pace.limit, Limit::Attempts(_));
        if !counts(&strategy.pace) || !strategy.per_model.values().all(counts) {
            let help = "write limit = { kind = \"attempts\", attempts = 60 }";
            return self.problem_with(
                table.span("limit"),
                "lock-step rounds (`pool`) are limited by attempts only",
                help,
            );
        }
        if strategy.recovery != Recovery::Propagate {
            let help =
                "leave `recovery` out, or take a `limiter` in place of the `pool`: then one task's error is its own";
            let message = "the first error ends lock-step rounds (`pool`): their recovery is \"propagate\" only";
            return self.problem_with(table.span("recovery"), message, help);
        }
        if strategy.jitter != Jitter::None {
            let message = "lock-step rounds (`pool`) are not jittered: all tasks of a pool are polled at one instant";
            return self.problem(table.span("jitter"), message);
        }
        if strategy.channel != Channel::Poll {
            return self.problem(table.span("channel"), "lock-step rounds (`pool`) have the channel \"poll\" only");
        }
        Some(())
    }

    /// Holds a strategy of batches against what can be known of one.
    fn batches(&mut self, table: &Table, strategy: &Strategy) -> Option<()> {
        match strategy.sharing {
            Sharing::Batch(_) if strategy.channel != Channel::Poll => {
                self.problem(table.span("channel"), "batches (`sharing`) have the channel \"poll\" only")
            }
            Sharing::Batch(_)
            | Sharing::Alone
            | Sharing::LockStep { .. }
            | Sharing::Limiter(_)
            | Sharing::Learned(_) => Some(()),
        }
    }

    fn change(&mut self, table: &Table) -> Option<Change> {
        let schedule = match table.optional::<&Table>("schedule")? {
            Some(schedule) => match PlannedRule::named(schedule.section.name) {
                Some(plan) => {
                    let plan = match plan {
                        PlannedRule::By(Rule::Quantile(_)) => PlannedRule::By(Rule::Quantile(schedule.optional("p")?)),
                        plan @ (PlannedRule::Optimal | PlannedRule::By(_)) => plan,
                    };
                    self.optional_distribution(schedule, "completion")
                        .map(|distribution| Some(Written::Planned(plan, distribution)))
                }
                None => self.schedule(schedule).map(|schedule| Some(Written::Given(schedule))),
            },
            None => Some(None),
        };
        let limit = match table.optional::<&Table>("limit")? {
            Some(limit) => Some(limit_of(limit)?),
            None => None,
        };
        Some(Change { schedule: schedule?, limit })
    }

    fn changes_by_model(&mut self, table: &Table) -> Option<Vec<(String, Change)>> {
        let tables = table.optional::<&[Named]>("models")?.unwrap_or_default();
        let changes: Vec<_> =
            tables.iter().map(|named| Some((named.name.clone(), self.change(&named.table)?))).collect();
        changes.into_iter().collect()
    }

    fn schedule(&mut self, table: &Table) -> Option<Schedule> {
        let schedule = match table.section.name {
            "fixed" => Schedule::fixed(table.get("first")?, table.get("interval")?),
            "exponential" => {
                let (interval, cap) = (table.get("interval")?, table.get("cap")?);
                let (first, multiplier): (Option<Micros>, Option<f64>) = (table.get("first"), table.get("multiplier"));
                // What is wrong with the cap is told beside what is wrong with these.
                let schedule =
                    Schedule::exponential(first.unwrap_or_default(), interval, multiplier.unwrap_or(1.0), cap);
                if schedule.is_ok() && (first.is_none() || multiplier.is_none()) {
                    return None;
                }
                schedule
            }
            "table" => Schedule::table(all(table.get("instants")?)?),
            _ => Schedule::fixed(table.get("initial")?, table.get("interval")?),
        };
        let error = match schedule {
            Ok(schedule) => return Some(schedule),
            Err(error) => error,
        };
        let (key, message) = match error {
            InvalidSchedule::Cap { cap, interval } => ("cap", format!("`cap` {cap} is below `interval` {interval}")),
            InvalidSchedule::NoInstants => ("instants", "`instants` is empty".to_owned()),
            InvalidSchedule::Order { before, next } => {
                ("instants", format!("`instants` must ascend, but {next} follows {before}"))
            }
            InvalidSchedule::NoGap => {
                let message = "`instants` has nothing but 0, so there is no gap to repeat after it";
                return self.problem_with(table.span("instants"), message, "write the second instant too");
            }
            // The grammar lets no such value through.
            InvalidSchedule::First { .. } => ("first", error.to_string()),
            InvalidSchedule::Interval { .. } => ("interval", error.to_string()),
            InvalidSchedule::Multiplier { .. } => ("multiplier", error.to_string()),
        };
        self.problem(table.span(key), message)
    }

    fn recovery(&mut self, table: &Table) -> Option<Option<Recovery>> {
        let Some(table) = table.optional::<&Table>("recovery")? else { return Some(None) };
        Some(Some(match table.section.name {
            "propagate" => Recovery::Propagate,
            "network-retry" => Recovery::NetworkRetry { retries: count(table, "retries")?, step: span(table, "step")? },
            _ => Recovery::Tolerant(self.tolerance(table)?),
        }))
    }

    fn tolerance(&mut self, table: &Table) -> Option<Tolerance> {
        let failures = table.optional::<u64>("consecutive_failures")?;
        let failures = failures.and_then(|failures| u32::try_from(failures).ok()).and_then(NonZeroU32::new);
        let (floor, ceiling) = (table.get("retry_after_floor")?, table.get("retry_after_ceiling")?);
        let tolerance = Tolerance::default()
            .with_consecutive_failures(failures)
            .with_attempt_timeout(table.get("attempt_timeout")?)
            .and_then(|tolerance| tolerance.with_retry_after(floor, ceiling));
        match tolerance {
            Ok(tolerance) => Some(tolerance),
            Err(InvalidTolerance::RetryAfter { floor, ceiling }) => {
                let message = format!("`retry_after_ceiling` {ceiling} is below `retry_after_floor` {floor}");
                self.problem(table.span("retry_after_ceiling"), message)
            }
            // The grammar lets no such value through.
            Err(error @ InvalidTolerance::AttemptTimeout { .. }) => {
                self.problem(table.span("attempt_timeout"), error.to_string())
            }
        }
    }
}

/// The names of the file's strategies, whether they are otherwise right or not; `None` where a name is not known.
pub(super) fn written_names(file: &Table) -> Option<Vec<&str>> {
    file.get::<&[Option<Node>]>("strategies")?.iter().map(|node| written_name(node.as_ref()?)).collect()
}

fn written_name(node: &Node) -> Option<&str> {
    let Value::Table(table) = &node.value else { return None };
    table.optional("name")?.or(table.optional("preset")?)
}

/// A composition with the defaults of what is not written.
fn composition(table: &Table, schedule: &Written, limit: Limit) -> Option<Strategy> {
    let schedule = match schedule {
        Written::Given(schedule) => schedule.clone(),
        // For models that the scenario does not have, and nobody asks for.
        Written::Planned(..) => presets::preset("adaptive")?.pace.schedule,
    };
    Some(Strategy {
        name: String::new(),
        about: "defined by the scenario".to_owned(),
        channel: Channel::Poll,
        pace: Pace { schedule, limit },
        per_model: std::collections::BTreeMap::new(),
        // Lock-step rounds know no other.
        recovery: if table.has("pool") { Recovery::Propagate } else { Recovery::Tolerant(Tolerance::default()) },
        jitter: Jitter::None,
        sharing: Sharing::Alone,
    })
}

fn limit_of(table: &Table) -> Option<Limit> {
    Some(match table.section.name {
        "attempts" => Limit::Attempts(positive(table, "attempts")?),
        "sum-of-sleeps" => Limit::SumOfSleeps(span(table, "max")?),
        "wall-clock" => Limit::WallClock(span(table, "deadline")?),
        _ => Limit::None,
    })
}

fn sharing(table: &Table, inputs: &PlanInputs<'_>) -> Option<Option<Sharing>> {
    if table.has("pool") {
        return Some(Some(Sharing::LockStep { pool: positive(table, "pool")? }));
    }
    if let Some(learn) = table.optional::<&Table>("learn")? {
        return Some(Some(Sharing::Learned(Learning { window: positive(learn, "window")?, weights: inputs.weights })));
    }
    if let Some(batch) = table.optional::<&Table>("sharing")? {
        // The grammar lets no size or time through that is not one.
        return Batching::new(positive(batch, "size")?, batch.get("linger")?)
            .ok()
            .map(|batch| Some(Sharing::Batch(batch)));
    }
    let Some(limiter) = table.optional::<&Table>("limiter")? else { return Some(None) };
    let (places, burst) = (positive(limiter, "max_in_flight")?, positive(limiter, "burst")?);
    // The grammar lets no rate through that is not one.
    Limiter::new(places, limiter.get("rate_per_s")?, burst).ok().map(|limiter| Some(Sharing::Limiter(limiter)))
}

/// A duration that the grammar keeps positive.
fn span(table: &Table, key: &str) -> Option<Span> {
    table.get(key).and_then(Span::new)
}

fn jitter(word: &str) -> Option<Jitter> {
    Some(match word {
        "none" => Jitter::None,
        "full" => Jitter::Full,
        "equal" => Jitter::Equal,
        "decorrelated" => Jitter::Decorrelated,
        _ => return None,
    })
}

fn channel(word: &str) -> Option<Channel> {
    Some(match word {
        "poll" => Channel::Poll,
        "webhook" => Channel::Webhook,
        "both" => Channel::Both,
        _ => return None,
    })
}

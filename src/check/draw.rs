//! Cases: the classic traps first, then drawn ones in which each fault soon meets each phase of a wait.
//!
//! A case depends on the seed, its number and the instants at which the program asks in a calm world, and on nothing else.

use super::case::{Case, End, MOST_TASKS, Task, may_make_a_task};
use super::phase::{Phase, kinds};
use super::plans::{pushes, weather, weathers};
use super::variants::variants;
use crate::server::{Push, PushContent};
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::fault::{Fault, Kind};

/// Struck requests of a drawn case at most, the one that it is about aside.
const MOST_OTHERS: usize = 3;

/// What cases are drawn for.
#[derive(Debug, Clone, PartialEq)]
pub struct Cases {
    keys: Keys,
    deadline: Micros,
    /// How exactly the program's instants are known: ends are kept away from the deadline by this much.
    grain: Micros,
    /// When the program asks in a calm world without travel times, if that is known.
    calm: Vec<Micros>,
    tasks: usize,
    submits: bool,
    is_called_back: bool,
    /// Every variant of each fault that can strike one status request.
    faults: Vec<(Kind, Vec<Fault>)>,
    /// Those of submits.
    submit_faults: Vec<Fault>,
    weathers: Vec<Kind>,
    traps: Vec<Case>,
}

impl Cases {
    /// Cases with this deadline for a program of which nothing else is known.
    #[must_use]
    pub fn new(seed: u64, deadline: Micros) -> Self {
        let of_kind = |kind| (kind, variants(kind));
        let submits = Kind::ALL.iter().filter(|kind| may_make_a_task(**kind));
        let mut cases = Self {
            keys: Keys::new(seed, 0, "check"),
            deadline: deadline.clamp(Micros::from_millis(1), Micros::LONGEST),
            grain: Micros::from_millis(2),
            calm: Vec::new(),
            tasks: 1,
            submits: false,
            is_called_back: false,
            faults: kinds().map(of_kind).collect(),
            submit_faults: submits.flat_map(|kind| variants(*kind).into_iter().take(4)).collect(),
            weathers: weathers(),
            traps: Vec::new(),
        };
        cases.lay();
        cases
    }

    /// The same for a program whose instants are known to `grain`, and that asks at these in a calm world.
    #[must_use]
    pub fn knowing(self, calm: Vec<Micros>, grain: Micros) -> Self {
        let mut cases = Self { calm, grain, ..self };
        cases.lay();
        cases
    }

    /// The same with up to so many tasks in a case.
    #[must_use]
    pub fn of_many(self, tasks: usize) -> Self {
        let mut cases = Self { tasks: tasks.clamp(1, MOST_TASKS), ..self };
        cases.lay();
        cases
    }

    /// The same for a program that submits its tasks itself.
    #[must_use]
    pub fn with_submits(self) -> Self {
        let mut cases = Self { submits: true, ..self };
        cases.lay();
        cases
    }

    /// The same for a program that takes webhooks.
    #[must_use]
    pub fn with_webhooks(self) -> Self {
        let mut cases = Self { is_called_back: true, ..self };
        cases.lay();
        cases
    }

    /// How many classic traps stand at the start.
    #[must_use]
    pub fn traps(&self) -> usize {
        self.traps.len()
    }

    /// The deadline of its cases.
    #[must_use]
    pub const fn deadline(&self) -> Micros {
        self.deadline
    }

    /// The case that shows how a program behaves where nothing happens: no task ever ends.
    #[must_use]
    pub fn calm_case(&self) -> Case {
        self.of(vec![Task::calm(End::Never)])
    }

    /// Case number `number`.
    #[must_use]
    pub fn case(&self, number: u64) -> Case {
        match usize::try_from(number).ok().and_then(|at| self.traps.get(at)) {
            Some(trap) => trap.clone(),
            None => self.drawn(number),
        }
    }

    fn lay(&mut self) {
        self.traps = super::traps::traps(self.deadline, self.grain, self.tasks, &self.calm);
        if self.submits {
            let struck = self.submit_faults.iter().filter_map(|fault| {
                self.of(vec![Task::calm(End::Success(self.deadline))]).with_submit(Some(fault.clone())).ok()
            });
            let struck: Vec<Case> = struck.collect();
            self.traps.extend(struck);
            let calm = self.of(vec![Task::calm(End::Success(self.deadline))]);
            let overtaken = self.submit_faults.iter().filter_map(|fault| self.overtaken(&calm, fault));
            let overtaken: Vec<Case> = overtaken.collect();
            self.traps.extend(overtaken);
        }
        if self.is_called_back {
            let midway = Micros::new(self.deadline.get() / 2_000 * 1_000);
            let delivered = [End::Success(midway), End::Failed(midway), End::Never].into_iter().flat_map(|end| {
                pushes(end, self.deadline).into_iter().map(move |pushes| Task { pushes, ..Task::calm(end) })
            });
            let called: Vec<Case> = delivered.map(|task| self.of(vec![task])).collect();
            self.traps.extend(called);
        }
    }

    /// The same case whose first task ends, and is told of, while the answer to its submit is held back by `fault`; `None`
    /// where that holds nothing back, or for too long.
    fn overtaken(&self, case: &Case, fault: &Fault) -> Option<Case> {
        let case = case.clone().with_submit(Some(fault.clone())).ok()?;
        let by = case.held_back().filter(|by| *by * 2 <= self.deadline)?;
        let at = Micros::new(by.get() / 2_000 * 1_000);
        case.changed(|parts| {
            let task = &mut parts.tasks[0];
            task.end = task.end.moved(at);
            let is_told = self.is_called_back && task.end != End::Never;
            task.pushes = is_told.then_some(Push { at, content: PushContent::Truth }).into_iter().collect();
        })
    }

    fn of(&self, tasks: Vec<Task>) -> Case {
        Case::new(self.deadline, tasks)
            .unwrap_or_else(|_| unreachable!("the deadline was clamped, and there are tasks"))
    }

    /// The drawn case of a number, from a seed of its own: for generators that bring one.
    #[must_use]
    pub fn drawn(&self, number: u64) -> Case {
        let mut draws = self.keys.draws(Stream::Truth, number);
        let count = if self.tasks > 1 { 1 + pick(&mut draws, self.tasks) } else { 1 };
        let rtt = self.rtt(&mut draws);
        let mut tasks = Vec::with_capacity(count);
        for task in 0..count {
            tasks.push(self.task(number.wrapping_add(task as u64), rtt, &mut draws));
        }
        let case = self.of(tasks);
        let case = case.clone().with_rtt(rtt.min(self.deadline)).unwrap_or(case);
        let case = self.weathered(case, number, &mut draws);
        if self.submits && pick(&mut draws, 4) == 0 {
            let fault = &self.submit_faults[pick(&mut draws, self.submit_faults.len())];
            let is_overtaken = pick(&mut draws, 2) == 0;
            if let Some(overtaken) = self.overtaken(&case, fault).filter(|_| is_overtaken) {
                return overtaken;
            }
            return case.clone().with_submit(Some(fault.clone())).unwrap_or(case);
        }
        case
    }

    /// Some cases have weather, and the numbers walk through its kinds; most windows are where they hurt.
    fn weathered(&self, case: Case, number: u64, draws: &mut Draws) -> Case {
        let (is_fair, place, anywhere) = (pick(draws, 6) > 0, pick(draws, 4), draws.uniform());
        if is_fair || self.weathers.is_empty() {
            return case;
        }
        let kind = self.weathers[(number / 6 % self.weathers.len() as u64) as usize];
        let end = case.tasks()[0].end.at().min(self.deadline).get() as f64 / self.deadline.get() as f64;
        let at = [0.0, end, 1.0, anywhere][place];
        let rules = weather(kind, self.deadline, at).unwrap_or_default();
        case.clone().with_weather(rules).unwrap_or(case)
    }

    /// What is delivered for a task, mostly as it ought to be.
    fn called(&self, task: Task, draws: &mut Draws) -> Task {
        let mut plans = pushes(task.end, self.deadline);
        let plan = if pick(draws, 3) == 0 { 0 } else { pick(draws, plans.len()) };
        Task { pushes: plans.swap_remove(plan), ..task }
    }

    /// Mostly short, sometimes so long that it matters to a budget of sleeps.
    fn rtt(&self, draws: &mut Draws) -> Micros {
        let slow = Micros::from_secs(3).min(Micros::new(self.deadline.get() / 40));
        match pick(draws, 4) {
            0 => Micros::ZERO,
            1 | 2 => Micros::from_millis(80).min(slow),
            _ => Micros::new(slow.get() / 1_000 * 1_000),
        }
    }

    /// A task about one fault in one phase. The numbers of cases walk through all pairs, each time from another fault on.
    fn task(&self, number: u64, rtt: Micros, draws: &mut Draws) -> Task {
        let phases = Phase::OF_WAIT.len() as u64;
        let phase = Phase::OF_WAIT[(number % phases) as usize];
        let kinds = self.faults.len() as u64;
        let (_, variants) = &self.faults[(number / phases % kinds) as usize];
        // The plain form of a fault is the likeliest.
        let fault = variants[if pick(draws, 3) == 0 { 0 } else { pick(draws, variants.len()) }].clone();
        // When the program asks, and which request is the first from an instant on.
        let count = self.calm.len().max(2);
        let at = |request: usize| {
            let planned = self.calm.get(request).copied();
            planned.unwrap_or_else(|| Micros::new(self.deadline.get() / 32 * request as u64)) + rtt * request as u64
        };
        let within =
            |request: usize| (1..request.max(2)).find(|request| at(*request) >= self.deadline).unwrap_or(request);
        let last = within(count.max(8)).saturating_sub(1).max(1);
        let (request, done) = match phase {
            // There is no status request yet.
            Phase::Submit | Phase::First => (0, self.instant(draws, Micros::ZERO, self.deadline)),
            Phase::Midway => {
                let request = 1 + pick(draws, last);
                (request, self.instant(draws, at(request + 1), self.deadline))
            }
            Phase::BeforeTheEnd => {
                let request = pick(draws, last);
                (request, self.instant(draws, at(request), at(request + 1)))
            }
            Phase::AfterTheEnd => {
                let request = pick(draws, last + 1);
                let from = if request == 0 { Micros::ZERO } else { at(request - 1) };
                (request, self.instant(draws, from, at(request)))
            }
            Phase::AtTheDeadline => {
                let final_look = self.calm.len().saturating_sub(1).max(1);
                (final_look, self.instant(draws, at(last), self.deadline))
            }
        };
        let done = done.min(self.deadline - self.grain.min(self.deadline));
        let end = match pick(draws, 8) {
            0 => End::Never,
            1 | 2 => End::Failed(done),
            _ => End::Success(done),
        };
        let mut task = Task::calm(end).struck(request as u32, fault);
        for _ in 0..pick(draws, MOST_OTHERS + 1) {
            let (_, variants) = &self.faults[pick(draws, self.faults.len())];
            let near = match pick(draws, 3) {
                0 => pick(draws, last + 1),
                // In a row: what one retry survives is no proof.
                back => request.saturating_add(back),
            };
            task.replies.entry(near as u32).or_insert_with(|| variants[pick(draws, variants.len())].clone());
        }
        if self.is_called_back { self.called(task, draws) } else { task }
    }

    /// An instant between two, in whole milliseconds.
    fn instant(&self, draws: &mut Draws, from: Micros, to: Micros) -> Micros {
        let (from, to) = (from.min(self.deadline).get(), to.min(self.deadline).get());
        let span = to.saturating_sub(from);
        Micros::new((from + (draws.uniform() * span as f64) as u64).div_ceil(1_000) * 1_000)
    }
}

/// A number below `count`, which is not 0.
fn pick(draws: &mut Draws, count: usize) -> usize {
    (draws.uniform() * count as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Promise: a case depends on seed and number alone, and no two numbers in a row are the same.
    #[test]
    fn the_same_seed_draws_the_same_cases() {
        let of = |seed| Cases::new(seed, Micros::from_secs(120));
        let (one, same, other) = (of(7), of(7), of(8));
        let from = one.traps() as u64;
        assert!((0..from + 200).all(|number| one.case(number) == same.case(number)));
        assert!((from..from + 50).any(|number| one.case(number) != other.case(number)));
        assert!((from..from + 50).all(|number| one.case(number) != one.case(number + 1)));
    }

    /// Promise: every kind that can strike one request is drawn, with every one of its parameters.
    #[test]
    fn every_kind_is_drawn() {
        let cases = Cases::new(1, Micros::from_secs(120));
        let mut left: Vec<Kind> = kinds().collect();
        for number in 0..400 {
            for fault in cases.case(number).tasks().iter().flat_map(|task| task.replies.values()) {
                left.retain(|kind| *kind != fault.kind());
            }
        }
        assert_eq!(left, []);
    }
}

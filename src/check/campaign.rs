//! A campaign: calm trials that show a program's timing, the traps, drawn cases, and for what is found confirmation and
//! shrinking.

use super::case::Case;
use super::coverage::Coverage;
use super::draw::Cases;
use super::history::{Conduct, History};
use super::judge::{Judgement, Timing, judge};
use super::property::{Properties, Property};
use super::report::{CounterExample, Defect, Finding, Retrial, TrialReport};
use super::shrink::{ShrinkLimits, shrink};
use crate::time::Micros;
use futures_util::StreamExt as _;
use std::future::Future;

/// Whatever can be put into the world of a case.
pub trait Subject {
    /// One trial.
    fn play(&self, case: &Case) -> impl Future<Output = History>;

    /// A trial for each of `cases`, so many at a time: their histories in the same order.
    fn play_all(&self, cases: &[Case], at_a_time: usize) -> impl Future<Output = Vec<History>> {
        futures_util::stream::iter(cases).map(|case| self.play(case)).buffered(at_a_time.max(1)).collect()
    }
}

/// How a campaign is led.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Deadline of all cases.
    pub deadline: Micros,
    /// What is known of the program and of the machine beforehand.
    pub timing: Timing,
    /// Key of all cases.
    pub seed: u64,
    /// The properties to judge by.
    pub properties: Properties,
    /// Tasks of a case at most.
    pub tasks: usize,
    /// The program submits.
    pub submits: bool,
    /// The program takes webhooks.
    pub webhooks: bool,
    /// Trials at a time.
    pub parallel: usize,
    /// Trials beyond these that are asked for already, for a subject that keeps them waiting itself.
    pub ahead: usize,
    /// How often what is found must be found again before it counts; 0 where nothing is left to chance.
    pub confirmations: u32,
    /// What counter-examples may change.
    pub limits: ShrinkLimits,
    /// Trials that shrinking one of them may take.
    pub shrinking: u32,
    /// The time that the program lives in, in a word; the report says so.
    pub clock: &'static str,
}

/// What happens in a campaign.
#[derive(Debug)]
pub enum CampaignProgress<'a> {
    /// A trial is over.
    Tried {
        /// So many are.
        cases: u64,
    },
    /// Something was found, confirmed and shrunk.
    Found(&'a Finding),
}

impl Campaign {
    /// A campaign in a world without chance: one trial at a time, and no need to confirm anything.
    #[must_use]
    pub fn new(deadline: Micros, timing: Timing) -> Self {
        let limits = ShrinkLimits { deadline: false, shortest: Micros::from_secs(5) };
        Self {
            deadline,
            timing,
            seed: 42,
            properties: Properties::ALL,
            tasks: 1,
            submits: false,
            webhooks: false,
            parallel: 1,
            ahead: 0,
            confirmations: 0,
            limits,
            shrinking: 100,
            clock: "virtual",
        }
    }

    /// Puts `subject` on trial in the cases that are `known` to be hard for it and then in `count` others, and tells of it
    /// as it happens.
    pub async fn run(
        &self,
        subject: &impl Subject,
        known: Vec<Case>,
        count: u64,
        tell: &mut dyn FnMut(CampaignProgress<'_>),
    ) -> TrialReport {
        let (timing, cases, calm) = self.learn(subject).await;
        let mut report = self.report(timing);
        let is_telling = calm.is_telling();
        // The calm trial is a trial like others.
        self.take(subject, &mut report, vec![(None, cases.calm_case(), calm)], tell).await;
        // What nobody can try or know where nothing happens, nobody can anywhere.
        if !is_telling {
            return report;
        }
        for case in known {
            let history = subject.play(&case).await;
            let judgement = judge(&case, &history, &report.timing, self.properties);
            let is_judged = |property: &Property| self.properties.has(*property) && !judgement.unknown.has(*property);
            report.replayed.push(history.is_telling().then(|| Retrial {
                defects: defects(&judgement, &history),
                judged: Property::ALL.iter().copied().filter(is_judged).collect(),
            }));
            self.take(subject, &mut report, vec![(None, case, history)], tell).await;
        }
        let batch = ((self.parallel + self.ahead) as u64 * 4).max(8);
        let mut from = 0;
        while from < count {
            let numbers = from..count.min(from + batch);
            let drawn: Vec<Case> = numbers.clone().map(|number| cases.case(number)).collect();
            let histories = subject.play_all(&drawn, self.parallel.max(1) + self.ahead).await;
            from = numbers.end;
            let trials = numbers.zip(drawn).zip(histories);
            let trials = trials.map(|((number, case), history)| (Some(number), case, history)).collect();
            self.take(subject, &mut report, trials, tell).await;
            if report.not_run.is_some() {
                break;
            }
            tell(CampaignProgress::Tried { cases: report.cases });
        }
        report
    }

    /// Tries one case, as the campaign would: its judgement stands in a report of its own.
    pub async fn again(
        &self,
        subject: &impl Subject,
        case: &Case,
        tell: &mut dyn FnMut(CampaignProgress<'_>),
    ) -> TrialReport {
        let (timing, _, _) = self.learn(subject).await;
        let mut report = self.report(timing);
        let history = subject.play(case).await;
        let still = Self { shrinking: 0, ..self.clone() };
        still.take(subject, &mut report, vec![(None, case.clone(), history)], tell).await;
        report
    }

    /// A report with nothing in it yet.
    fn report(&self, timing: Timing) -> TrialReport {
        let mut report = TrialReport::new(self.seed, timing, self.clock);
        report.coverage = Coverage::of(self.submits, self.webhooks);
        report
    }

    /// What the program does where nothing happens.
    async fn learn(&self, subject: &impl Subject) -> (Timing, Cases, History) {
        let cases = Cases::new(self.seed, self.deadline).of_many(self.tasks);
        let cases = if self.submits { cases.with_submits() } else { cases };
        let cases = if self.webhooks { cases.with_webhooks() } else { cases };
        let calm = subject.play(&cases.calm_case()).await;
        let instants = calm.tasks.first().map(|task| task.requests.iter().map(|request| request.sent).collect());
        let cases = cases.knowing(instants.unwrap_or_default(), self.timing.grain);
        (self.timing.measured(&calm), cases, calm)
    }

    async fn take(
        &self,
        subject: &impl Subject,
        report: &mut TrialReport,
        trials: Vec<(Option<u64>, Case, History)>,
        tell: &mut dyn FnMut(CampaignProgress<'_>),
    ) {
        for (number, case, history) in trials {
            report.timing = report.timing.begun(&history);
            let judgement = judge(&case, &history, &report.timing, self.properties);
            report.count(&case, &history, &judgement);
            for defect in defects(&judgement, &history) {
                if report.has(&defect) {
                    continue;
                }
                let finding = self.pursue(subject, report.timing, number, case.clone(), history.clone(), defect).await;
                // What a late machine showed once and never again is nothing that is known of the program.
                if finding.is_flaky && history.lateness * 4 >= report.timing.latest() {
                    report.excuse(&finding.defect);
                    continue;
                }
                tell(CampaignProgress::Found(&finding));
                report.findings.push(finding);
            }
        }
    }

    /// Confirms and shrinks what was found.
    async fn pursue(
        &self,
        subject: &impl Subject,
        timing: Timing,
        number: Option<u64>,
        case: Case,
        history: History,
        defect: Defect,
    ) -> Finding {
        let mut trials = 0;
        let mut again = 0;
        let repeats: Vec<History> = futures_util::stream::iter(0..self.confirmations)
            .map(|_| subject.play(&case))
            .buffered(self.parallel.max(1))
            .collect()
            .await;
        for history in repeats {
            trials += 1;
            again += u32::from(self.has_defect(&case, &history, &timing, &defect));
        }
        let first = CounterExample { case: case.clone(), history };
        if again < self.confirmations {
            return Finding { defect, number, is_flaky: true, trials, original: case, counter_example: first, timing };
        }
        // What a later step shows is only kept if it is shown again.
        let repeats = if self.confirmations > 0 { 2 } else { 1 };
        let fails = async |case: &Case| {
            for _ in 0..repeats {
                let history = subject.play(case).await;
                if !self.has_defect(case, &history, &timing, &defect) {
                    return false;
                }
            }
            true
        };
        // A hang takes long, and has seldom to do with the case.
        let most = if matches!(defect, Defect::Hang(_)) { 0 } else { self.shrinking };
        let shrunk = shrink(case.clone(), self.limits, most, self.parallel, fails).await;
        trials += shrunk.trials;
        let counter_example = if shrunk.case == case {
            first
        } else {
            let history = subject.play(&shrunk.case).await;
            // It failed twice; where it does not fail a third time, the first case stands.
            if self.has_defect(&shrunk.case, &history, &timing, &defect) {
                CounterExample { case: shrunk.case, history }
            } else {
                first
            }
        };
        Finding { defect, number, is_flaky: false, trials, original: case, counter_example, timing }
    }

    fn has_defect(&self, case: &Case, history: &History, timing: &Timing, defect: &Defect) -> bool {
        let judgement = judge(case, history, timing, self.properties);
        defects(&judgement, history).iter().any(|other| other.is_like(defect))
    }
}

/// All that is wrong with a trial; nothing where nobody knows what the program would have done.
fn defects(judgement: &Judgement, history: &History) -> Vec<Defect> {
    if history.doubt.is_some() {
        return Vec::new();
    }
    let of_property = |property: Property| Defect::Property(property);
    let mut defects: Vec<Defect> = judgement.violated.iter().map(|violation| of_property(violation.property)).collect();
    match &history.conduct {
        Conduct::Sound | Conduct::NotRun(_) => {}
        Conduct::Crash(what) => defects.push(Defect::Crash(what.clone())),
        Conduct::Hang(what) => defects.push(Defect::Hang(what.clone())),
        Conduct::Garbage(what) => defects.push(Defect::Garbage(what.clone())),
    }
    defects
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody can put it on trial.
    struct Absent;

    impl Subject for Absent {
        async fn play(&self, _: &Case) -> History {
            History { conduct: Conduct::NotRun("it is not here".to_owned()), ..History::default() }
        }
    }

    /// Promise: a known failure that could not be tried again, or was not looked for, is not taken for mended.
    #[tokio::test]
    async fn what_could_not_be_tried_is_not_mended() {
        let deadline = Micros::from_secs(60);
        let known = Cases::new(42, deadline).calm_case();
        let campaign = Campaign::new(deadline, Timing::exact(deadline));
        let report = campaign.run(&Absent, vec![known], 3, &mut |_| {}).await;
        assert!(report.not_run.is_some() && report.replayed.is_empty() && report.findings.is_empty());
        let judged = Properties::ALL.without(Property::LastLook);
        let retrial = Retrial { defects: vec![Defect::Crash("it ended".to_owned())], judged };
        let mended = ["last-look", "no-hang", "crash", "hang"].map(|id| retrial.has_mended(id));
        assert_eq!(mended, [false, true, false, true]);
    }
}

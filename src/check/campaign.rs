//! A campaign: calm trials that show a program's habits, the traps, drawn cases, and for what is found confirmation and
//! shrinking.

use super::case::Case;
use super::coverage::Coverage;
use super::draw::Cases;
use super::judge::{Habits, Judgement, judge};
use super::property::{Properties, Property};
use super::report::{Counter, Finding, TrialReport, Wrong};
use super::seen::{Conduct, Seen};
use super::shrink::{Freedom, shrink};
use crate::time::Micros;
use futures_util::StreamExt as _;
use std::future::Future;

/// Whatever can be put into the world of a case.
pub trait Subject {
    /// One trial.
    fn play(&self, case: &Case) -> impl Future<Output = Seen>;
}

/// How a campaign is led.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Deadline of all cases.
    pub deadline: Micros,
    /// What is known of the program and of the machine beforehand.
    pub habits: Habits,
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
    pub freedom: Freedom,
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
    pub fn new(deadline: Micros, habits: Habits) -> Self {
        let freedom = Freedom { deadline: false, shortest: Micros::from_secs(5) };
        Self {
            deadline,
            habits,
            seed: 42,
            properties: Properties::ALL,
            tasks: 1,
            submits: false,
            webhooks: false,
            parallel: 1,
            ahead: 0,
            confirmations: 0,
            freedom,
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
        let (habits, cases, calm) = self.learn(subject).await;
        let mut report = self.report(habits);
        let is_doubted = calm.doubt.is_some();
        // The calm trial is a trial like others.
        self.take(subject, &mut report, vec![(None, cases.calm_case(), calm)], tell).await;
        // What nobody can know where nothing happens, nobody can know anywhere.
        if is_doubted {
            return report;
        }
        for case in known {
            let seen = subject.play(&case).await;
            report.replayed.push(wrongs(&judge(&case, &seen, &report.habits, self.properties), &seen));
            self.take(subject, &mut report, vec![(None, case, seen)], tell).await;
        }
        let batch = ((self.parallel + self.ahead) as u64 * 4).max(8);
        let mut from = 0;
        while from < count {
            let numbers: Vec<u64> = (from..count.min(from + batch)).collect();
            let trials = futures_util::stream::iter(&numbers).map(|number| {
                let case = cases.case(*number);
                async move {
                    let seen = subject.play(&case).await;
                    (Some(*number), case, seen)
                }
            });
            let trials: Vec<_> = trials.buffered(self.parallel.max(1) + self.ahead).collect().await;
            from += numbers.len() as u64;
            self.take(subject, &mut report, trials, tell).await;
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
        let (habits, _, _) = self.learn(subject).await;
        let mut report = self.report(habits);
        let seen = subject.play(case).await;
        let still = Self { shrinking: 0, ..self.clone() };
        still.take(subject, &mut report, vec![(None, case.clone(), seen)], tell).await;
        report
    }

    /// A report with nothing in it yet.
    fn report(&self, habits: Habits) -> TrialReport {
        let mut report = TrialReport::new(self.seed, habits, self.clock);
        report.coverage = Coverage::of(self.submits, self.webhooks);
        report
    }

    /// What the program does where nothing happens.
    async fn learn(&self, subject: &impl Subject) -> (Habits, Cases, Seen) {
        let cases = Cases::new(self.seed, self.deadline).of_many(self.tasks);
        let cases = if self.submits { cases.with_submits() } else { cases };
        let cases = if self.webhooks { cases.with_webhooks() } else { cases };
        let calm = subject.play(&cases.calm_case()).await;
        let instants = calm.tasks.first().map(|task| task.asked.iter().map(|asked| asked.sent).collect());
        let cases = cases.knowing(instants.unwrap_or_default(), self.habits.grain);
        (self.habits.measured(&calm), cases, calm)
    }

    async fn take(
        &self,
        subject: &impl Subject,
        report: &mut TrialReport,
        trials: Vec<(Option<u64>, Case, Seen)>,
        tell: &mut dyn FnMut(CampaignProgress<'_>),
    ) {
        for (number, case, seen) in trials {
            report.habits = report.habits.begun(&seen);
            let judgement = judge(&case, &seen, &report.habits, self.properties);
            report.count(&case, &seen, &judgement);
            for wrong in wrongs(&judgement, &seen) {
                if report.has(&wrong) {
                    continue;
                }
                let finding = self.pursue(subject, report.habits, number, case.clone(), seen.clone(), wrong).await;
                // What a late machine showed once and never again is nothing that is known of the program.
                if finding.is_flaky && seen.lateness * 4 >= report.habits.latest() {
                    report.excuse(&finding.wrong);
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
        habits: Habits,
        number: Option<u64>,
        case: Case,
        seen: Seen,
        wrong: Wrong,
    ) -> Finding {
        let mut trials = 0;
        let mut again = 0;
        let repeats: Vec<Seen> = futures_util::stream::iter(0..self.confirmations)
            .map(|_| subject.play(&case))
            .buffered(self.parallel.max(1))
            .collect()
            .await;
        for seen in repeats {
            trials += 1;
            again += u32::from(self.is_wrong(&case, &seen, &habits, &wrong));
        }
        let first = Counter { case: case.clone(), seen };
        if again < self.confirmations {
            return Finding { wrong, number, is_flaky: true, trials, original: case, counter: first, habits };
        }
        // What a later step shows is only kept if it is shown again.
        let repeats = if self.confirmations > 0 { 2 } else { 1 };
        let fails = async |case: &Case| {
            for _ in 0..repeats {
                let seen = subject.play(case).await;
                if !self.is_wrong(case, &seen, &habits, &wrong) {
                    return false;
                }
            }
            true
        };
        // A hang takes long, and has seldom to do with the case.
        let most = if matches!(wrong, Wrong::Hang(_)) { 0 } else { self.shrinking };
        let shrunk = shrink(case.clone(), self.freedom, most, self.parallel, fails).await;
        trials += shrunk.trials;
        let counter = if shrunk.case == case {
            first
        } else {
            let seen = subject.play(&shrunk.case).await;
            // It failed twice; where it does not fail a third time, the first case stands.
            if self.is_wrong(&shrunk.case, &seen, &habits, &wrong) {
                Counter { case: shrunk.case, seen }
            } else {
                first
            }
        };
        Finding { wrong, number, is_flaky: false, trials, original: case, counter, habits }
    }

    fn is_wrong(&self, case: &Case, seen: &Seen, habits: &Habits, wrong: &Wrong) -> bool {
        let judgement = judge(case, seen, habits, self.properties);
        wrongs(&judgement, seen).iter().any(|other| other.is_like(wrong))
    }
}

/// All that is wrong with a trial.
fn wrongs(judgement: &Judgement, seen: &Seen) -> Vec<Wrong> {
    let of_property = |property: Property| Wrong::Property(property);
    let mut wrongs: Vec<Wrong> = judgement.violated.iter().map(|violation| of_property(violation.property)).collect();
    match &seen.conduct {
        Conduct::Sound | Conduct::Unheld(_) => {}
        Conduct::Crash(what) => wrongs.push(Wrong::Crash(what.clone())),
        Conduct::Hang(what) => wrongs.push(Wrong::Hang(what.clone())),
        Conduct::Garbage(what) => wrongs.push(Wrong::Garbage(what.clone())),
    }
    wrongs
}

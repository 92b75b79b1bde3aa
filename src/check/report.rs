//! What a campaign found: how often each property held, what was reached, and a counter-example for each that did not hold.

use super::case::Case;
use super::coverage::Coverage;
use super::history::{Conduct, History};
use super::judge::{Judgement, Timing, judge};
use super::property::{Properties, Property};
use crate::time::Micros;
use std::collections::BTreeMap;

/// How often a property was judged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Trials in which it held.
    pub held: u64,
    /// Trials in which it did not.
    pub violated: u64,
    /// Trials of which nobody can know: the machine was too late, or the trial is in doubt.
    pub unknown: u64,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// A property did not hold.
    Property(Property),
    /// The program ended without an answer.
    Crash(String),
    /// It did nothing, or did not end.
    Hang(String),
    /// It wrote what is no answer.
    Garbage(String),
}

/// A case in which something is wrong, and what was seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterExample {
    /// The case.
    pub case: Case,
    /// The trial.
    pub history: History,
}

/// Something wrong, with the simplest case that shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What.
    pub defect: Defect,
    /// The number of the case in which it was found; `None` for the calm one, and for one that was given.
    pub number: Option<u64>,
    /// It was found once and not every time again: it says nothing for sure.
    pub is_flaky: bool,
    /// Trials that it took to confirm and to shrink it.
    pub trials: u32,
    /// The case as it was found.
    pub original: Case,
    /// The simplest case that shows it.
    pub counter_example: CounterExample,
    /// What it was judged by.
    pub timing: Timing,
}

/// What a case that was known to be hard has shown this time.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrial {
    /// All that is wrong.
    pub defects: Vec<Defect>,
    /// The properties that it was judged by, but for those of which nobody can tell.
    pub judged: Properties,
}

impl Retrial {
    /// Whether what was once found under this [id](Defect::id) is mended: it was looked for, and is not there.
    #[must_use]
    pub fn has_mended(&self, id: &str) -> bool {
        let is_there = self.defects.iter().any(|defect| defect.id() == id);
        !is_there && Property::named(id).is_none_or(|property| self.judged.has(property))
    }
}

/// What a campaign found.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialReport {
    /// Key of all cases.
    pub seed: u64,
    /// Trials, the calm one included; what confirming and shrinking took is not.
    pub cases: u64,
    /// What the program was judged by.
    pub timing: Timing,
    /// The latest that the machine ever was.
    pub lateness: Micros,
    /// What each of the cases that were known beforehand has shown; `None` where it could not be tried.
    pub replayed: Vec<Option<Retrial>>,
    /// Why a trial could not be held: a fault of this harness or of the machine, which makes the report worthless.
    pub not_run: Option<String>,
    /// Why nobody can know what some trials mean.
    pub doubt: Option<String>,
    /// The time that the program lived in, in a word.
    pub clock: &'static str,
    /// What is wrong, in the order in which it was found.
    pub findings: Vec<Finding>,
    /// What was reached of fault × phase.
    pub coverage: Coverage,
    tallies: BTreeMap<Property, Tally>,
}

impl Defect {
    /// Its name: that of the property, or `crash`, `hang`, `garbage`.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Property(property) => property.id(),
            Self::Crash(_) => "crash",
            Self::Hang(_) => "hang",
            Self::Garbage(_) => "garbage",
        }
    }

    /// Whether it is the same mistake, whatever its words.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Finding {
    /// What happened in the counter-example.
    #[must_use]
    pub fn what(&self) -> String {
        match &self.defect {
            Defect::Property(property) => {
                let CounterExample { case, history } = &self.counter_example;
                let judgement = judge(case, history, &self.timing, Properties::NONE.with(*property));
                let said = judgement.of(*property).map(|violation| {
                    let of = if case.tasks().len() > 1 { format!("task {}: ", violation.task) } else { String::new() };
                    format!("{of}{}", violation.what)
                });
                said.unwrap_or_else(|| property.about().to_owned())
            }
            Defect::Crash(what) | Defect::Hang(what) | Defect::Garbage(what) => what.clone(),
        }
    }
}

impl TrialReport {
    pub(super) fn new(seed: u64, timing: Timing, clock: &'static str) -> Self {
        Self {
            seed,
            cases: 0,
            timing,
            lateness: Micros::ZERO,
            replayed: Vec::new(),
            not_run: None,
            doubt: None,
            clock,
            findings: Vec::new(),
            coverage: Coverage::default(),
            tallies: BTreeMap::new(),
        }
    }

    pub(super) fn count(&mut self, case: &Case, history: &History, judgement: &Judgement) {
        self.cases += 1;
        self.lateness = self.lateness.max(history.lateness);
        self.coverage.add(case, history);
        if let Conduct::NotRun(why) = &history.conduct {
            self.not_run.get_or_insert_with(|| why.clone());
        }
        if let Some(why) = &history.doubt {
            self.doubt.get_or_insert_with(|| why.clone());
        }
        for &property in Property::ALL {
            let is_violated = judgement.of(property).is_some();
            let tally = self.tallies.entry(property).or_default();
            tally.violated += u64::from(is_violated);
            tally.held += u64::from(judgement.judged.has(property) && !is_violated);
            tally.unknown += u64::from(judgement.unknown.has(property));
        }
    }

    /// A report that knows nothing, and why.
    #[must_use]
    pub fn doubted(seed: u64, timing: Timing, clock: &'static str, why: String) -> Self {
        let mut report = Self::new(seed, timing, clock);
        for &property in Property::ALL {
            report.tallies.entry(property).or_default().unknown += 1;
        }
        Self { doubt: Some(why), ..report }
    }

    /// Adds what is wrong with the program apart from any case.
    pub fn charge(&mut self, defect: Defect, case: Case) {
        let counter_example = CounterExample { case: case.clone(), history: History::default() };
        let timing = self.timing;
        self.findings.push(Finding {
            defect,
            number: None,
            is_flaky: false,
            trials: 0,
            original: case,
            counter_example,
            timing,
        });
    }

    /// Nobody can know what was wrong once, and not again, on a late machine.
    pub(super) fn excuse(&mut self, defect: &Defect) {
        if let Defect::Property(property) = defect {
            let tally = self.tallies.entry(*property).or_default();
            tally.violated -= 1;
            tally.unknown += 1;
        }
    }

    pub(super) fn has(&self, defect: &Defect) -> bool {
        self.findings.iter().any(|finding| finding.defect.is_like(defect))
    }

    /// How often a property was judged.
    #[must_use]
    pub fn tally(&self, property: Property) -> Tally {
        self.tallies.get(&property).copied().unwrap_or_default()
    }

    /// The finding about a property.
    #[must_use]
    pub fn finding(&self, property: Property) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.defect == Defect::Property(property))
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether something could not be judged.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.tallies.values().any(|tally| tally.unknown > 0)
    }
}

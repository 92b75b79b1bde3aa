//! What is kept between checks: failures that were found, and properties that are known not to hold.

use crate::check::{Case, Defect, Finding, Property, TrialReport, read_case, write_case};
use crate::cli::console::{Failure, read};
use crate::cli::folder::Folder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where failures are kept.
const FOLDER: &str = ".pollbench/failures";
/// Failures that are tried again at most.
const MOST: usize = 100;

/// A failure in a file.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    /// What was found.
    found: String,
    case: Case,
}

/// The failures of one command.
#[derive(Debug)]
pub(super) struct Failures<'c> {
    command: &'c [String],
    files: Vec<Kept>,
}

impl<'c> Failures<'c> {
    /// Those that are kept of this command. What cannot be read is left alone.
    pub(super) fn of(command: &'c [String]) -> Self {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let kept = |path: PathBuf| {
            let value: Value = serde_json::from_str(&fs::read_to_string(&path).ok()?).ok()?;
            let is_own = value.get("command") == Some(&json!(command));
            let case = read_case(&value.get("case")?.to_string()).ok()?;
            let found = value.get("found")?.as_str()?.to_owned();
            is_own.then_some(Kept { path, found, case })
        };
        Self { command, files: paths.into_iter().filter_map(kept).take(MOST).collect() }
    }

    /// Their cases.
    pub(super) fn read(&self) -> Vec<Case> {
        self.files.iter().map(|kept| kept.case.clone()).collect()
    }

    /// Forgets those that are healed, and keeps what is found.
    pub(super) fn keep(&self, report: &TrialReport) -> Result<(), Failure> {
        for (kept, retrial) in self.files.iter().zip(&report.replayed) {
            if retrial.as_ref().is_some_and(|retrial| retrial.has_mended(&kept.found)) {
                let _ = fs::remove_file(&kept.path);
            }
        }
        let is_known = |finding: &Finding| {
            let is_same = |kept: &Kept| kept.found == finding.defect.id() && kept.case == finding.counter_example.case;
            self.files.iter().any(is_same)
        };
        let is_new = |finding: &&Finding| !finding.is_flaky && !is_known(finding);
        let fresh: Vec<_> = report.findings.iter().filter(is_new).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let folder = Folder::writable(Path::new(FOLDER))?;
        for finding in fresh {
            let case: Value = serde_json::from_str(&write_case(&finding.counter_example.case)).unwrap_or(Value::Null);
            let kept = json!({"found": finding.defect.id(), "command": self.command, "case": case});
            let name = format!("{}-{:08x}.json", finding.defect.id(), hash(&kept.to_string()));
            folder.write(&name, format!("{kept:#}\n").as_bytes())?;
        }
        Ok(())
    }
}

/// FNV-1a: names that tell one failure from another.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Properties that are known not to hold.
#[derive(Debug)]
pub(super) struct Baseline(BTreeSet<String>);

impl Baseline {
    /// Reads a list: one name a line, `#` begins a comment.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = read(path)?;
        let names = text.lines().enumerate().filter_map(|(at, line)| {
            let name = line.split('#').next().unwrap_or_default().trim();
            (!name.is_empty()).then_some((at + 1, name))
        });
        let names = names.map(|(at, name)| match Property::named(name) {
            Some(property) => Ok(property.id().to_owned()),
            None if ["crash", "hang", "garbage"].contains(&name) => Ok(name.to_owned()),
            None => Err(Failure::Input(format!(
                "{}:{at}: there is no property `{name}`; there are: {}",
                path.display(),
                Property::known()
            ))),
        });
        names.collect::<Result<_, _>>().map(Self)
    }

    fn has(&self, defect: &Defect) -> bool {
        self.0.contains(defect.id())
    }
}

/// What a check comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Exit code.
    pub(super) code: u8,
    /// In a sentence.
    pub(super) words: String,
}

/// The verdict: findings beside the baseline, and entries of the baseline that hold.
pub(super) fn verdict(report: &TrialReport, baseline: Option<&Baseline>, strict: bool) -> Verdict {
    let is_known = |finding: &&Finding| baseline.is_some_and(|baseline| baseline.has(&finding.defect));
    let (known, found): (Vec<_>, Vec<_>) = report.findings.iter().partition(is_known);
    let names =
        |findings: &[&Finding]| findings.iter().map(|finding| finding.defect.id()).collect::<Vec<_>>().join(", ");
    let passing: Vec<&str> = baseline
        .iter()
        .flat_map(|baseline| &baseline.0)
        .map(String::as_str)
        .filter(|name| !report.findings.iter().any(|finding| finding.defect.id() == *name))
        .collect();
    if report.not_run.is_some() {
        return Verdict { code: 1, words: "the check itself failed".to_owned() };
    }
    let mut words = Vec::new();
    if !found.is_empty() {
        words.push(format!("found: {}", names(&found)));
    }
    if !passing.is_empty() {
        words.push(format!("in the baseline, but held: {}; take it out", passing.join(", ")));
    }
    if !known.is_empty() {
        words.push(format!("known: {}", names(&known)));
    }
    let code = match (found.is_empty() && passing.is_empty(), report.has_unknown()) {
        (false, _) => 5,
        (true, true) => {
            let late = || "the machine was too late".to_owned();
            let why = report.doubt.clone().unwrap_or_else(late);
            words.push(format!("something could not be judged, because {why}"));
            if strict { 4 } else { 0 }
        }
        (true, false) => 0,
    };
    if words.is_empty() {
        words.push("every property that could be judged held".to_owned());
    }
    Verdict { code, words: words.join("; ") }
}

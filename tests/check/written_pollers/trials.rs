//! What is written, on trial: every property of a correct poller, and every look at its instant.

use super::runtimes::{Runtime, pollbench, present};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The words that run a poller as `tune` writes it with these options.
fn written(runtime: &Runtime, options: &[&str], folder: &Path) -> Vec<PathBuf> {
    let text = pollbench(&[&["tune"], options, &["--write-poller", runtime.language]].concat(), folder, "");
    let file = folder.join(runtime.file);
    std::fs::write(&file, text).expect("a file");
    runtime.words(&file, folder)
}

/// Runs the program over a poller.
fn over(options: &[&str], words: &[PathBuf], more: &[&str], folder: &Path) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pollbench"));
    program.args(options).arg("--").args(words).args(more).current_dir(folder).stdin(Stdio::null());
    program.output().expect("it starts")
}

/// Promise: what is written in any language upholds every property of a correct poller, in the classic traps. On a machine that is
/// too late to judge by one clock, a slower one is taken; guilty is nobody by any.
#[test]
#[ignore = "slow: pollers in six languages are written, built and put on trial"]
fn written_pollers_uphold_everything() {
    std::thread::scope(|scope| {
        for runtime in present() {
            scope.spawn(move || {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let words = written(runtime, &["--model", "nano-banana", "--deadline", "5m"], folder.path());
                let judged = crate::clocks(runtime.lives_in_virtual_time()).iter().map(|clock| {
                    let options =
                        ["check", "--cases", "15", "--parallel", "4", "--format", "json", "--quiet", "--clock"];
                    let options = [&options[..], clock].concat();
                    let output = over(&options, &words, &["{model}", "{task_id}"], folder.path());
                    let report: Value = serde_json::from_slice(&output.stdout)
                        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
                    assert_eq!(output.status.code(), Some(0), "{}: {:#}", runtime.language, report["findings"]);
                    report
                });
                let mut last = Value::Null;
                let is_judged = judged.inspect(|report| last = report.clone()).any(|report| {
                    let properties = ["no-false-success", "survives-garbage", "ends-by-deadline"];
                    let verdicts = report["properties"].as_array().expect("properties");
                    let held = |id| {
                        let verdict = verdicts.iter().find(|verdict| verdict["id"] == id);
                        verdict.and_then(|verdict| verdict["held"].as_u64()) >= Some(1)
                    };
                    report["cases"] == 16 && properties.into_iter().all(held)
                });
                assert!(is_judged, "{}: {last:#}", runtime.language);
            });
        }
    });
}

/// The numbers behind a name, up to whatever is no number and does not stand between two.
#[cfg(warp)]
fn numbers(text: &str, name: &str) -> Vec<f64> {
    let (_, behind) = text.split_once(name).expect("the name stands there");
    let behind = behind.trim_start_matches(|sign: char| !sign.is_ascii_digit());
    let list = behind.split(|sign: char| !(sign.is_ascii_digit() || ", \n".contains(sign))).next().unwrap_or_default();
    list.split([',', ' ', '\n']).filter_map(|number| number.parse().ok()).collect()
}

#[cfg(warp)]
proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { max_shrink_iters: 8, ..crate::soak::cases(4) })]

    /// Promise: a written poller asks once at each instant of its settings, and at its deadline, and no more: whatever the
    /// numbers are, in whatever way its language rounds them.
    #[test]
    #[ignore = "slow: pollers in six languages are written, built and led through some minutes"]
    fn written_pollers_ask_at_their_instants_alone(median in 5.0..90.0, spread in 0.05..0.8, deadline in 60.0..200.0) {
        let completion = format!("lognormal(median={median:.3}s, sigma={spread:.2})");
        let deadline = format!("{deadline:.3}s");
        let options = ["--completion", &completion, "--deadline", &deadline, "--model", "m"];
        std::thread::scope(|scope| {
            for runtime in present().into_iter().filter(|runtime| runtime.lives_in_virtual_time()) {
                scope.spawn(move || asks_at_its_instants_alone(runtime, &options));
            }
        });
    }
}

#[cfg(warp)]
fn asks_at_its_instants_alone(runtime: &Runtime, options: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let python = pollbench(&[&["tune"], options, &["--write-poller", "python"]].concat(), folder.path(), "");
    let (checks, gap) = (numbers(&python, "\"checks_ms\":"), numbers(&python, "\"then_every_ms\":")[0]);
    let deadline = numbers(&python, "\"deadline_ms\":")[0];
    assert!(!checks.is_empty() && checks.is_sorted(), "{python}");
    let given = format!("{deadline}ms");
    let warp =
        ["warp", "--completes-at", "1d", "--model", "m", "--deadline", &given, "--journal", "journal", "--quiet"];
    let words = written(runtime, options, folder.path());
    let output = over(&warp, &words, &[], folder.path());
    let told = format!("{} {options:?}: {}", runtime.language, String::from_utf8_lossy(&output.stderr));
    let mut expected: Vec<f64> = checks.into_iter().take_while(|at| *at < deadline).collect();
    while let Some(next) = expected.last().map(|at| at + gap).filter(|next| *next < deadline) {
        expected.push(next);
    }
    expected.push(deadline);
    let journal = std::fs::read_to_string(folder.path().join("journal")).unwrap_or_else(|_| panic!("{told}"));
    let asked = journal.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let asked: Vec<f64> = asked.map(|entry| entry["at_ms"].as_f64().expect("an instant")).collect();
    assert_eq!(asked.len(), expected.len(), "{told}: {asked:?} instead of {expected:?}");
    // A timer of Node may be a millisecond early, a shell's clock tells whole ones, and each gap begins where the last look was.
    let is_near = |(at, (asked, expected)): (usize, (&f64, &f64))| (asked - expected).abs() <= 2.0 * (at + 1) as f64;
    assert!(asked.iter().zip(&expected).enumerate().all(is_near), "{told}: {asked:?} instead of {expected:?}");
}

//! `pollbench check` with programs that are good, bad, and out of their minds. Needs a shell, which every machine that
//! runs these tests has; what needs Node or Python is left out where they are not there.

#![cfg(unix)]

use crate::interpreter::direct;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `pollbench check` in a folder of its own.
fn check(folder: &Path, options: &[&str], command: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pollbench"));
    let command = command.iter().map(|word| direct(word));
    program.arg("check").arg("--quiet").args(options).arg("--").args(command).current_dir(folder);
    program.stdin(Stdio::null()).output().expect("the program runs")
}

fn json(output: &Output) -> Value {
    let told = || String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told()))
}

/// The names of what was found.
fn found(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["id"].as_str().expect("an id").to_owned()).collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn has(program: &str, version: &str) -> bool {
    Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Processes whose command line holds this text.
fn living(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(mark)).count()
}

const QUICK: [&str; 8] = ["--deadline", "500ms", "--attempt-timeout", "300ms", "--parallel", "4", "--format", "json"];

/// Promise: whatever the program does, it is a finding about the program, with exit code 5, and nothing of it is left.
#[test]
fn programs_out_of_their_minds_are_told_and_ended() {
    let cases = [
        ("crash", "echo oh >&2; exit 3"),
        ("hang", "sleep 600"),
        ("garbage", "echo done"),
        ("garbage", "true"),
        ("garbage", "yes 0123456789012345678901234567890123456789 | head -c 8000000"),
        ("hang", "trap '' TERM; echo '{\"outcome\":\"timeout\",\"urls\":[]}'; sleep 600 & wait; wait"),
        ("hang", "sleep 600 >/dev/null 2>&1 & echo '{\"outcome\":\"timeout\",\"urls\":[]}'"),
        ("hang", "setsid sleep 600 >/dev/null 2>&1 & sleep 0.2; echo '{\"outcome\":\"timeout\",\"urls\":[]}'"),
    ];
    let cases = cases.map(|(expected, script)| (expected, script.to_owned()));
    // The calm trial, and what confirms it.
    are_told("once", &["--cases", "0"], &cases);
}

/// Puts each script on trial, all at a time: most of them sleep.
fn are_told(name: &str, options: &[&str], cases: &[(&str, String)]) {
    std::thread::scope(|scope| {
        for (number, (expected, script)) in cases.iter().enumerate() {
            scope.spawn(move || {
                let (folder, mark) = (folder(), format!("pollbench-{name}-{}-{number}-", std::process::id()));
                let script = script.replace("sleep 600", &format!("env MARK={mark} sleep 600"));
                // How a program ends is told whatever is judged, and judging more would shrink more.
                let is_stream = options.contains(&"--stream");
                let judged = ["--properties", if is_stream { "no-hang,handed-over-once" } else { "no-hang" }];
                let options: Vec<&str> = QUICK.iter().chain(&judged).chain(options).copied().collect();
                let output = check(folder.path(), &options, &["sh", "-c", &script, &mark]);
                let report = json(&output);
                assert!(found(&report).iter().any(|id| id == expected), "{script}: {:?}", found(&report));
                assert_eq!(output.status.code(), Some(5), "{script}");
                assert_eq!(living(&mark), 0, "{script}");
            });
        }
    });
}

/// In a shell: the number of each case, and an answer to one.
const CASE: &str = r#"while read -r line; do n=${line#*:}; n=${n%%,*};"#;
const TIMEOUT: &str = r#"{"case":%s,"outcome":"timeout","urls":[]}\n"#;

/// The same of programs that take a stream.
#[test]
fn streams_out_of_their_minds_are_told_and_ended() {
    let hello = r#"echo '{"hello":{"version":1,"capabilities":[]}}'"#;
    let cases = [
        ("crash", "exit 1".to_owned()),
        ("garbage", "echo hello; cat >/dev/null".to_owned()),
        ("garbage", r#"echo '{"hello":{"version":2}}'; cat >/dev/null"#.to_owned()),
        ("crash", format!("{hello}; read line; exit 0")),
        ("crash", format!("{hello}; exec <&-; exit 0")),
        ("hang", format!("{hello}; cat >/dev/null")),
        ("garbage", r#"echo '{"hello":{"version":1,"capabilities":["webhook"]}}'; cat >/dev/null"#.to_owned()),
        (
            "garbage",
            r#"echo '{"hello":{"version":1,"capabilities":["webhook"],"callback_url":"https://example.com/"}}'; cat >/dev/null"#
                .to_owned(),
        ),
        // Twice in one breath, and for a case that is closed.
        ("handed-over-once", format!(r#"{hello}; {CASE} printf '{TIMEOUT}{TIMEOUT}' $n $n; done"#)),
        ("garbage", format!(r#"{hello}; {CASE} printf '{TIMEOUT}' $n; [ $n -lt 1 ] || printf '{TIMEOUT}' 0; done"#)),
        (
            "garbage",
            format!(r#"{hello}; while read line; do echo '{{"case":99999,"outcome":"timeout","urls":[]}}'; done"#),
        ),
    ];
    are_told("stream", &["--stream", "--cases", "2"], &cases);
}

/// Promise: bad usage exits 2 and says what to change.
#[test]
fn bad_usage_says_what_to_change() {
    let folder = folder();
    let replay = r#"{"version":9,"deadline_ms":1000,"tasks":[{}]}"#;
    let cases: [(&[&str], &[&str], &str); 7] = [
        (&[], &["no-such-program-here"], "no program `no-such-program-here`"),
        (&["--properties", "no-hangs"], &["true"], "no property `no-hangs`; there are: no-false-success"),
        (&["--replay", replay], &["true"], "version 9, and this pollbench replays version 1"),
        (&["--replay", "{"], &["true"], "not valid"),
        (&["--replay", "no-such-file.json"], &["true"], "no-such-file.json"),
        (&["--time-scale", "60"], &["true"], "add --clock scaled"),
        (&["--baseline", "no-such-list.txt"], &["true"], "no-such-list.txt"),
    ];
    for (options, command, expected) in cases {
        let output = check(folder.path(), options, command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {told}");
        assert!(told.contains(expected), "{options:?}: {told}");
    }
    let none = Command::new(env!("CARGO_BIN_EXE_pollbench")).arg("check").output().expect("the program runs");
    assert_eq!(none.status.code(), Some(2));
}

/// Promise: what is found is kept, replayed first, replayed alone to the same verdict, and forgotten once it is healed; a
/// baseline takes what is known, and tells what is known no longer.
#[test]
fn failures_are_kept_replayed_and_healed() {
    let folder = folder();
    let program = folder.path().join("poller.sh");
    // It takes whatever it is told first for the end of the wait, and never asks again.
    let write = |outcome: &str| {
        let script = format!("#!/bin/sh\nsleep 0.05\necho '{{\"outcome\":\"{outcome}\",\"urls\":[]}}'\n");
        std::fs::write(&program, script).expect("a script");
    };
    write("failed");
    let options = [
        "--deadline",
        "1s",
        "--attempt-timeout",
        "1s",
        "--cases",
        "3",
        "--format",
        "json",
        "--junit",
        "check.xml",
        "--report",
        "out",
    ];
    let command = ["sh", "poller.sh"];
    let output = check(folder.path(), &options, &command);
    let report = json(&output);
    assert_eq!((output.status.code(), found(&report)), (Some(5), vec!["no-false-failure".to_owned()]), "{report}");
    let kept = || std::fs::read_dir(folder.path().join(".pollbench/failures")).map_or(0, Iterator::count);
    assert_eq!(kept(), 1);
    for file in ["check.xml", "out/check.html", "out/check.json", "out/check.md"] {
        let text = std::fs::read_to_string(folder.path().join(file)).expect(file);
        assert!(text.contains("no-false-failure"), "{file}");
    }
    let case = report["findings"][0]["case"].to_string();
    let replayed = check(folder.path(), &["--format", "json", "--attempt-timeout", "1s", "--replay", &case], &command);
    assert_eq!(found(&json(&replayed)), ["no-false-failure"]);

    std::fs::write(folder.path().join("known.txt"), "# known\nno-false-failure\n").expect("a list");
    let with_known: Vec<&str> = options.into_iter().chain(["--baseline", "known.txt"]).collect();
    assert_eq!(check(folder.path(), &with_known, &command).status.code(), Some(0));

    write("error");
    let output = check(folder.path(), &with_known, &command);
    assert_eq!(output.status.code(), Some(5));
    assert!(json(&output)["verdict"].as_str().is_some_and(|verdict| verdict.contains("take it out")));
    assert!(
        !std::fs::read_dir(folder.path().join(".pollbench/failures"))
            .expect("the folder")
            .flatten()
            .any(|file| { file.file_name().to_string_lossy().starts_with("no-false-failure") })
    );
}

/// Promise: the pollers that the documentation shows uphold everything.
#[test]
fn the_example_pollers_uphold_everything() {
    let pollers = root().join("examples/pollers");
    let path = |name: &str| pollers.join(name).to_string_lossy().into_owned();
    let stream = ["--stream", "--clock", "scaled", "--cases", "30", "--format", "json"];
    let once = ["--clock", "scaled", "--time-scale", "20", "--cases", "4", "--format", "json"];
    let mut trials: Vec<(&[&str], Vec<String>)> = Vec::new();
    if has("node", "--version") {
        trials.push((&stream, vec!["node".into(), path("poller.mjs"), "--stream".into()]));
        trials.push((&stream, vec!["node".into(), path("poller.mjs"), "--stream".into(), "--webhook".into()]));
    }
    if has("python3", "--version") {
        trials.push((&stream, vec!["python3".into(), path("poller.py"), "--stream".into()]));
        trials.push((&once, vec!["python3".into(), path("poller.py")]));
    }
    if has("curl", "--version") && has("bash", "--version") {
        trials.push((&once, vec!["bash".into(), path("poller.sh")]));
    }
    // All at a time: they wait more than they work.
    std::thread::scope(|scope| {
        for (options, command) in trials {
            scope.spawn(move || {
                let folder = folder();
                let command: Vec<&str> = command.iter().map(String::as_str).collect();
                let output = check(folder.path(), options, &command);
                let report = json(&output);
                assert!(found(&report).is_empty(), "{command:?}: {:#}", report["findings"]);
                assert_eq!(output.status.code(), Some(0), "{command:?}");
            });
        }
    });
}

/// Promise: a machine that has too much to do is not held against a program: with twice as many busy threads as there are cores,
/// a correct poller is found guilty of nothing. What cannot be known is said to be unknown.
#[test]
#[ignore = "slow: all cores are kept busy meanwhile"]
fn a_busy_machine_is_not_held_against_a_program() {
    if !has("python3", "--version") {
        return;
    }
    let poller = root().join("examples/pollers/poller.py").to_string_lossy().into_owned();
    let is_over = AtomicBool::new(false);
    let report = std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) * 2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let (folder, (cases, seed)) = (folder(), crate::soaked(100));
        let (cases, seed) = (cases.to_string(), seed.to_string());
        let options = ["--stream", "--clock", "scaled", "--cases", &cases, "--seed", &seed, "--format", "json"];
        let output = check(folder.path(), &options, &["python3", &poller, "--stream"]);
        is_over.store(true, Ordering::Relaxed);
        json(&output)
    });
    assert!(found(&report).is_empty(), "{:#}", report["findings"]);
    assert!(report["cases"].as_u64() >= Some(100), "{report:#}");
}

/// What the guide's code, in our own words, is found guilty of.
fn guilty(technique: &str, options: &[&str], property: &str) {
    if !has("node", "--version") {
        return;
    }
    let guide = root().join("tests/clients/guide_poller.mjs").to_string_lossy().into_owned();
    let fixed = ["--stream", "--format", "json", "--properties", property, "--clock"];
    let mut told = String::new();
    for clock in crate::clocks(true) {
        let folder = folder();
        let options: Vec<&str> = fixed.iter().chain(*clock).chain(options).copied().collect();
        let output = check(folder.path(), &options, &["node", &guide, technique, "--stream"]);
        let report = json(&output);
        if found(&report) == [property] && output.status.code() == Some(5) {
            return;
        }
        told = format!("{report:#}");
    }
    panic!("{technique}: {told}");
}

/// Promise: what is wrong with the guide's code is found.
#[test]
fn the_guides_mistakes_are_found() {
    let late = r#"{"version":1,"deadline_ms":120000,"rtt_ms":3000,"tasks":[{}]}"#;
    let reset = r#"{"completion_ms":60000,"replies":{"0":{"kind":"reset"},"1":{"kind":"reset"}}}"#;
    let two = format!(r#"{{"version":1,"deadline_ms":120000,"tasks":[{reset},{{"completion_ms":60000}}]}}"#);
    let mistakes: [(&str, &[&str], &str); 5] = [
        // Its deadline counts sleeps only.
        ("fixed", &["--replay", late], "ends-by-deadline"),
        // It does not look after its last sleep.
        ("fixed", &["--deadline", "30s", "--cases", "4"], "last-look"),
        // Any HTTP error ends its wait.
        ("fixed", &["--cases", "9"], "survives-garbage"),
        // Its test for a network error misses resets.
        ("resilient", &["--cases", "8"], "survives-garbage"),
        // Its concurrent poller abandons all tasks for one rejection.
        ("concurrent", &["--replay", &two], "isolation"),
    ];
    std::thread::scope(|scope| {
        for (technique, options, property) in mistakes {
            scope.spawn(move || guilty(technique, options, property));
        }
    });
}

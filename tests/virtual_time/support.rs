//! What the tests of virtual time share.

use crate::interpreter::direct;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn client(name: &str) -> String {
    root().join("tests/virtual_time").join(name).display().to_string()
}

pub(crate) fn poller(name: &str) -> String {
    root().join("examples/pollers").join(name).display().to_string()
}

pub(crate) fn pollbench(folder: &Path, words: &[&str]) -> Output {
    without("", folder, words)
}

/// The same where one thing that virtual time stands on is taken away, as a test build can.
pub(crate) fn without(requirement: &str, folder: &Path, words: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_pollbench"));
    program.env("POLLBENCH_WARP_WITHOUT", requirement);
    let words = words.iter().map(|word| direct(word));
    program.args(words).current_dir(folder).stdin(Stdio::null()).output().expect("the program runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether this machine has a program; where not, the test that asks says what it leaves out.
pub(crate) fn has(program: &str, version: &str) -> bool {
    let found = Command::new(program)
        .arg(version)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success());
    if !found {
        eprintln!("left out: there is no {program} here");
    }
    found
}

/// The journal of a program that waits for a task done after a minute, with these options of `warp`.
pub(crate) fn journal_with(options: &[&str], command: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let words = [&["warp", "--completes-at", "60s", "--journal", "journal"], options, &["--"], command].concat();
    let output = pollbench(folder.path(), &words);
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
    let journal = std::fs::read_to_string(folder.path().join("journal")).expect("a journal");
    journal.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

pub(crate) fn journal(command: &[&str]) -> Vec<Value> {
    journal_with(&[], command)
}

pub(crate) fn instants(journal: &[Value]) -> Vec<f64> {
    journal.iter().map(|entry| entry["at_ms"].as_f64().expect("a time")).collect()
}

/// Whether what is waited for has come within a minute.
pub(crate) fn comes(mut wanted: impl FnMut() -> bool) -> bool {
    (0..6_000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        wanted()
    })
}

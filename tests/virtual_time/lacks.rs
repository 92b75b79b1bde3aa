//! What is missing is said, who is killed leaves nothing, and nothing hangs.

use crate::support::{client, comes, has, pollbench, text, without};
use std::path::Path;
use std::process::{Command, Stdio};

/// Promise: a program that is killed has ended, at that instant, and is told.
#[test]
fn a_killed_program_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = pollbench(folder.path(), &["warp", "--", "sh", "-c", "(sleep 2; kill -9 $$) & sleep 50"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(said.starts_with("0 requests in 2s of virtual time") && said.contains("signal: 9"), "{said}");
}

/// Promise: where the system lacks what virtual time needs, that is said before anything is tried.
#[test]
fn what_is_missing_is_said() {
    if !cfg!(debug_assertions) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (requirement, said) in [
        ("memory", "programs cannot share memory with this one"),
        ("seccomp", "the kernel has no seccomp filters that stop system calls (SECCOMP_RET_TRAP)"),
        ("threads", "/proc/thread-self/stat cannot be read"),
        ("sockets", "the kernel does not tell of sockets (inet_diag)"),
    ] {
        for words in [&["warp", "--", "touch", "begun"][..], &["check", "--clock", "virtual", "--", "touch", "begun"]] {
            let output = without(requirement, folder.path(), words);
            let told = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{requirement}: {told}");
            assert!(told.contains(said), "{requirement}: {told}");
            assert_eq!(told.contains("--clock scaled can"), words[0] == "check", "{told}");
            assert!(!folder.path().join("begun").exists(), "{requirement}: it was begun");
        }
    }
}

/// Runs a command in name spaces of its own, by `unshare`; `None` where that is not allowed.
fn apart(spaces: &[&str], script: &str, folder: &Path) -> Option<String> {
    let may = Command::new("unshare").args(spaces).args(["true"]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("left out: no name spaces of one's own here");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(spaces).args(["sh", "-c", script, env!("CARGO_BIN_EXE_pollbench")]);
    let output = command.current_dir(folder).stdin(Stdio::null()).output().expect("it runs");
    Some(format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

/// Promise: a `/dev/shm` that is full, or not there, does not matter: nothing is kept in a file system.
#[test]
fn a_full_dev_shm_does_not_matter() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "mount -t tmpfs -o size=4k none /dev/shm && head -c 4096 /dev/zero > /dev/shm/full &&
        ! echo more 2>/dev/null > /dev/shm/more &&
        \"$0\" warp -- sleep 30 && ls /dev/shm && umount /dev/shm && mount -t tmpfs -o size=0,nr_inodes=1 none /dev/shm &&
        \"$0\" warp -- sleep 40 && ls /dev/shm";
    if let Some(said) = apart(&["-r", "-m"], script, folder.path()) {
        let lines: Vec<&str> = said.lines().collect();
        let [first, .., last] = lines[..] else { panic!("{said}") };
        assert!(first.starts_with("0 requests in 30s of virtual time"), "{said}");
        assert!(said.lines().any(|line| line == "full") && last.starts_with("0 requests in 40s"), "{said}");
    }
}

/// Promise: whoever kills the harness outright is left with no process of the program, whatever group or session it has
/// gone into, with no file, and with nobody who listens.
#[test]
fn a_killed_harness_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mark = format!("pollbench-killed-{}", std::process::id());
    let shell = format!("trap : TERM; : {mark}; (while :; do :; done) & while :; do :; done");
    assert_eq!(left_behind(folder.path(), &["sh", "-c", &shell], &mark, 2), 0);
    if has("python3", "--version") {
        let file = client("daemons.py");
        assert_eq!(left_behind(folder.path(), &["python3", &file, &mark], &mark, 6), 0);
    }
}

/// Kills a harness as soon as so many processes of its program are there: how many stay.
fn left_behind(folder: &Path, command: &[&str], mark: &str, processes: usize) -> usize {
    let before = kept();
    let mut harness = Command::new(env!("CARGO_BIN_EXE_pollbench"))
        .args(["warp", "--addr", "127.0.0.1:0", "--"])
        .args(command)
        .env("TMPDIR", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let own = harness.id();
    let living = || {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let others = processes.filter(|entry| entry.file_name().to_str() != Some(own.to_string().as_str()));
        let lines = others.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        lines.filter(|line| text(line).contains(mark)).count()
    };
    assert!(comes(|| living() == processes), "it never began: {} processes", living());
    // The library is there before the program is: what it holds on to is open.
    harness.kill().expect("it lives");
    harness.wait().expect("it ends");
    comes(|| living() == 0);
    assert_eq!(std::fs::read_dir(folder).into_iter().flatten().count(), 0, "a file is left");
    assert_eq!(kept(), before, "memory is left");
    living()
}

/// What is in `/dev/shm`.
fn kept() -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> =
        std::fs::read_dir("/dev/shm").into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    names
}

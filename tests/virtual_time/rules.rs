//! Each rule of quiescence is needed: a program that provokes exactly its situation is led rightly, and wrongly as soon as
//! that one rule is missing. The rules that no program can be made to need at will (`runs`, `again`, `state`, `backlog`, `news`,
//! an end that is on its way) are held by unit tests beside them, which put their situation together by hand.

use crate::support::{client, has, pollbench, text, without};
use std::time::{Duration, Instant};

/// Plays a program of `rules.py` with all rules and, some times, without the one.
fn is_needed(rule: &str, right: &str, tries: usize) {
    if !cfg!(debug_assertions) || !has("python3", "--version") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = client("rules.py");
    let words = ["warp", "--completes-at", "1d", "--quiet", "--", "python3", &file, rule];
    let play = |without_it| {
        let output = without(without_it, folder.path(), &words);
        format!("{}{}", text(&output.stdout), text(&output.stderr))
    };
    let led = play("");
    assert!(led.starts_with(right), "{rule}: {led}");
    let is_led_wrongly = (0..tries).any(|_| !play(rule).starts_with(right));
    if !is_led_wrongly && !has_two_processors() {
        eprintln!("left out: what {rule} is needed for takes two at work at once, and this machine is busy");
        return;
    }
    assert!(is_led_wrongly, "without {rule}, nothing changed in {tries} tries");
}

/// Whether two threads can work at once here for as long as a try takes.
fn has_two_processors() -> bool {
    const SPELL: Duration = Duration::from_millis(400);
    // Nanoseconds on a processor.
    let worked = || -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
    };
    let spin = || {
        let (from, before) = (Instant::now(), worked());
        while from.elapsed() < SPELL {}
        Duration::from_nanos(worked() - before) > SPELL * 9 / 10
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(spin), scope.spawn(spin)];
        threads.into_iter().all(|thread| thread.join().unwrap_or(false))
    })
}

/// Promise: time does not move while somebody works who is only said to sleep.
#[test]
fn who_is_said_to_sleep_and_runs_is_waited_for() {
    is_needed("call", "0.000\n", 40);
}

/// Promise: nor while a thread works that began during the look.
#[test]
fn a_thread_that_began_during_the_look_is_waited_for() {
    is_needed("whole", "0.000\n", 40);
}

/// Promise: nor while the kernel holds something back that was sent.
#[test]
fn what_is_on_its_way_is_waited_for() {
    is_needed("flight", "0.000\n", 10);
}

/// Promise: nor while something has come that the server has not read.
#[test]
fn what_has_come_is_read_first() {
    is_needed("bell", "0.000\n", 40);
}

/// Promise: nor while the server has something to do.
#[test]
fn what_was_read_is_served_first() {
    is_needed("turns", "0.000\n", 10);
}

/// Promise: a program that sleeps in real time is told.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_sleep_that_is_not_of_libc_is_told() {
    is_needed("leak", "error: the program could not be run in virtual time: `python3` sleeps in real time", 10);
}

/// Promise: a program that reads real time is told.
#[test]
fn a_child_in_real_time_is_told() {
    let right = "error: the program could not be run in virtual time: `python3` runs without the preloaded library";
    is_needed("stranger", right, 10);
}

/// Promise: a program has ended when it ended, whatever it leaves behind: that is heard before time moves.
#[test]
fn an_end_is_heard_at_its_instant() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = ["warp", "--", "sh", "-c", "(sleep 7; sleep 7) & sleep 2"];
    for _ in 0..10 {
        let led = text(&pollbench(folder.path(), &words).stdout);
        assert!(led.starts_with("0 requests in 2s of virtual time"), "{led}");
    }
}

/// Promise: a wait for a lock lasts as long as it is to, also where somebody computes while it is about to end.
#[test]
fn a_wait_is_not_cut_short() {
    if has("python3", "--version") {
        let folder = tempfile::tempdir().expect("a folder");
        let output = pollbench(folder.path(), &["warp", "--quiet", "--", "python3", &client("short.py")]);
        assert_eq!(text(&output.stdout), "1.0\n".repeat(5), "{}", text(&output.stderr));
    }
}

//! What a tree of processes is seen to be, with processes that are put into each situation by hand.

use super::*;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A program that writes what it reads.
struct Echo {
    child: Ended,
    input: ChildStdin,
    output: ChildStdout,
    tree: Tree,
}

impl Echo {
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut tree = Tree::new(String::new()).expect("this process");
        tree.lead(Some(child.id()));
        let mut echo = Self { child: Ended(child), input, output, tree };
        echo.ask();
        echo.hear();
        echo
    }

    fn ask(&mut self) {
        self.input.write_all(b"x").expect("it reads");
    }

    fn hear(&mut self) {
        self.output.read_exact(&mut [0]).expect("it writes");
    }

    fn settled(&mut self) -> Vec<Sleeper> {
        settled(&mut self.tree)
    }
}

/// Looks until all sleep.
fn settled(tree: &mut Tree) -> Vec<Sleeper> {
    loop {
        match tree.first_look() {
            Ok(sleepers) => return sleepers,
            Err(_) => std::thread::yield_now(),
        }
    }
}

/// A process that is ended when it is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Promise: who has run between two looks is found out, though asleep at both.
#[test]
fn who_has_run_in_between_is_found_out() {
    let mut echo = Echo::start(&["cat"]);
    let sleepers = echo.settled();
    assert_eq!(sleepers.len(), 1);
    assert!(echo.tree.is_unchanged(&sleepers));
    echo.ask();
    echo.hear();
    let again = echo.settled();
    assert!(!echo.tree.is_unchanged(&sleepers));
    assert!(echo.tree.is_unchanged(&again));
}

/// Promise: who was woken between two looks is found out, though a busy processor has not let it run yet.
#[test]
fn who_waits_for_a_processor_is_found_out() {
    let may = |words: &[&str]| {
        let status = Command::new(words[0]).args(&words[1..]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !may(&["taskset", "-c", "0", "true"]) || !may(&["chrt", "-i", "0", "true"]) {
        eprintln!("left out: no taskset or chrt here");
        return;
    }
    let mut echo = Echo::start(&["taskset", "-c", "0", "chrt", "-i", "0", "cat"]);
    let mut spinner = Command::new("taskset");
    spinner.args(["-c", "0", "sh", "-c", "while :; do :; done"]).stdout(Stdio::null());
    let _spinner = Ended(spinner.spawn().expect("it starts"));
    for _ in 0..5 {
        let sleepers = echo.settled();
        assert!(echo.tree.is_unchanged(&sleepers));
        echo.ask();
        assert!(!echo.tree.is_unchanged(&sleepers));
        echo.hear();
    }
}

/// Promise: threads stand in the order in which they began, though their numbers start over meanwhile.
#[test]
fn threads_stand_in_the_order_in_which_they_began() {
    const SCRIPT: &str = "import sys, threading, time\nfor line in sys.stdin:\n  \
        threads = [threading.Thread(target=time.sleep, args=(60,), daemon=True) for _ in range(6)]\n  \
        [thread.start() for thread in threads]\n  \
        print(*(thread.native_id for thread in threads), flush=True)";
    let last = "/proc/sys/kernel/ns_last_pid";
    let most: u32 = fs::read_to_string("/proc/sys/kernel/pid_max").expect("a limit").trim().parse().expect("a number");
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    // Only root may say what number comes next.
    let (Ok(mut child), Ok(())) = (command.spawn(), fs::write(last, (most - 4).to_string())) else {
        eprintln!("left out: no Python here, or no right to number processes");
        return;
    };
    let (mut input, mut output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let child = Ended(child);
    input.write_all(b"\n").expect("it reads");
    let mut told = [0; 256];
    let length = output.read(&mut told).expect("it writes");
    let told: Vec<u32> = std::str::from_utf8(&told[..length])
        .expect("numbers")
        .split_whitespace()
        .map(|n| n.parse().expect("a number"))
        .collect();
    if told.is_sorted() {
        eprintln!("left out: others took the last numbers");
        return;
    }
    let pid = child.0.id();
    let mut tree = Tree::new(String::new()).expect("this process");
    tree.lead(Some(pid));
    assert_eq!(settled(&mut tree).iter().map(|sleeper| sleeper.tid).collect::<Vec<_>>(), [&[pid], &told[..]].concat());
}

/// Promise: a list that names a process which is gone is not believed: it may lack another one.
#[test]
fn a_list_that_names_who_is_gone_is_made_anew() {
    let mut echo = Echo::start(&["cat"]);
    let pid = echo.child.0.id();
    echo.child.0.kill().expect("it lives");
    echo.child.0.wait().expect("it ends");
    assert_eq!(echo.settled(), [], "the program's first process has ended");
    assert!(echo.tree.is_over(&[]) && echo.tree.is_known_to_be_over());
    echo.tree.lead(None);
    assert_eq!(echo.tree.look_at(pid, &mut Vec::new(), &mut Vec::new()), Err(Awake { pid, tid: pid }));
}

//! Many waits at a time, connections that are kept, and the other address family.

use crate::support::{client, has, instants, journal, journal_with};
use std::net::TcpListener;

/// Promise: waits that ask at once are served in the same order every time, be they threads with a connection for each request
/// or share a pool of kept ones: the journal is the same, byte for byte.
#[test]
fn concurrent_pollers_leave_the_same_journal() {
    for (program, file, words) in [("python3", "poll.py", &["20"][..]), ("node", "pool.mjs", &[])] {
        if !has(program, "--version") {
            continue;
        }
        let file = client(file);
        let command = [&[program, file.as_str()], words].concat();
        let first = journal(&command);
        assert!(first.len() > 400, "{program}: {}", first.len());
        assert_eq!(journal(&command), first, "{program}");
    }
}

/// Promise: a hundred threads that ask at one instant are all served at that instant.
#[test]
fn many_requests_of_an_instant_are_of_that_instant() {
    if has("python3", "--version") {
        let journal = journal(&["python3", &client("crowd.py"), "100"]);
        let expected: Vec<f64> = [0.0, 30_000.0, 60_000.0].iter().flat_map(|at| [*at; 100]).collect();
        assert_eq!(instants(&journal), expected);
    }
}

/// Promise: it is the same over IPv6.
#[test]
fn the_other_loopback_is_led_too() {
    if TcpListener::bind("[::1]:0").is_err() {
        eprintln!("left out: nobody can listen at [::1] here");
        return;
    }
    let expected: Vec<f64> = (0..=20).map(|n| f64::from(n) * 3_000.0).collect();
    for (program, file) in [("python3", "clients/poll_urllib.py"), ("node", "clients/fetch.mjs")] {
        if has(program, "--version") {
            let journal = journal_with(&["--addr", "[::1]:0"], &[program, &client(file)]);
            assert_eq!(instants(&journal), expected, "{program}");
        }
    }
}

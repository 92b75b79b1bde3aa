//! Each row counts for what it says: left out and counted, censored, truncated, or one of a group.

use super::support::{between, exact, lengths, read, refused};
use pollbench::fit::Observation;
use pollbench::observations::{Observed, SkipReason, Source, Times, Unit};

/// Rows of everything that can be left out: each kind is counted, with its first row.
#[test]
fn what_is_left_out_is_counted() {
    let mut log = "id,took_s,state\n".to_owned();
    for at in 0..100 {
        log += &format!("{at},{}.5,SUCCEED\n", 20 + at);
    }
    log += "100,0,SUCCEED\n101,,SUCCEED\n102,soon,SUCCEED\n103,33\n104,40,FAILED\n105,41,PENDING\n106,42,FAILED\n";
    let source = Source {
        keep: vec!["state != FAILED".parse().expect("a condition")],
        unfinished: vec!["state = PENDING".parse().expect("a condition")],
        ..lengths("took_s")
    };
    let read = read(&source, log.as_bytes()).expect("a log");
    let counted: Vec<(String, u64, u64)> =
        read.account.skipped.iter().map(|left| (left.reason.words(), left.rows, left.line)).collect();
    let mut expected = vec![
        ("took no time".to_owned(), 1, 102),
        ("`took_s` is empty".to_owned(), 1, 103),
        ("`took_s` cannot be read".to_owned(), 1, 104),
        ("too few or too many cells".to_owned(), 1, 105),
        ("`state != FAILED` does not hold".to_owned(), 2, 106),
    ];
    expected.sort();
    let mut found = counted.clone();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!((read.account.rows, read.account.used, read.account.unfinished), (107, 101, 1));
    assert_eq!(
        read.account
            .skipped
            .iter()
            .find(|left| matches!(left.reason, SkipReason::Filtered(_)))
            .map(|left| left.cell.as_str()),
        Some("FAILED")
    );
    assert!(read.all().contains(&Observation::Beyond(41e6)));
}

#[test]
fn zeros_stay_where_times_are_whole_steps() {
    let mut log = "took_s\n".to_owned();
    (0..40).for_each(|at| log += &format!("{}\n", at % 8));
    let read = read(&Source { unit: Some(Unit::Seconds), ..lengths("took_s") }, log.as_bytes()).expect("a log");
    assert_eq!((read.account.used, read.account.skipped.len()), (40, 0));
}

#[test]
fn bounds_and_ends_that_are_missing_are_censored() {
    let source = Source::new(Times::Lengths { column: "low_s".into(), upper: Some("high_s".into()) });
    let log = b"low_s,high_s\n5,8\n60,\n,3\n7,7\n";
    let expected = vec![
        Observation::Within(5e6, 8e6),
        Observation::Beyond(60e6),
        Observation::Within(0.0, 3e6),
        Observation::Exact(7e6),
    ];
    assert_eq!(read(&source, log).map(Observed::all), Ok(expected));
    assert_eq!(
        refused(&source, b"low_s,high_s\n5,4\n"),
        "line 2: the task is finished before it was last seen unfinished"
    );
    // The last instant of the log is 12:03:00; the second task was seen unfinished for two minutes.
    let source = between("begun", "done");
    let log = b"begun,done\n2024-05-01 12:00:00,2024-05-01 12:03:00\n2024-05-01 12:01:00,\n";
    assert_eq!(read(&source, log).map(Observed::all), Ok(vec![Observation::Exact(180e6), Observation::Beyond(120e6)]));
    let source = Source::new(Times::Between { start: "a".into(), end: "seen".into(), upper: Some("known".into()) });
    let log = b"a,seen,known\n1714564800,1714564810,1714564815\n1714564800,1714564830,\n";
    assert_eq!(
        read(&source, log).map(Observed::all),
        Ok(vec![Observation::Within(10e6, 15e6), Observation::Beyond(30e6)])
    );
}

#[test]
fn a_log_is_cut_into_groups() {
    let log = b"model,took_s\nsuno,5\nsora,60\nsuno,7\n,9\n";
    let source = Source { by: Some("model".into()), ..lengths("took_s") };
    let read = read(&source, log).expect("a log");
    let groups: Vec<(&str, usize)> = read.groups.iter().map(|(name, seen)| (name.as_str(), seen.len())).collect();
    assert_eq!(groups, [("sora", 1), ("suno", 2)]);
    // Who has no name belongs to no model.
    assert_eq!(read.account.reasons(), "1 row: `model` is empty (first: line 5)");
    assert_eq!((read.account.rows, read.account.used), (4, 3));
    let ids: String = (0..2_000).map(|id| format!("{id},5\n")).collect();
    let sentence = refused(&source, format!("model,took_s\n{ids}").as_bytes());
    assert_eq!(sentence, "`model` has more than 1000 different values: is it the column that names the model?");
}

/// A task that began at the last instant of the log was seen for no time: it is counted, with its line.
#[test]
fn who_began_at_the_last_instant_is_said_to_be_left_out() {
    let log = b"began,ended\n2024-05-01 12:00:00,2024-05-01 12:01:00\n2024-05-01 12:02:00,\n2024-05-01 12:00:30,\n";
    let read = read(&between("began", "ended"), log).expect("a log");
    assert_eq!((read.account.rows, read.account.used, read.account.unfinished), (3, 2, 1));
    assert_eq!(read.account.reasons(), "1 row: seen at the last instant of the log only (first: line 3)");
}

/// A column that nobody asks for may be there twice; points in a semicolon file are read where one of them leaves no doubt, or
/// groups of thousands do; numbers of a unit beside cells with their own are said to be both.
#[test]
fn what_is_not_in_doubt_is_read() {
    let read = |source: &Source, log: &str| read(source, log.as_bytes()).expect(log);
    assert_eq!(read(&lengths("t_s"), "t_s,x,x\n1,2,3\n").all(), exact(&[1_000_000]));
    assert_eq!(read(&lengths("t_ms"), "t_ms;u\n136.700;2\n95.5;3\n").all(), exact(&[136_700, 95_500]));
    assert_eq!(read(&lengths("t_ms"), "t_ms,u\n136.700,2\n").all(), exact(&[136_700]));
    assert_eq!(read(&lengths("t_ms"), "t_ms;u\n1.136.700;2\n95.500;3\n").all(), exact(&[1_136_700_000, 95_500_000]));
    let both = read(&Source { unit: Some(Unit::Millis), ..lengths("took") }, "took\n105.8s\n95000\n");
    assert_eq!(both.account.times, "durations in `took`, in ms, some with units of their own");
    assert_eq!(both.all(), exact(&[105_800_000, 95_000_000]));
}

/// The shapes of public traces: seconds among states of which some never ran, and creation and deletion in seconds since
/// the start of the trace.
#[test]
fn shapes_of_public_traces_load_without_preparation() {
    let mut log = "gmt_create,exec_time_seconds,state\n".to_owned();
    for at in 0..300 {
        let (time, state) = match at % 30 {
            0 => ("0".to_owned(), "PENDING"),
            1 => ("3.2".to_owned(), "FAILED"),
            _ => (format!("{}.{}", 5 + at % 40, at % 10), "SUCCEED"),
        };
        log += &format!("2025-11-01 10:00:00,{time},{state}\n");
    }
    let source = Source { keep: vec!["state = SUCCEED".parse().expect("a condition")], ..lengths("exec_time_seconds") };
    let account = read(&source, log.as_bytes()).expect("a log").account;
    assert_eq!((account.rows, account.used), (300, 280));
    let pods = b"name,creation_time,deletion_time\na,0,540\nb,9437497,9438037\nc,12902960,\n";
    let source = Source { unit: Some(Unit::Seconds), ..between("creation_time", "deletion_time") };
    let read = read(&source, pods).expect("a log");
    assert_eq!(read.account.skipped[0].rows, 1);
    assert_eq!(read.all(), exact(&[540_000_000, 540_000_000]));
}

/// Promise: rows whose end is empty since long ago, which stretch every figure, are said: how many, the oldest and its line, and
/// how to leave them out; leaving them out so does it.
#[test]
fn forgotten_rows_are_warned_of() {
    let mut log = "began,ended\n2024-05-01 00:00:00,null\n2024-05-01 08:00:00,null\n".to_owned();
    for minute in 0..40 {
        log += &format!("2024-05-03 10:{minute:02}:00,2024-05-03 10:{:02}:{:02}\n", minute + 1, minute % 7);
    }
    log += "2024-05-03 10:59:00,null\n2024-05-03 10:59:30,2024-05-03 11:00:40\n";
    let source = between("began", "ended");
    let warning = |observed: &Observed| observed.account.notes.iter().find(|note| note.starts_with("warning")).cloned();
    let all = read(&source, log.as_bytes()).expect("a log");
    let told = warning(&all).expect("a warning");
    for part in ["2 of them", "more than 10 times", "the oldest for 59 h", "(line 2)", "--where 'ended != null'"] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
    let kept = Source { keep: vec!["ended != null".parse().expect("a condition")], ..source };
    let kept = read(&kept, log.as_bytes()).expect("a log");
    assert_eq!((kept.account.used, kept.account.unfinished, warning(&kept)), (41, 0, None));
    // Who is open for as long as others took is nobody's oversight.
    let young = "began,ended\n2024-05-01 10:00:00,2024-05-01 10:01:00\n2024-05-01 10:00:00,\n2024-05-01 10:00:30,2024-05-01 10:02:00\n";
    assert_eq!(warning(&read(&between("began", "ended"), young.as_bytes()).expect("a log")), None);
}

/// Promise: tasks that were watched from an age on only are read as that, by ages and by instants alike; who was watched from the
/// beginning is as ever; an end before the entry is refused, one at it counted.
#[test]
fn entries_are_read_by_ages_and_by_instants() {
    let entered = |from: f64, at: f64, is_over| Observation::Entered { from: from * 1e6, at: at * 1e6, is_over };
    let expected = [entered(10.0, 60.0, true), entered(30.0, 90.0, false), Observation::Exact(45e6)];
    let ages = "seen_s,took_s,state\n10,60,done\n30,90,running\n,45,done\n50,50,done\n";
    let source = Source {
        entered: Some("seen_s".into()),
        unfinished: vec!["state = running".parse().expect("a condition")],
        ..lengths("took_s")
    };
    let by_age = read(&source, ages.as_bytes()).expect("a log");
    assert_eq!((by_age.account.used, by_age.account.unfinished), (3, 1));
    assert_eq!(
        by_age.account.skipped.iter().map(|left| (left.reason.clone(), left.rows)).collect::<Vec<_>>(),
        [(SkipReason::Unwatched, 1)]
    );
    assert!(
        by_age
            .account
            .notes
            .iter()
            .any(|note| note.starts_with("2 tasks were watched from a later age on, by `seen_s`"))
    );
    assert_eq!(by_age.all(), expected);

    // Sampling began at 12:00:00; the second is still running at the last instant of the log.
    let instants = "began,sampled,ended\n2024-05-01 11:59:50,2024-05-01 12:00:00,2024-05-01 12:00:50\n\
        2024-05-01 11:59:30,2024-05-01 12:00:00,\n2024-05-01 12:00:15,2024-05-01 12:00:00,2024-05-01 12:01:00\n";
    let source = Source { entered: Some("sampled".into()), ..between("began", "ended") };
    let by_instant = read(&source, instants.as_bytes()).expect("a log").all();
    assert_eq!(by_instant.len(), 3);
    assert!(expected.iter().all(|seen| by_instant.contains(seen)), "{by_instant:?}");

    let source = Source { entered: Some("seen_s".into()), ..lengths("took_s") };
    assert!(
        refused(&source, b"seen_s,took_s\n50,40\n").contains("line 2: the task ended before its observation began")
    );
    assert!(refused(&source, b"took_s\n40\n").contains("no column `seen_s`"));
    let ranges = Times::Lengths { column: "low_s".into(), upper: Some("high_s".into()) };
    let source = Source { entered: Some("seen_s".into()), ..Source::new(ranges) };
    assert!(refused(&source, b"seen_s,low_s,high_s\n1,2,3\n").contains("cannot be combined"));
}

/// Promise: a log that is longer than what is looked at first is read row by row like a short one: every row in its place, what is
/// left out with its line, and a row that cannot be meant stops the reading with its line, whatever comes after it.
#[test]
fn long_logs_are_read_in_order() {
    let time = |at: u64| 20_000_000 + at * 7_919 % 90_000_000;
    let mut log = "id,took_s\n".to_owned();
    let mut expected = Vec::new();
    for at in 0..30_000 {
        if at % 1_000 == 999 {
            log += &format!("{at},\n");
        } else {
            log += &format!("{at},{}.{:06}\n", time(at) / 1_000_000, time(at) % 1_000_000);
            expected.push(time(at));
        }
    }
    let long = read(&lengths("took_s"), log.as_bytes()).expect("a log");
    assert_eq!((long.account.rows, long.account.used), (30_000, 29_970));
    assert_eq!(long.account.skipped.iter().map(|left| (left.rows, left.line)).collect::<Vec<_>>(), [(30, 1_001)]);
    assert_eq!(long.all(), exact(&expected));
    let wrong = log.replace("25000,", "25000,-");
    assert!(refused(&lengths("took_s"), wrong.as_bytes()).starts_with("line 25002: `-"), "{wrong:.0}");
    let damaged = log.replace("25000,", "25000\0,");
    assert!(refused(&lengths("took_s"), damaged.as_bytes()).contains("NUL bytes"));
}

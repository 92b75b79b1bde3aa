//! The reader of logs: whatever a log looks like, the times in it are those that were written, nothing is left out
//! silently, and what cannot be meant is refused with a sentence.

use pollbench::fit::Observation;
use pollbench::observations::{Decimal, Observed, Source, Times, Unit, UnreadableLog, Why};
use proptest::prelude::*;
use std::io::Write as _;

#[path = "support/soak.rs"]
mod soak;

fn lengths(column: &str) -> Source {
    Source::new(Times::Lengths { column: column.into(), upper: None })
}

fn between(start: &str, end: &str) -> Source {
    Source::new(Times::Between { start: start.into(), end: end.into(), upper: None })
}

fn read(source: &Source, log: &[u8]) -> Result<Observed, UnreadableLog> {
    source.read(Box::new(log))
}

fn refused(source: &Source, log: &[u8]) -> String {
    match read(source, log) {
        Ok(read) => panic!("{:?} was read: {read:?}", String::from_utf8_lossy(log)),
        Err(error) => error.to_string(),
    }
}

/// A duration of whole microseconds in one of the notations of a cell, and what it stands for.
fn written(us: u64, notation: usize) -> String {
    let (s, fraction) = (us / 1_000_000, us % 1_000_000);
    let (h, m, rest) = (s / 3600, s / 60 % 60, s % 60);
    match notation {
        0 => format!("{s}.{fraction:06}s"),
        1 => format!("{us}us"),
        2 => format!("{}.{:03} ms", us / 1_000, us % 1_000),
        3 => format!("{h:02}:{m:02}:{rest:02}.{fraction:06}"),
        4 => format!("{h}h{m}m{rest}.{fraction:06}s"),
        5 => format!("{h} hours, {m} min {rest}.{fraction:06} sec"),
        6 => format!("PT{h}H{m}M{rest}.{fraction:06}S"),
        7 => format!("{} days {:02}:{m:02}:{rest:02}.{fraction:06}", h / 24, h % 24),
        8 => format!("{us}000 ns"),
        9 => format!("{} day, {}:{m:02}:{rest:02},{fraction:06}", h / 24, h % 24),
        _ => format!("{s},{fraction:06} seconds"),
    }
}

const NOTATIONS: usize = 11;

/// An instant of whole microseconds since 1970 in one of the notations of a column.
fn dated(us: u64, notation: usize) -> String {
    let (s, fraction) = (us / 1_000_000, us % 1_000_000);
    // Civil dates from days (Howard Hinnant, chrono-compatible low-level date algorithms).
    let date = |s: u64| {
        let z = s / 86_400 + 719_468;
        let (era, doe) = (z / 146_097, z % 146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let (d, m) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
        let y = yoe + era * 400 + u64::from(m <= 2);
        (format!("{y:04}-{m:02}-{d:02}"), format!("{:02}:{:02}:{:02}", s / 3_600 % 24, s / 60 % 60, s % 60))
    };
    let ((day, time), (east_day, east_time)) = (date(s), date(s + 9_000));
    match notation {
        0 => format!("{day}T{time}.{fraction:06}Z"),
        1 => format!("{east_day}T{east_time}.{fraction:06}+02:30"),
        2 => format!("{day} {time}.{fraction:06}"),
        3 => format!("{day}T{time},{fraction:06}"),
        4 => format!("{s}.{fraction:06}"),
        5 => format!("{}.{:03}", us / 1_000, us % 1_000),
        6 => us.to_string(),
        7 => format!("{us}000"),
        8 => format!("{day} {time}.{fraction:06} UTC"),
        _ => format!("{s},{fraction:06}"),
    }
}

const CLOCKS: usize = 10;

/// How a table is written: its separator (`None` for JSON Lines), line end, byte encoding, and whether it is compressed.
#[derive(Debug, Clone, Copy)]
struct Dress {
    separator: Option<char>,
    end: &'static str,
    encoding: usize,
    is_compressed: bool,
}

fn dress() -> impl Strategy<Value = Dress> {
    let separator = prop::sample::select(vec![None, Some(','), Some(';'), Some('\t'), Some('|')]);
    let end = prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n"]);
    (separator, end, 0_usize..6, any::<bool>()).prop_map(|(separator, end, encoding, is_compressed)| Dress {
        separator,
        end: if separator.is_none() && end == "\r" { "\n" } else { end },
        encoding,
        is_compressed,
    })
}

fn table(dress: Dress, header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let mut text = String::new();
    if let Some(separator) = dress.separator {
        let quoted = |cell: &str| {
            if cell.contains([separator, '"']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
        };
        let separator = separator.to_string();
        text += &header.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(&separator);
        text += dress.end;
        for row in rows {
            text += &row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(&separator);
            text += dress.end;
        }
    } else {
        for row in rows {
            let object: serde_json::Map<_, _> =
                header.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), serde_json::json!(cell))).collect();
            text += &serde_json::Value::Object(object).to_string();
            text += dress.end;
        }
    }
    let wide = |mark: bool, bytes: fn(u16) -> [u8; 2]| {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
    };
    let bytes = match dress.encoding {
        0 => text.into_bytes(),
        1 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        2 => wide(true, u16::to_le_bytes),
        3 => wide(true, u16::to_be_bytes),
        4 => wide(false, u16::to_le_bytes),
        // Latin-1: each character is its byte.
        _ => text.chars().map(|c| u8::try_from(u32::from(c)).expect("a character of Latin-1")).collect(),
    };
    if !dress.is_compressed {
        return bytes;
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn exact(us: &[u64]) -> Vec<Observation> {
    us.iter().map(|us| Observation::Exact(*us as f64)).collect()
}

proptest! {
    #![proptest_config(soak::cases(300))]

    /// Durations are read back the same, in whatever notation, separator, line end, encoding and compression.
    #[test]
    fn durations_are_read_back(
        times in prop::collection::vec((1_u64..400_000_000_000, 0..NOTATIONS), 1..12), dress in dress(),
        name in prop::sample::select(vec!["took", "größe", "time, all", "Dauer \"netto\""]),
    ) {
        let rows: Vec<Vec<String>> =
            times.iter().enumerate().map(|(at, (us, notation))| vec![format!("tâche {at}"), written(*us, *notation)]).collect();
        let file = table(dress, &["id", name], &rows);
        let read = read(&lengths(name), &file);
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{rows:?}")))?;
        prop_assert_eq!((read.account.rows, read.account.used), (times.len() as u64, times.len() as u64));
        let expected: Vec<u64> = times.iter().map(|(us, _)| *us).collect();
        prop_assert_eq!(read.all(), exact(&expected));
    }

    /// The time between two instants is read back the same, in whatever notation of either column.
    #[test]
    fn instants_are_read_back(
        tasks in prop::collection::vec((1_500_000_000_000_000_u64..1_900_000_000_000_000, 1_u64..400_000_000_000), 1..12),
        notation in 0..CLOCKS, dress in dress(),
    ) {
        // Epochs of one column are of one size.
        let rows: Vec<Vec<String>> = tasks
            .iter()
            .map(|(start, took)| vec![dated(*start, notation), dated(start + took, notation), "x".to_owned()])
            .collect();
        let file = table(dress, &["begun", "done", "rest"], &rows);
        let read = read(&between("begun", "done"), &file);
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{rows:?}")))?;
        let expected: Vec<u64> = tasks.iter().map(|(_, took)| *took).collect();
        prop_assert_eq!(read.all(), exact(&expected));
    }

    /// Plain numbers are read back the same with either decimal sign, whole or not.
    #[test]
    fn numbers_are_read_back(
        times in prop::collection::vec(10_000_u64..4_000_000_000, 2..12), comma in any::<bool>(),
        separator in prop::sample::select(vec![';', '\t', '|']),
    ) {
        let sign = if comma { ',' } else { '.' };
        let mut text = format!("id{separator}took_s\n");
        // Six digits behind the sign leave no doubt which it is.
        for us in &times {
            text += &format!("a{separator}{}{sign}{:06}\n", us / 1_000_000, us % 1_000_000);
        }
        let source = Source { unit: Some(Unit::Seconds), ..lengths("took_s") };
        prop_assert_eq!(read(&source, text.as_bytes()).map(Observed::all), Ok(exact(&times)));
    }

    /// Whatever the bytes, there are observations or a sentence; and each row is accounted for.
    #[test]
    fn bytes_make_observations_or_a_sentence(bytes in near(), columns in 0..4) {
        let source = match columns {
            0 => lengths("t_s"),
            1 => Source::new(Times::Lengths { column: "t_s".into(), upper: Some("u_s".into()) }),
            2 => Source { keep: vec!["u_s > 2".parse().expect("a condition")], ..lengths("t_s") },
            _ => between("t_s", "u_s"),
        };
        match read(&source, &bytes) {
            Ok(read) => {
                let left_out: u64 = read.account.left_out.iter().map(|left| left.rows).sum();
                prop_assert_eq!(read.account.used + left_out, read.account.rows);
                prop_assert_eq!(read.account.used, read.all().len() as u64);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// Bytes that nearly are a table.
fn near() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[
        b"t_s",
        b"u_s",
        b"t_s,u_s\n",
        b"t_s;u_s\r\n",
        b"t_s\n",
        b"\n",
        b",",
        b";",
        b"\"",
        b"1",
        b"2.5",
        b"-1",
        b"0",
        b"1e300",
        b"NaN",
        b"inf",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0",
        b" ",
        b"30,60\n",
        b"60,30\n",
        b",5\n",
        b"5,\n",
        b"7\n",
        b"{\"t_s\":1}\n",
        b"{\"t_s\":",
        b"\xe9",
        b"1714564800",
        b"2024-05-01T12:00:00Z",
        b"00:02:04",
        b"\x1f\x8b",
        b"1,5;2,5\n",
        b"1d2h",
        b"[",
        b"\r",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

#[test]
fn what_cannot_be_meant_is_refused_with_a_sentence() {
    let t = lengths("t_s");
    for (source, log, sentence) in [
        (&t, "", "the file is empty"),
        (&t, "\n\n", "the file is empty"),
        (&t, "t_s\n", "there are no rows below the header"),
        (&t, "id,ts\n1,2\n", "there is no column `t_s`: did you mean `ts`?; the header has `id`, `ts`"),
        (&t, "{\"a\":1}\n{\"a\":2}\n", "there is no column `t_s`; the header has `a`"),
        (&t, "t_s\n-5\n", "line 2: `-5` is not a time between 0 and 3650 days"),
        (&t, "t_s\nsoon\n", "1 of 1 rows cannot be read; the first: line 2: `soon` is not a duration"),
        (&t, "t_s\n0\n", "none of the 1 rows can be used: 1 took no time (first: line 2: `0`)"),
        (&t, "t_s\n\"\"\n-\n", "none of the 2 rows can be used: 2 `t_s` is empty (first: line 2)"),
        (
            &t,
            "t_s\n95000\n87001\n9900\n",
            "the median of `t_s` would be 87001s: is that right? Say --unit s if it is, or the unit that the numbers are in",
        ),
        (
            &t,
            "t_s\n1714564800\n",
            "line 2: `1714564800` is not a time between 0 and 3650 days; it looks like an instant: say --start and --end",
        ),
        (
            &t,
            "t_s\n2024-05-01 12:00:00\n",
            "`t_s` holds instants, not durations (line 2: `2024-05-01 12:00:00`): say --start and --end with the columns of both",
        ),
        (
            &t,
            "t_s\n02:04\n",
            "line 2: `02:04` may be minutes and seconds, or hours and minutes: write three parts, as 00:02:04",
        ),
        (
            &t,
            "t_s;u\n1,234;2\n",
            "line 2: `1,234` has a comma that may divide thousands or begin a fraction: say --decimal comma or --decimal point",
        ),
        (
            &t,
            "t_s;u\n1,5;2\n1,234.5;3\n",
            "some numbers have a decimal comma, others a decimal point (line 3: `1,234.5`): say --decimal comma or --decimal point",
        ),
        (
            &t,
            "t_s\n1,5\n",
            "1 of 1 rows cannot be read; the first: line 2: 2 cells, but the header has 1; a cell that has the separator in it must stand in quotation marks",
        ),
        (&t, "t_s\n1\0\n", "there are NUL bytes in it, which no text has: is the file damaged?"),
        (&t, "[{\"t_s\":1}]", "this is a JSON array: write one object a line, with `jq -c '.[]' FILE |`"),
        (&t, "PK\x03\x04", "this is a zip file or a spreadsheet: save the sheet as CSV, or unpack it"),
        (
            &lengths("t"),
            "t\n1\n",
            "what is the unit of `t`? Its name does not end in one, as `cost_time_ms` does: give the unit (ns, us, ms, s, m, h or d)",
        ),
        (
            &lengths("t"),
            "t\n1714564800\n",
            "`t` holds instants, not durations (line 2: `1714564800`): say --start and --end with the columns of both",
        ),
        (
            &Source { unit: Some(Unit::Millis), ..lengths("t") },
            "t\n1714564800\n1714564900\n",
            "the times in `t` would be about 1714564.9s and nearly the same: are they instants? Then say --start and --end",
        ),
        (
            &lengths("t"),
            "t\n400d\n500d\n",
            "the median of the times would be 12000h, which is more than a year: are these the right columns, and the right unit?",
        ),
        (
            &between("a", "b"),
            "a,b\n2024-05-01 12:00:00,2024-05-01 11:59:00\n",
            "line 2: the end `2024-05-01 11:59:00` is before the start `2024-05-01 12:00:00`",
        ),
        (
            &between("a", "b"),
            "a,b\n2024-05-01 12:00:00,2024-05-01T12:01:00Z\n",
            "`a` has dates and times without a zone, taken as UTC and `b` has dates and times with a zone: their difference cannot be known",
        ),
        (
            &between("a", "b"),
            "a,b\n1714564800,1714564900\n1714564800000,1714564900\n",
            "line 3: `1714564800000` in `a` is not written like the instants above it (epochs in s, by their size)",
        ),
        (
            &between("a", "b"),
            "a,b\n12,15\n",
            "what is the unit of `a`? Its name does not end in one, as `cost_time_ms` does: give the unit (ns, us, ms, s, m, h or d)",
        ),
        (
            &Source { keep: vec!["state = DONE".parse().expect("a condition")], ..lengths("t_s") },
            "t_s,state\n1,done\n2,failed\n3,done\n",
            "no row has state = DONE; `state` has `done`, `failed`",
        ),
        (
            &Source { keep: vec!["stat = DONE".parse().expect("a condition")], ..lengths("t_s") },
            "t_s,state\n1,done\n",
            "there is no column `stat`: did you mean `state`?; the header has `t_s`, `state`",
        ),
    ] {
        assert_eq!(refused(source, log.as_bytes()), sentence, "{log:?}");
    }
    let bounds = Source::new(Times::Lengths { column: "a".into(), upper: Some("b".into()) });
    let sentence = refused(&bounds, b"a,b\n2024-05-01 12:00:00,2024-05-01 12:01:00\n");
    assert!(sentence.starts_with("`a` holds instants, not durations"), "{sentence}");
}

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
        read.account.left_out.iter().map(|left| (left.why.words(), left.rows, left.line)).collect();
    let mut expected = vec![
        ("took no time".to_owned(), 1, 102),
        ("`took_s` is empty".to_owned(), 1, 103),
        ("`took_s` cannot be read".to_owned(), 1, 104),
        ("too few or too many cells".to_owned(), 1, 105),
        ("not state != FAILED".to_owned(), 2, 106),
    ];
    expected.sort();
    let mut found = counted.clone();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!((read.account.rows, read.account.used, read.account.unfinished), (107, 101, 1));
    assert_eq!(
        read.account.left_out.iter().find(|left| matches!(left.why, Why::Filtered(_))).map(|left| left.cell.as_str()),
        Some("FAILED")
    );
    assert!(read.all().contains(&Observation::Beyond(41e6)));
}

#[test]
fn zeros_stay_where_times_are_whole_steps() {
    let mut log = "took_s\n".to_owned();
    (0..40).for_each(|at| log += &format!("{}\n", at % 8));
    let read = read(&Source { unit: Some(Unit::Seconds), ..lengths("took_s") }, log.as_bytes()).expect("a log");
    assert_eq!((read.account.used, read.account.left_out.len()), (40, 0));
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
        "line 2: finished before the instant at which it was unfinished"
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
    assert_eq!(groups, [("", 1), ("sora", 1), ("suno", 2)]);
    let ids: String = (0..2_000).map(|id| format!("{id},5\n")).collect();
    let sentence = refused(&source, format!("model,took_s\n{ids}").as_bytes());
    assert_eq!(sentence, "`model` has more than 1000 different values: is it the column that names the model?");
}

/// A row without end, and a compressed file that is cut short: neither takes memory, both are told.
#[test]
fn bombs_are_refused() {
    let endless = std::io::Read::chain(&b"t_s\n\""[..], std::io::repeat(b'1'));
    let error = lengths("t_s").read(Box::new(endless)).expect_err("a row without end").to_string();
    assert!(error.starts_with("line 2: a row of more than 1024 KiB"), "{error}");
    let endless = std::io::Read::chain(&b"{\"t_s\":\""[..], std::io::repeat(b'1'));
    let error = lengths("t_s").read(Box::new(endless)).expect_err("a row without end").to_string();
    assert!(error.starts_with("line 1: a row of more than 1024 KiB"), "{error}");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"t_s\n").expect("memory");
    (0..50_000).for_each(|at| encoder.write_all(format!("{at}\n").as_bytes()).expect("memory"));
    let mut bytes = encoder.finish().expect("memory");
    bytes.truncate(bytes.len() / 2);
    assert_eq!(
        refused(&Source { unit: Some(Unit::Seconds), ..lengths("t_s") }, &bytes),
        "the compressed file ends early: it is damaged, or still being written"
    );
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
    assert_eq!(read.account.left_out[0].rows, 1);
    assert_eq!(read.all(), exact(&[540_000_000, 540_000_000]));
}

#[test]
fn a_decimal_sign_may_be_said() {
    let log = b"t_s;u\n1,234;x\n2,345;y\n";
    for (decimal, expected) in
        [(Decimal::Comma, [1_234_000, 2_345_000]), (Decimal::Point, [1_234_000_000, 2_345_000_000])]
    {
        let source = Source { decimal: Some(decimal), ..lengths("t_s") };
        assert_eq!(read(&source, log).map(Observed::all), Ok(exact(&expected)));
    }
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
        by_age.account.left_out.iter().map(|left| (left.why.clone(), left.rows)).collect::<Vec<_>>(),
        [(Why::Unwatched, 1)]
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
        refused(&source, b"seen_s,took_s\n50,40\n").contains("line 2: the task ended before one began to watch it")
    );
    assert!(refused(&source, b"took_s\n40\n").contains("no column `seen_s`"));
    let ranges = Times::Lengths { column: "low_s".into(), upper: Some("high_s".into()) };
    let source = Source { entered: Some("seen_s".into()), ..Source::new(ranges) };
    assert!(refused(&source, b"seen_s,low_s,high_s\n1,2,3\n").contains("goes with ends"));
}

/// A log that never ends, as one of ten gigabytes: it is read row by row, and refused where more is to be used than can be kept;
/// what is not used is not kept.
#[test]
fn a_log_without_end_is_refused_at_a_limit() {
    struct Rows(u64, &'static [u8]);
    impl std::io::Read for Rows {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = into.len() / self.1.len();
            into.chunks_exact_mut(self.1.len()).for_each(|row| row.copy_from_slice(self.1));
            self.0 += (count * self.1.len()) as u64;
            Ok(count * self.1.len())
        }
    }
    let mut rows = Rows(0, b"95,a\n");
    let endless = std::io::Read::chain(&b"t_s,state\n"[..], &mut rows);
    let error = lengths("t_s").read(Box::new(endless)).expect_err("too many rows").to_string();
    assert!(error.starts_with("more than 5000000 rows are to be used: keep fewer of them with --where"), "{error}");
    assert!(rows.0 < 5 * 5_200_000, "{} bytes were read", rows.0);
}

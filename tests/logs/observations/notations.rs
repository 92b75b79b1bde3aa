//! Whatever the notation, the separator and the encoding, the times are those that were written.

use super::support::{between, exact, lengths, read};
use crate::soak;
use pollbench::fit::Observation;
use pollbench::observations::{Decimal, Observed, Source, Times, Unit};
use proptest::prelude::*;
use std::io::Write as _;

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

    /// Filters, rows that are unfinished, and groups, in whatever dress: each kept row is where it belongs, the others are counted.
    #[test]
    fn mixtures_are_read_back(
        tasks in prop::collection::vec((1_u64..400_000_000_000, 0..NOTATIONS, 0_usize..4, 0_usize..3), 1..24), dress in dress(),
    ) {
        const STATES: [&str; 4] = ["done", "open", "skip", "déjà; vu, \"oui\""];
        const MODELS: [&str; 3] = ["sora-2", "süß", "a|b,c"];
        let row = |&(us, notation, state, model): &(u64, usize, usize, usize)| {
            vec![MODELS[model].to_owned(), written(us, notation), STATES[state].to_owned()]
        };
        let rows: Vec<Vec<String>> = tasks.iter().map(row).collect();
        let file = table(dress, &["model", "took", "state"], &rows);
        let source = Source {
            keep: vec!["state != skip".parse().expect("a condition")],
            unfinished: vec!["state = open".parse().expect("a condition")],
            by: Some("model".into()),
            ..lengths("took")
        };
        let mut expected = std::collections::BTreeMap::<String, Vec<Observation>>::new();
        for (us, _, state, model) in tasks.iter().filter(|(_, _, state, _)| STATES[*state] != "skip") {
            let seen = if STATES[*state] == "open" { Observation::Beyond } else { Observation::Exact };
            expected.entry(MODELS[*model].to_owned()).or_default().push(seen(*us as f64));
        }
        let read = read(&source, &file);
        if expected.is_empty() {
            prop_assert!(read.is_err());
            return Ok(());
        }
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{rows:?}")))?;
        let left_out: u64 = read.account.skipped.iter().map(|left| left.rows).sum();
        prop_assert_eq!((read.account.rows, read.account.used + left_out), (tasks.len() as u64, tasks.len() as u64));
        let groups: std::collections::BTreeMap<_, _> = read.groups.into_iter().collect();
        prop_assert_eq!(groups, expected);
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
                let left_out: u64 = read.account.skipped.iter().map(|left| left.rows).sum();
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
fn a_decimal_sign_may_be_said() {
    let log = b"t_s;u\n1,234;x\n2,345;y\n";
    for (decimal, expected) in
        [(Decimal::Comma, [1_234_000, 2_345_000]), (Decimal::Point, [1_234_000_000, 2_345_000_000])]
    {
        let source = Source { decimal: Some(decimal), ..lengths("t_s") };
        assert_eq!(read(&source, log).map(Observed::all), Ok(exact(&expected)));
    }
}

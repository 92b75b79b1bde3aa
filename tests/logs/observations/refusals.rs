//! What cannot be meant, and what would never end, is refused with a sentence.

use super::support::{between, lengths, refused};
use pollbench::observations::{Source, Times, Unit};
use std::io::Write as _;

#[test]
fn what_cannot_be_meant_is_refused_with_a_sentence() {
    let t = lengths("t_s");
    for (source, log, sentence) in [
        (&t, "", "the file is empty"),
        (&t, "\n\n", "the file is empty"),
        (&t, "t_s\n", "there are no rows below the header"),
        (&t, "id,ts\n1,2\n", "there is no column `t_s`: did you mean `ts`?; the header has `id`, `ts`"),
        (&t, "{\"a\":1}\n{\"a\":2}\n", "there is no field `t_s`; the first object has `a`; nested fields are not read"),
        (&t, "t_s\n-5\n", "line 2: `-5` is not a time between 0 and 3650 days"),
        (&t, "t_s\nsoon\n", "1 of 1 rows cannot be read; the first: line 2: `soon` is not a duration"),
        (&t, "t_s\n0\n", "no row can be used; left out: 1 row: took no time (first: line 2: `0`)"),
        (&t, "t_s\n\"\"\n-\n", "no row can be used; left out: 2 rows: `t_s` is empty (first: line 2)"),
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
            "line 2: `1,234` has a comma that may divide thousands or begin a fraction: say which with --decimal (in a scenario with `decimal`): comma or point",
        ),
        (
            &t,
            "t_s;u\n1,5;2\n1,234.5;3\n",
            "some numbers have a decimal comma, others a decimal point (line 3: `1,234.5`): say which with --decimal (in a scenario with `decimal`): comma or point",
        ),
        (
            &t,
            "t_s\n1,5\n",
            "1 of 1 rows cannot be read; the first: line 2: 2 cells, but the header has 1; a cell that has the separator in it must stand in quotation marks",
        ),
        (&t, "t_s,id,t_s\n1,2,3\n", "two columns are called `t_s`, the 1st and the 3rd: rename one of them"),
        (
            &lengths("t_ms"),
            "t_ms;u\n136.700;2\n950;3\n",
            "line 2: `136.700` has a point that may divide thousands or begin a fraction: say which with --decimal (in a scenario with `decimal`): comma or point",
        ),
        (&t, "ts\u{1b}[31m\n1\n", "there is no column `t_s`; the header has `ts\\u{1b}[31m`"),
        (&t, "\0\0\0\0\0\0", "there are NUL bytes in it, which no text has: is the file damaged?"),
        (&t, "t_s\n1\0\n", "there are NUL bytes in it, which no text has: is the file damaged?"),
        (&t, "[{\"t_s\":1}]", "this is a JSON array: write one object a line, with `jq -c '.[]' FILE > FILE.jsonl`"),
        (&t, "PK\x03\x04", "this is a zip file or a spreadsheet: save the sheet as CSV, or unpack it"),
        (
            &lengths("t"),
            "t\n1\n",
            "what is the unit of `t`? Its name does not end in one, as `cost_time_ms` does: give it with --unit (in a scenario with `unit`), one of ns, us, ms, s, m, h and d",
        ),
        (
            &lengths("t"),
            "t\n1714564800\n",
            "`t` holds instants, not durations (line 2: `1714564800`): say --start and --end with the columns of both",
        ),
        (
            &Source { unit: Some(Unit::Millis), ..lengths("t") },
            "t\n1714564800\n1714564900\n",
            "the times in `t` would be about 1714564.85s and nearly the same: are they instants? Then say --start and --end",
        ),
        (
            &lengths("t"),
            "t\n400d\n500d\n",
            "the median of the times would be 10800h, which is more than a year: are these the right columns, and the right unit?",
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
            "what is the unit of `a`? Its name does not end in one, as `cost_time_ms` does: give it with --unit (in a scenario with `unit`), one of ns, us, ms, s, m, h and d",
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

//! What people feed `tune` by mistake: each is answered with a sentence and exit code 2, soon and in bounded memory, and
//! nothing is written.

use crate::desk::Desk;
use std::io::{Seek as _, SeekFrom, Write as _};

#[test]
fn mistakes_are_answered_with_a_sentence() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("folder")).expect("a folder");
    let rows = |row: &dyn Fn(u32) -> String| (0..40).map(row).collect::<String>();
    let bomb = format!("took_s\n\"{}", "1".repeat(3 << 20));
    for (file, text, flags, told) in [
        ("empty.csv", String::new(), "", "the file is empty"),
        ("header.csv", "id,took_s\n".to_owned(), "", "there are no rows below the header"),
        ("column.csv", "id,tooks_s\n1,5\n".to_owned(), "", "there is no column `took_s`: did you mean `tooks_s`?"),
        (
            "censored.csv",
            format!("took_s,state\n{}", rows(&|n| format!("{},RUNNING\n", 20 + n))),
            "--unfinished state=RUNNING",
            "none of the 40 observed tasks ended",
        ),
        ("one.csv", "took_s\n95\n".to_owned(), "", "one finished task does not show how much times vary"),
        ("negative.csv", "took_s\n95\n-95\n".to_owned(), "", "line 3: `-95` is not a time"),
        (
            "mixed.csv",
            format!("took_s\n{}", rows(&|n| format!("{}\n", (90 + n) * if n % 4 == 0 { 1_000 } else { 1 }))),
            "",
            "are two units mixed? Say --unit s if all are right",
        ),
        ("zeros.csv", "\0".repeat(5_000), "", "NUL bytes"),
        ("colours.csv", "took\u{1b}[31m\n9\n".to_owned(), "", "the header has `took\\u{1b}[31m`"),
        ("nul.csv", "took_s\n9\0\n".to_owned(), "", "NUL bytes"),
        ("bomb.csv", bomb, "", "line 2: a row of more than 1024 KiB"),
        (
            "words.csv",
            format!("took_s\n{}", rows(&|_| "soon\n".to_owned())),
            "",
            "40 of 40 rows cannot be read; the first: line 2: `soon` is not a duration",
        ),
        ("instants.csv", format!("took_s\n{}", rows(&|n| format!("17145648{n:02}\n"))), "", "say --start and --end"),
        (
            "years.csv",
            format!("took\n{}", rows(&|n| format!("{}d\n", 400 + n))),
            "--column took",
            "which is more than a year",
        ),
    ] {
        desk.write(file, text);
        let column = if flags.contains("--column") { "" } else { "--column took_s" };
        let run = desk.run(&format!("tune --observed {file} {column} {flags} --out charts"));
        assert_eq!(run.code, 2, "{file}: {}{}", run.out, run.err);
        assert!(run.err.contains(told), "{file}: {told} is missing in: {}", run.err);
        assert!(!run.err.contains(['\0', '\u{1b}']), "{file}: {:?}", run.err);
        assert!(run.err.contains(file) && run.out.is_empty(), "{file}: {}{}", run.out, run.err);
    }
    let run = desk.run("tune --observed folder --column took_s");
    assert_eq!((run.code, run.err.contains("folder")), (2, true), "{}", run.err);
    let run = desk.run("tune --observed none.csv --column took_s");
    assert_eq!((run.code, run.err.contains("none.csv")), (2, true), "{}", run.err);
    // What is mixed and meant is said to be.
    assert_eq!(desk.run("tune --observed mixed.csv --column took_s --unit s --deadline 2h").code, 0);
    assert!(!desk.path("charts").exists());
}

/// A file of ten gigabytes that are all zeros, which takes no room: it is refused by its first bytes.
#[test]
fn ten_gigabytes_of_nothing_are_refused_at_once() {
    let desk = Desk::new();
    let mut file = std::fs::File::create(desk.path("huge.csv")).expect("a file");
    file.write_all(b"took_s\n").expect("a disk");
    file.seek(SeekFrom::Start(10 << 30)).expect("a sparse file");
    file.write_all(b"9\n").expect("a disk");
    drop(file);
    let run = desk.run("tune --observed huge.csv --column took_s");
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("NUL bytes"), "{}", run.err);
}

/// A column that names no models is answered with why in a few lines and exit code 1, and no poller is written; what `--by` cannot
/// heed is refused; and what was read is told before what comes of it.
#[test]
fn logs_of_many_models_are_answered_or_refused() {
    let desk = Desk::new();
    let rows: String = (0..125).map(|n| format!("job-{n},suno,{}.5\n", 20 + n)).collect();
    desk.write("jobs.csv", format!("job,model,took_s\n{rows}"));
    let flags = "tune --observed jobs.csv --column took_s";
    for more in ["", "--write-poller python", "--format json"] {
        let run = desk.run(&format!("{flags} --by job {more}"));
        assert_eq!(run.code, 1, "{more}: {}", run.err);
        assert!(run.err.contains("none of the 125 models that `job` names could be tuned"), "{more}: {}", run.err);
        assert!(run.err.contains("job-0 (1 row): left at") && run.err.contains("and 122 more"), "{more}: {}", run.err);
        assert!(run.err.lines().count() < 12, "{more}: {}", run.err);
        let said = if more.is_empty() { &run.out } else { &run.err };
        assert!(said.starts_with("read jobs.csv (CSV by commas, UTF-8): 125 of 125 rows used"), "{more}: {said}");
        assert!(more.is_empty() || run.out.is_empty(), "{more}: {}", run.out);
    }
    for more in ["--stress 2", "--webhook", "--tasks-per-day 500"] {
        let run = desk.run(&format!("{flags} --by model {more}"));
        assert_eq!(run.code, 2, "{more}: {}", run.err);
        assert!(run.err.contains("--by") && run.out.is_empty(), "{more}: {}", run.err);
    }
    let run = desk.run(&format!("{flags} --deadline 30s --max-timeout-share 0.1"));
    assert_eq!((run.code, run.out.starts_with("read jobs.csv")), (2, true), "{}{}", run.out, run.err);
    assert!(run.err.contains("more than a share 0.1 of the waits give up"), "{}", run.err);
}

/// Tasks that were unfinished for hours beside some that took two minutes: with a deadline of ten minutes no cost is of a month.
#[test]
fn tasks_that_may_never_end_cost_hours_at_most() {
    let desk = Desk::new();
    let instant = |s: u32| format!("2024-05-01 {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    let mut log = "began,ended\n".to_owned();
    for at in 0..125_u32 {
        let end = if at % 25 == 0 { String::new() } else { instant(at * 120 + 90 + at * 37 % 61) };
        log += &format!("{},{end}\n", instant(at * 120));
    }
    desk.write("jobs.csv", log);
    let run = desk.run("tune --observed jobs.csv --start began --end ended --deadline 10m --format json");
    assert_eq!(run.code, 0, "{}", run.err);
    let answer: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let costs = answer["families"].as_array().expect("families").iter().filter_map(|row| row["cost"].as_f64());
    let least = costs.fold(f64::INFINITY, f64::min);
    // One in 25 ends within ten times the four hours that were seen, if at all: 0.04 × 0.1 × 144,000 s is 576.
    assert!(least < 600.0, "{least}");
}

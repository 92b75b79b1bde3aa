//! `compare --shard`, `merge` and `--set` from outside: the same files as from one machine, and clear refusals.

use crate::desk::Desk;
use std::fs::File;
use std::process::{Command, Stdio};

/// Everything that a report's folder holds, by name.
fn folder(desk: &Desk, name: &str) -> Vec<(String, String)> {
    let mut files: Vec<String> = ["results.json", "summary.csv", "report.html", "report.md"].map(str::to_owned).into();
    let charts = std::fs::read_dir(desk.path(name).join("charts")).expect("charts");
    files.extend(charts.map(|chart| format!("charts/{}", chart.expect("a file").file_name().to_string_lossy())));
    files.sort();
    files.into_iter().map(|file| (file.clone(), desk.read(&format!("{name}/{file}")))).collect()
}

#[test]
fn shards_make_the_files_of_one_machine() {
    let desk = Desk::new();
    let what = "rate-limited --set horizon=20m --weather outage-5m --tasks 15 --replicates 3 --models sora-2";
    assert_eq!(desk.run(&format!("compare {what} --quiet --out whole")).code, 0);
    for number in 1..=4 {
        let run =
            desk.run(&format!("compare {what} --quiet --threads {number} --shard {number}/4 --partial {number}.part"));
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
    }
    // The second was run again, where the first had been killed.
    desk.run(&format!("compare {what} --quiet --shard 2/4 --partial again.part"));
    let merged = desk.run("merge 4.part 2.part again.part 1.part 3.part --out merged --format json");
    assert_eq!(merged.code, 0, "{}", merged.err);
    assert!(merged.err.contains("again.part is shard 2/4 once more; it counts once"), "{}", merged.err);
    assert_eq!(merged.out, desk.read("whole/results.json"));
    assert!(folder(&desk, "merged") == folder(&desk, "whole"));
}

#[test]
fn a_merge_that_is_not_whole_says_why_and_writes_nothing() {
    let desk = Desk::new();
    let small = "compare flaky --tasks 3 --replicates 2 --models flux-2 --quiet";
    for number in [1, 3] {
        desk.run(&format!("{small} --shard {number}/3 --partial {number}.part"));
    }
    desk.run(&format!("{small} --seed 7 --shard 2/3 --partial other.part"));
    let damaged: Vec<u8> = std::fs::read(desk.path("1.part")).expect("a file").split_last().expect("bytes").1.to_vec();
    desk.write("damaged.part", damaged);
    desk.write("text.part", "model,strategy");
    let before = desk.names();
    for (files, told) in [
        ("1.part 3.part", "shards are missing: 2/3"),
        ("1.part other.part 3.part", "other.part: it is part of another run: seed `7`"),
        ("3.part damaged.part", "damaged.part: it is damaged or cut off"),
        ("text.part", "text.part: it is damaged or cut off, or no partial file at all"),
        ("nowhere.part", "nowhere.part: No such file"),
    ] {
        let run = desk.run(&format!("merge {files} --out merged"));
        assert_eq!(run.code, 2, "{files}: {}", run.err);
        assert!(run.err.contains(told), "{files}: {}", run.err);
        assert_eq!(desk.names(), before, "{files}");
    }
}

#[test]
fn shards_and_settings_that_cannot_be_are_refused() {
    let desk = Desk::new();
    for (arguments, told) in [
        ("flaky --shard 0/4 --partial a", "there is no shard 0 of 4"),
        ("flaky --shard 5/4 --partial a", "there is no shard 5 of 4"),
        ("flaky --shard 1/2/3 --partial a", "is not a shard: write I/N"),
        ("flaky --shard auto --partial a", "no job system says which shard this is"),
        ("flaky --shard 1/4", "--shard needs --partial FILE"),
        ("flaky --partial a", "--shard"),
        ("flaky outage-5m --shard 1/4 --partial a", "--shard cuts one scenario"),
        ("flaky --shard 1/4 --partial a --engine virtual", "--shard is for the simulator"),
        ("flaky --shard 1/4 --partial nowhere/deep/a/", "cannot be written as a file"),
        ("flaky --shard 1/4 --partial /dev/full", "cannot be written as a file"),
        ("flaky --shard 1/4 --partial /proc/a", "cannot write to /proc"),
        ("flaky --shard 1/4 --partial a --per-task", "without --per-task"),
        ("flaky --shard 1/4 --partial a --until 1%", "--until looks at all replicates at once"),
        ("flaky --out /proc/a", "cannot write to /proc/a"),
        ("flaky --until cst=1%", "did you mean `cost`?"),
        ("flaky --until cost=0%", "is not a precision: write a percentage above 0%"),
        ("flaky --until cost=-1%", "is not a precision"),
        ("flaky --until cost=narrow", "is not a precision"),
        ("flaky --until peak_requests_per_s=1%", "`peak_requests_per_s` has no interval"),
        ("flaky --until cost=1% --budget 5", "a budget of 5 replicates ends before the first look: allow at least 20"),
        ("flaky --until cost=1% --engine virtual", "--until is for the simulator"),
        ("flaky --budget 50", "--until"),
        ("flaky --set faults.9.probability=0.1", "there is no `faults.9`"),
        ("flaky --set faults.0.probability=2", "must be a probability from 0 to 1"),
        ("flaky --set horizn=9m", "did you mean `horizon`?"),
        ("flaky --set horizon", "is not a setting: write PATH=VALUE"),
    ] {
        let run = desk.run(&format!("compare {arguments}"));
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(told), "{arguments}: {}", run.err);
        assert_eq!(desk.names(), [""; 0], "{arguments}");
    }
}

/// A full disk: files of more than a few hundred bytes cannot be written, and neither can `/dev/full`.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_fails_with_a_sentence_and_leaves_nothing_half_written() {
    let desk = Desk::new();
    desk.write("grid.toml", "scenario = \"flaky\"\nmodels = [\"flux-2\"]\ntasks = 3\n[axes]\nseed = [1, 2]\n");
    let small = "compare flaky --tasks 3 --replicates 2 --models flux-2 --quiet";
    assert_eq!(desk.run(&format!("{small} --shard 1/1 --partial whole.part")).code, 0);
    let before = desk.names();
    for arguments in [
        &format!("{small} --shard 1/2 --partial 1.part"),
        &format!("{small} --out out"),
        "merge whole.part --out out",
        "sweep grid.toml --out out",
    ] {
        // Who ignores the signal is told by an error, as on a disk that is full.
        let shell = format!("trap '' XFSZ; ulimit -f 1; exec {} {arguments}", env!("CARGO_BIN_EXE_pollbench"));
        let run = Command::new("sh").args(["-c", &shell]).current_dir(desk.path("")).output().expect("a shell");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{arguments}: {told}");
        assert!(told.starts_with("error: cannot write "), "{arguments}: {told}");
        let left: Vec<String> = desk.names().into_iter().filter(|name| !before.contains(name)).collect();
        assert!(left.is_empty() || left == ["out"], "{arguments}: {left:?}");
        for folder in ["out", "out/points"] {
            for entry in std::fs::read_dir(desk.path(folder)).into_iter().flatten() {
                let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
                assert!(!name.contains("tmp"), "{arguments}: {folder}/{name}");
            }
        }
    }
    let full = Stdio::from(File::create("/dev/full").expect("a device"));
    let run = Command::new(env!("CARGO_BIN_EXE_pollbench"))
        .args("merge whole.part --quiet --out merged".split(' '))
        .current_dir(desk.path(""))
        .stdout(full)
        .output()
        .expect("the program starts");
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).contains("cannot write to standard output"));
}

/// A partial file carries what its scenario reads; where that is too long, nothing is run first.
#[test]
fn a_scenario_that_reads_too_much_for_a_partial_file_is_told_before_it_runs() {
    let desk = Desk::new();
    let text = "schema_version = 1\nname = \"long\"\n[models.m]\ncompletion = { kind = \"empirical\", \
                file = \"times.csv\", column = \"time_ms\" }\n[[strategies]]\npreset = \"basic\"\n";
    desk.write("long.toml", text);
    let row = |n: u64| format!("{},{}\n", 1000 + n, "x".repeat(10_000));
    for (rows, told) in [(3_400, Some("what the scenario reads has 33 MB, most of it in `times.csv`")), (300, None)] {
        desk.write("times.csv", "time_ms,note\n".to_owned() + &(0..rows).map(row).collect::<String>());
        for what in ["--dry-run", "--partial 1.part --tasks 20 --replicates 2"] {
            let run = desk.run(&format!("compare long.toml --quiet --shard 1/1 {what}"));
            assert_eq!(run.code, if told.is_some() { 2 } else { 0 }, "{}", run.err);
            assert!(run.err.contains(told.unwrap_or_default()), "{}", run.err);
            assert_eq!(desk.path("1.part").exists(), told.is_none() && what != "--dry-run");
        }
    }
    std::fs::remove_file(desk.path("times.csv")).expect("it was there");
    assert_eq!(desk.run("merge 1.part --quiet --out merged").code, 0);
}

/// A run that goes on until a figure is known says so wherever its numbers are, and is that of as many replicates.
#[test]
fn replicates_are_added_until_a_figure_is_known() {
    let desk = Desk::new();
    let what = "compare flaky --models flux-2 --strategies basic,adaptive-hardened --tasks 30";
    let run = desk.run(&format!("{what} --until polls_per_task=2% --per-task --out until"));
    assert_eq!(run.code, 0, "{}", run.err);
    let results: serde_json::Value = serde_json::from_str(&desk.read("until/results.json")).expect("JSON");
    let (told, replicates) = (&results["run"]["until"], &results["run"]["replicates"]);
    assert_eq!(
        (&told["metric"], &told["within"], &told["ended"]),
        (&"polls_per_task".into(), &0.02.into(), &"narrow".into())
    );
    assert_eq!(told["looks"].as_array().and_then(|looks| looks.last()), Some(replicates));
    let said = format!("polls_per_task (mean) is known within 2 % everywhere after {replicates} replicates");
    assert!(run.err.contains(&said), "{}", run.err);
    assert!(desk.read("until/report.html").contains(&said));
    assert!(desk.read("until/report.html").contains("--until polls_per_task=2%"));
    assert_eq!(desk.run(&format!("{what} --replicates {replicates} --per-task --quiet --out plain")).code, 0);
    for file in ["summary.csv", "tasks.csv"] {
        assert!(desk.read(&format!("until/{file}")) == desk.read(&format!("plain/{file}")), "{file}");
    }
    let run = desk.run(&format!("{what} --until cost=0.1% --budget 25 --quiet --out budget"));
    assert_eq!(run.code, 0);
    assert!(run.err.contains("warning: the budget of 25 replicates ended before cost (mean)"), "{}", run.err);
}

#[test]
fn a_dry_run_says_what_a_shard_would_cost() {
    let desk = Desk::new();
    let run = desk.run("compare documented --strategies adaptive --shard 2/7 --dry-run");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("shard 2/7: 17 of 120 pieces, 8500 of 60000 waits, about "), "{}", run.out);
    assert_eq!(desk.names(), [""; 0]);
}

//! `compare --shard`, `merge` and `--set` from outside: the same files as from one machine, and clear refusals.

#![cfg(feature = "cli")]

#[path = "support/desk.rs"]
mod desk;

use desk::Desk;

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
        ("flaky --shard 1/2/3 --partial a", "is no shard: write I/N"),
        ("flaky --shard auto --partial a", "no job system says which shard this is"),
        ("flaky --shard 1/4", "--shard needs --partial FILE"),
        ("flaky --partial a", "--shard"),
        ("flaky outage-5m --shard 1/4 --partial a", "--shard cuts one scenario"),
        ("flaky --shard 1/4 --partial a --engine virtual", "--shard is for the simulator"),
        ("flaky --shard 1/4 --partial nowhere/deep/a/", "is no file to write into"),
        ("flaky --set faults.9.probability=0.1", "there is no `faults.9`"),
        ("flaky --set faults.0.probability=2", "must be a probability from 0 to 1"),
        ("flaky --set horizn=9m", "did you mean `horizon`?"),
        ("flaky --set horizon", "is no setting: write PATH=VALUE"),
    ] {
        let run = desk.run(&format!("compare {arguments}"));
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(told), "{arguments}: {}", run.err);
        assert_eq!(desk.names(), [""; 0], "{arguments}");
    }
}

#[test]
fn a_dry_run_says_what_a_shard_would_cost() {
    let desk = Desk::new();
    let run = desk.run("compare documented --strategies adaptive --shard 2/7 --dry-run");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("shard 2/7: 17 of 120 pieces, 8500 of 60000 waits, about "), "{}", run.out);
    assert_eq!(desk.names(), [""; 0]);
}

//! `pollbench sweep` from outside: a grid of points, resumed and shared, and clear refusals.

use crate::desk::Desk;
use serde_json::Value;

const GRID: &str = "\
scenario = \"rate-limited\"
models = [\"sora-2\"]
strategies = [\"basic\", \"adaptive-hardened\"]
tasks = 30
replicates = 3
[axes]
\"faults.0.rate_per_s\" = { from = 0.5, to = 50, steps = 3, scale = \"log\" }
\"models.sora-2.completion.median\" = [\"60s\", \"190s\"]
";

fn files(desk: &Desk, folder: &str) -> Vec<String> {
    ["sweep.csv", "sweep.json", "sweep.html"].map(|file| desk.read(&format!("{folder}/{file}"))).into()
}

/// A point of a grid is what `compare --set` finds there; whatever was done before or elsewhere, the files are the same.
#[test]
fn a_grid_is_the_sum_of_its_points() {
    let desk = Desk::new();
    desk.write("grid.toml", GRID);
    let whole = desk.run("sweep grid.toml --quiet --out whole");
    assert_eq!((whole.code, whole.err.as_str()), (0, ""));
    assert!(
        whole.out.starts_with("sora-2: where it leaves its plateau as faults.0.rate_per_s changes")
            && whole.out.contains("as models.sora-2.completion.median changes"),
        "{}",
        whole.out
    );
    let json: Value = serde_json::from_str(&desk.read("whole/sweep.json")).expect("JSON");
    assert_eq!(json["points"].as_array().expect("points").len(), 6);
    assert_eq!(json["axes"][0]["values"], serde_json::json!(["0.5", "5", "50"]));

    let what = "rate-limited --models sora-2 --strategies basic,adaptive-hardened --tasks 30 --replicates 3";
    let set = "--set faults.0.rate_per_s=5 --set models.sora-2.completion.median=190s";
    let one: Value =
        serde_json::from_str(&desk.run(&format!("compare {what} {set} --format json --quiet")).out).expect("JSON");
    let point = &json["points"][3];
    assert_eq!(point["values"], serde_json::json!(["5", "190s"]));
    assert_eq!((&point["digest"], &point["cells"]), (&one["run"]["digest"], &one["cells"]));

    // In two parts, the second of which lost a point and has a damaged one.
    for part in ["1/2", "2/2"] {
        assert_eq!(desk.run(&format!("sweep grid.toml --quiet --threads 1 --shard {part} --out parts")).code, 0);
    }
    std::fs::remove_file(desk.path("parts/points/00005.json")).expect("it was there");
    desk.write("parts/points/00006.json", "{");
    assert_eq!(desk.run("sweep grid.toml --quiet --resume --out parts").code, 0);
    assert!(files(&desk, "parts") == files(&desk, "whole"));

    // Points of another grid are not taken.
    desk.write("grid.toml", GRID.replace("tasks = 30", "tasks = 31"));
    assert_eq!(desk.run("sweep grid.toml --quiet --resume --out parts").code, 0);
    assert!(files(&desk, "parts") != files(&desk, "whole"));
}

#[test]
fn a_grid_that_cannot_be_is_refused_with_its_line() {
    let desk = Desk::new();
    for (from, to, told) in [
        ("0.5, to = 50", "-1, to = 50", "grid.toml:7:25"),
        ("scale = \"log\"", "scale = \"log\", step = 3", "a range has no key `step`"),
        ("\"60s\", \"190s\"", "\"60s\", \"ninety\"", "models.sora-2.completion.median = ninety: "),
        ("\"60s\", \"190s\"", "\"60s\", \"ninety\"", "grid.toml:8:"),
        ("\"60s\", \"190s\"", "\"60s\", true", "grid.toml:8:"),
        ("\"60s\", \"190s\"", "\"60s\", -3", "grid.toml:8:"),
        ("faults.0.rate", "faults.7.rate", "there is no `faults.7`"),
        ("completion.median", "completion.medan", "did you mean `median`?"),
        ("\"rate-limited\"", "\"rate-limitd\"", "did you mean `rate-limited`?"),
        ("tasks = 30", "tasks = 3000000000", "tasks in all 6 points are more than 10000000000"),
        ("models = [\"sora-2\"]", "models = [\"sora\"]", "has no model `sora`"),
    ] {
        desk.write("grid.toml", GRID.replace(from, to));
        let run = desk.run("sweep grid.toml");
        assert_eq!(run.code, 2, "{to}: {}", run.err);
        assert!(run.err.contains(told), "{to}: {}", run.err);
        assert_eq!(desk.names(), ["grid.toml"], "{to}");
    }
    assert_eq!(desk.run("sweep nowhere.toml").code, 2);
    desk.write("grid.toml", GRID);
    for (arguments, told) in [
        ("--shard 0/4", "there is no shard 0 of 4"),
        ("--shard 5/4", "there is no shard 5 of 4"),
        ("--out grid.toml/out", "is not a folder"),
        ("--out /proc/out", "cannot write to /proc"),
        ("--until cst=1%", "did you mean `cost`?"),
        ("--until cost=1% --budget 19", "rate-limited: a budget of 19 replicates ends before the first look"),
    ] {
        let run = desk.run(&format!("sweep grid.toml {arguments}"));
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(told), "{arguments}: {}", run.err);
        assert_eq!(desk.names(), ["grid.toml"], "{arguments}");
    }
    desk.write("grid.toml", GRID);
    let run = desk.run("sweep grid.toml --dry-run");
    assert_eq!((run.code, run.out.as_str()), (0, "6 points, 540 tasks, each under 2 strategies\n"));
}

/// Each point goes on for itself; points that were to go on otherwise are run again.
#[test]
fn points_go_on_until_a_figure_is_known() {
    let desk = Desk::new();
    desk.write("grid.toml", GRID);
    let run = desk.run("sweep grid.toml --quiet --until cost=4% --budget 60 --out until");
    assert_eq!(run.code, 0, "{}", run.err);
    let looks = |folder: &str| -> Vec<u64> {
        let of_point = |number| {
            let kept: Value =
                serde_json::from_str(&desk.read(&format!("{folder}/points/0000{number}.json"))).expect("JSON");
            assert_eq!(kept["results"]["run"]["until"]["metric"], "cost");
            kept["results"]["run"]["replicates"].as_u64().expect("a number")
        };
        (1..=6).map(of_point).collect()
    };
    let first = looks("until");
    assert!(first.iter().all(|replicates| (20..=60).contains(replicates)), "{first:?}");
    assert!(first.iter().any(|replicates| *replicates != first[0]), "{first:?}");
    let page = desk.read("until/sweep.html");
    assert!(page.contains("pollbench sweep grid.toml --until cost=4% --budget 60"), "the command");
    let before = std::fs::metadata(desk.path("until/points/00001.json")).expect("a file").modified().expect("a time");
    assert_eq!(desk.run("sweep grid.toml --quiet --until cost=4% --budget 60 --resume --out until").code, 0);
    let after = std::fs::metadata(desk.path("until/points/00001.json")).expect("a file").modified().expect("a time");
    assert_eq!(before, after, "it was taken as it was");
    assert_eq!(desk.run("sweep grid.toml --quiet --until cost=4% --budget 21 --resume --out until").code, 0);
    assert!(looks("until").iter().all(|replicates| *replicates <= 21));
}

#[test]
fn zipped_axes_move_together() {
    let desk = Desk::new();
    desk.write("grid.toml", GRID.replace("[axes]", "mode = \"zip\"\n[axes]").replace("steps = 3", "steps = 2"));
    assert_eq!(desk.run("sweep grid.toml --quiet --out out").code, 0);
    let json: Value = serde_json::from_str(&desk.read("out/sweep.json")).expect("JSON");
    let values: Vec<&Value> = json["points"].as_array().expect("points").iter().map(|point| &point["values"]).collect();
    assert_eq!(values, [&serde_json::json!(["0.5", "60s"]), &serde_json::json!(["50", "190s"])]);
}

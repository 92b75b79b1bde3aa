//! Several scenarios side by side, on the command line and as pages.

use pollbench::engine::compare::compare;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::measure::results::{Cell, Results};
use pollbench::report::matrix::{Matrix, Panel};
use pollbench::report::table::Style;
use pollbench::scenario::Scenario;
use pollbench::scenario::narrow::Overrides;
use pollbench::scenario::shipped::load;
use std::path::Path;
use std::process::{Command, Output};

/// Small runs of shipped scenarios, under every strategy that they have.
fn ran(names: &[&str]) -> Vec<(Scenario, Results)> {
    let size = Overrides { tasks: Some(30), replicates: Some(2), ..Overrides::default() };
    let one = |name: &&str| {
        let scenario = load(name).expect("shipped").narrowed(&size).expect("a size");
        let compared =
            compare(&Plan::new(&scenario), Options { threads: 1, ..Options::default() }, &Control::default(), None);
        let results = compared.expect("not stopped").results;
        (scenario, results)
    };
    names.iter().map(one).collect()
}

fn with<T>(names: &[&str], look: impl FnOnce(&Matrix<'_>) -> T) -> T {
    let ran = ran(names);
    let parts: Vec<Panel<'_>> =
        ran.iter().map(|(scenario, results)| Panel { label: &scenario.name, scenario, results }).collect();
    look(&Matrix { parts: &parts, command: "pollbench compare flaky calm" })
}

/// Promise: every square is on the terminal, whatever its width, and no line is longer than that.
#[test]
fn the_terminal_has_every_scenario_at_every_width() {
    with(&["calm", "flaky", "outage-5m", "rate-limited", "webhook-lossy"], |matrix| {
        for width in [40, 60, 80, 120, 200] {
            let text = matrix.table(Style { width, colour: false });
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(longest <= width, "{longest} at {width}:\n{text}");
            for part in matrix.parts {
                assert!(text.contains(part.label), "{} at {width}", part.label);
            }
            assert!(text.is_ascii(), "{text}");
        }
        let wide = matrix.table(Style { width: 200, colour: false });
        let row = wide.lines().find(|line| line.starts_with("adaptive ")).expect("a row");
        let lossy = row.matches('%').count();
        assert!(
            lossy > 0 && row.split_whitespace().count() == 1 + 5 + lossy,
            "a cost each, and a share where lost: {row}"
        );
    });
}

/// Promise: a square that loses tasks says which mistake loses them; colour is never the only sign.
#[test]
fn what_loses_tasks_is_named() {
    with(&["flaky", "webhook-lossy"], |matrix| {
        let (html, markdown) = (matrix.html(), matrix.markdown());
        for name in ["one error ends all", "first error ends it", "never polls"] {
            assert!(html.contains(&format!("<small>{name}</small>")), "{name}");
            assert!(markdown.contains(name), "{name}");
        }
        let squares = html.matches("<td class=\"loses").count();
        assert_eq!(html.matches(" still retrievable by id at the horizon\"").count(), squares);
        assert!(!html.contains("http://") && !html.contains("https://") && !html.contains(" src="), "one file");
    });
}

/// Promise: `grid.json` holds the cells of every scenario as its own `results.json` does, each with its scenario.
#[test]
fn programs_get_every_cell_with_its_scenario() {
    with(&["flaky", "webhook-lossy"], |matrix| {
        let grid: serde_json::Value = serde_json::from_str(&matrix.json()).expect("JSON");
        let cells = grid["cells"].as_array().expect("cells");
        let expected: Vec<(&str, &Cell)> = matrix
            .parts
            .iter()
            .flat_map(|part| part.results.cells.iter().map(|cell| (part.scenario.name.as_str(), cell)))
            .collect();
        assert_eq!(cells.len(), expected.len());
        for (found, (scenario, cell)) in cells.iter().zip(expected) {
            assert_eq!(found["scenario"], scenario);
            let mut found = found.clone();
            found.as_object_mut().expect("an object").remove("scenario");
            assert_eq!(
                found,
                serde_json::from_str::<serde_json::Value>(&serde_json::to_string(cell).expect("plain data"))
                    .expect("JSON")
            );
        }
        let csv = matrix.csv();
        let mut lines = csv.lines();
        assert_eq!(lines.next(), Some("scenario,model,strategy,metric,stat,value,ci_low,ci_high,unit,n"));
        assert!(lines.all(|line| line.starts_with("flaky,") || line.starts_with("webhook-lossy,")));
    });
}

fn pollbench(folder: &Path, arguments: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_pollbench")).args(arguments).current_dir(folder).output();
    run.expect("the program starts")
}

/// Promise: each scenario has its own report in a folder of its name, the grid stands beside them, and both are the same
/// on any number of threads.
#[test]
fn a_grid_is_written_beside_its_scenarios() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = ["--tasks", "20", "--replicates", "2", "--strategies", "basic,basic-hardened", "--quiet"];
    for threads in ["1", "3"] {
        let out = format!("out{threads}");
        let flags = ["compare", "documented", "--weather", "calm,flaky,outage-5m", "--out", &out, "--threads", threads];
        let ran = pollbench(folder.path(), &[&flags[..], &small].concat());
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        assert!(String::from_utf8_lossy(&ran.stdout).contains("outage-5m"));
    }
    for name in [
        "grid.html",
        "grid.md",
        "grid.json",
        "grid.csv",
        "documented-calm/report.html",
        "documented-flaky/results.json",
        "documented-outage-5m/summary.csv",
    ] {
        let read = |out: &str| {
            std::fs::read(folder.path().join(out).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        assert!(read("out1") == read("out3"), "{name}");
    }
    let twice = pollbench(folder.path(), &["compare", "flaky", "flaky", "--out", "twice"]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&twice.stderr).contains("two of the scenarios are called `flaky`"));
    assert!(!folder.path().join("twice").exists());
    let unknown = pollbench(folder.path(), &["compare", "--weather", "flakey", "--out", "unknown"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean `flaky`?"));
}

//! The program from outside: output, exit codes, and what is written.

use crate::desk::Desk;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

const SMALL: &str = "schema_version = 1\nname = \"small\"\ntasks = 30\nreplicates = 8\n[network]\nrtt = \"100ms\"\n\
    [models.nano-banana]\ncompletion = \"lognormal(median=20s, sigma=0.5)\"\n\
    [[strategies]]\npreset = \"basic\"\n[[strategies]]\npreset = \"adaptive\"\n[[strategies]]\npreset = \"concurrent\"\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn compare_prints_results_and_writes_the_whole_folder() {
    let desk = Desk::new();
    desk.write("small.toml", SMALL);
    let run = desk.run("compare small.toml --per-task --format json");
    assert_eq!((run.code, run.err.trim()), (0, "report: reports/small/report.html"));
    assert_eq!(run.out, desk.read("reports/small/results.json"));
    let results = json(&run.out);
    assert_eq!(results["run"]["tasks"], 30);
    for cell in results["cells"].as_array().expect("cells") {
        let outcomes = cell["outcomes"].as_object().expect("outcomes");
        assert_eq!(outcomes.values().filter_map(Value::as_u64).sum::<u64>(), 240);
    }
    for file in ["report.html", "report.md", "summary.csv", "tasks.csv", "charts/nano-banana-pareto.svg"] {
        assert!(desk.path("reports/small").join(file).is_file(), "{file}");
    }
    let tasks = desk.read("reports/small/tasks.csv");
    let (head, rows) = tasks.split_once('\n').expect("a header");
    assert_eq!(
        head,
        "model,strategy,replicate,task,submitted_ms,wait_start_ms,done_ms,truth,outcome,settled_ms,polls,delay_ms,requests,cost"
    );
    assert_eq!(rows.lines().count(), 3 * 240);
}

#[test]
fn every_format_is_printed_alone_under_quiet() {
    let desk = Desk::new();
    desk.write("small.toml", SMALL);
    for (format, start) in
        [("table", "nano-banana"), ("json", "{"), ("csv", "model,strategy,metric"), ("markdown", "#")]
    {
        let run = desk.run(&format!("compare small.toml --quiet --format {format} --threads 1"));
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{format}");
        assert!(run.out.starts_with(start), "{format}: {}", run.out);
    }
}

#[test]
fn gates_decide_the_exit_code() {
    let desk = Desk::new();
    let gate = |gate: &str, flags: &str| {
        desk.write("gated.toml", format!("{SMALL}[[gates]]\nstrategy = \"basic\"\n{gate}\n"));
        let run = desk.run(&format!("compare gated.toml --format json {flags}"));
        (run.code, json(&run.out)["gates"][0]["verdict"].as_str().expect("a verdict").to_owned())
    };
    assert_eq!(gate("metric = \"lost\"\nmax = 0", ""), (0, "pass".to_owned()));
    assert_eq!(gate("metric = \"success\"\nmin = 241", ""), (3, "fail".to_owned()));
    assert_eq!(gate("metric = \"detection_delay_ms\"\nstat = \"p95\"\nmax = 1.0", "--strict"), (3, "fail".to_owned()));
    // The mean delay of a fixed 3.1 s period is near 1.6 s.
    let close = "metric = \"detection_delay_ms\"\nmax = 1600";
    assert_eq!(gate(close, ""), (0, "undecided".to_owned()));
    assert_eq!(gate(close, "--strict"), (4, "undecided".to_owned()));
}

#[test]
fn bad_input_is_refused_and_nothing_is_written() {
    let desk = Desk::new();
    desk.write("small.toml", SMALL);
    desk.write("latin1.toml", b"name = \"\xe9\"");
    desk.write("typo.toml", SMALL.replace("replicates", "replicate"));
    desk.write("empty.toml", "");
    desk.write(
        "csv.toml",
        SMALL.replace(
            "\"lognormal(median=20s, sigma=0.5)\"",
            "{ kind = \"empirical\", file = \"none.csv\", column = \"t\" }",
        ),
    );
    desk.write("file", "");
    let before = desk.names();
    for (arguments, message) in [
        ("compare typo.toml", "did you mean `replicates`?"),
        ("compare latin1.toml", "not UTF-8"),
        ("compare empty.toml", "schema_version"),
        ("compare csv.toml", "none.csv"),
        ("compare missing.toml", "missing.toml"),
        ("compare documentd", "did you mean `documented`?"),
        ("compare small.toml --models sora", "has no model `sora`"),
        ("compare small.toml --strategies basik", "did you mean `basic`?"),
        ("compare small.toml --tasks 0", "at least 1"),
        ("compare small.toml --tasks 1000000000000", "more than 10000000000"),
        ("compare small.toml --threads 0", "threads"),
        ("compare small.toml --out file/below", "is not a folder"),
        ("compare small.toml --engine quantum", "quantum"),
        ("trace --strategy basik", "unknown strategy `basik`"),
        ("trace --strategy basic --completes-at soon", "soon"),
        ("trace --case missing.json", "missing.json"),
        ("validate typo.toml small.toml", "did you mean `replicates`?"),
        ("diff small.toml small.toml", "not a results file"),
        ("diff missing.json missing.json", "missing.json"),
        ("list nothing", "nothing"),
    ] {
        let run = desk.run(arguments);
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(message), "{arguments}: {}", run.err);
    }
    assert_eq!(desk.names(), before);
}

/// Beside a log, `--model` names the guide's settings to compare with: those of no other model.
#[test]
fn observed_times_are_compared_with_the_settings_of_the_model_that_was_named() {
    let desk = Desk::new();
    let log: String = (100..140).fold("took_s\n".to_owned(), |log, s| log + &format!("{s}\n"));
    desk.write("took.csv", &log);
    let guide = |arguments: &str| {
        let run = desk.run_with(&format!("tune {arguments} --column took_s --format json"), &log);
        assert_eq!(run.code, 0, "{arguments}: {}", run.err);
        let rows = json(&run.out)["documented"].as_array().expect("rows").clone();
        let row = rows.into_iter().find(|row| row["strategy"] == "adaptive").expect("the guide's strategy");
        row["polls"].as_f64().expect("a number")
    };
    // The guide asks `sora-2` first after 60 s and every 15 s from then on, a model of which it says nothing every 5 s.
    let sora = guide("--observed took.csv --model sora-2");
    assert!((4.0..7.0).contains(&sora), "{sora}");
    assert!(guide("--observed - --model sora-2") == sora);
    assert!(guide("--observed took.csv --model another") > sora + 5.0);
    let tenths: String = (100..140).fold("took_s;of\n".to_owned(), |log, s| log + &format!("{s},500;a\n"));
    desk.write("tenths.csv", &tenths);
    assert!((guide("--observed tenths.csv --decimal comma --model sora-2") - sora).abs() < 1.0);
    for (arguments, message) in [
        ("tune --observed none.csv --model sora-2", "none.csv"),
        ("tune --observed took.csv --model sora-2", "cost_time_ms"),
        ("tune --observed took.csv --column took_s --unit parsec --model sora-2", "parsec"),
        ("tune --observed tenths.csv --column took_s --model sora-2", "--decimal"),
        ("tune --observed took.csv --column took_s --model", "--model"),
    ] {
        let run = desk.run(arguments);
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(message) && run.out.is_empty(), "{arguments}: {}", run.err);
    }
    assert_eq!(desk.names(), ["tenths.csv", "took.csv"]);
}

#[test]
fn a_case_comes_from_standard_input() {
    let case = r#"{"strategy": "resilient", "rtt_ms": 100, "task": {"completion_ms": 12500}, "replies": {"1": {"kind": "reset"}}}"#;
    let run = Desk::new().run_with("trace --case - --format json", case);
    let trace = json(&run.out);
    let sent: Vec<f64> = trace["requests"]
        .as_array()
        .expect("requests")
        .iter()
        .filter_map(|request| request["sent_ms"].as_f64())
        .collect();
    // The reset reply is there at 3.2 s, the retry follows a second later.
    assert_eq!(sent, [0.0, 3_100.0, 4_200.0, 7_300.0, 10_400.0, 13_500.0]);
    assert_eq!((trace["outcome"].as_str(), trace["settled_ms"].as_f64()), (Some("success"), Some(13_600.0)));
    let bad = Desk::new().run_with("trace --case -", r#"{"strategy": "basic", "task": {}, "replys": {}}"#);
    assert_eq!(bad.code, 2);
    assert!(bad.err.contains("replys"), "{}", bad.err);
}

#[test]
fn diff_pairs_the_same_tasks_and_finds_no_difference_in_a_run_and_itself() {
    let desk = Desk::new();
    desk.write("small.toml", SMALL);
    for out in ["a", "b"] {
        assert_eq!(desk.run(&format!("compare small.toml --quiet --per-task --out {out}")).code, 0);
    }
    let same = json(&desk.run("diff a b --format json").out);
    for row in same["rows"].as_array().expect("rows") {
        assert_eq!(row["verdict"], "same", "{row}");
    }
    desk.write(
        "slower.toml",
        SMALL.replace("preset = \"basic\"", "preset = \"basic\"\nschedule = { kind = \"fixed\", interval = \"9s\" }"),
    );
    assert_eq!(desk.run("compare slower.toml --quiet --per-task --out c").code, 0);
    let slower = json(&desk.run("diff a c --format json").out);
    let verdict = |strategy: &str, metric: &str| {
        let rows = slower["rows"].as_array().expect("rows").iter();
        let mut found = rows.filter(|row| row["strategy"] == strategy && row["metric"] == metric);
        let row = found.next().expect("a row");
        (row["paired"].as_bool().expect("a flag"), row["verdict"].as_str().expect("a word").to_owned())
    };
    assert_eq!(verdict("basic", "polls_per_task"), (true, "fewer".to_owned()));
    assert_eq!(verdict("basic", "detection_delay_ms"), (true, "slower".to_owned()));
    assert_eq!(verdict("adaptive", "polls_per_task"), (true, "same".to_owned()));
    for row in slower["rows"].as_array().expect("rows") {
        let [a, b, difference] = ["a", "b", "difference"].map(|name| row[name].as_f64().expect("a figure"));
        assert_eq!(row["paired"], true, "{row}");
        assert!((b - a - difference).abs() < 1e-6 * (a.abs() + b.abs()), "one row is over the same tasks: {row}");
    }
    // Of another seed, and without its tasks, a run is no pair; of itself it is the same still.
    assert_eq!(desk.run("compare small.toml --quiet --per-task --seed 77 --out d").code, 0);
    let other = json(&desk.run("diff a d --format json").out);
    assert!(other["rows"].as_array().expect("rows").iter().all(|row| row["paired"] == false), "{other}");
    std::fs::remove_file(desk.path("a/tasks.csv")).expect("it was written");
    let same = json(&desk.run("diff a b --format json").out);
    assert!(same["rows"].as_array().expect("rows").iter().all(|row| row["verdict"] == "same"), "{same}");
}

/// A folder that is written again holds nothing of the run before, and `diff` notices tasks of another run.
#[test]
fn results_and_tasks_of_a_folder_belong_together() {
    let desk = Desk::new();
    desk.write("small.toml", SMALL);
    let compare = |arguments: &str| assert_eq!(desk.run(&format!("compare small.toml --quiet {arguments}")).code, 0);
    compare("--seed 1 --per-task --out a");
    let of_seed_1 = desk.read("a/tasks.csv");
    compare("--seed 2 --out a");
    assert!(!desk.path("a/tasks.csv").exists());
    compare("--seed 2 --per-task --out b");
    assert_eq!(desk.run("diff a b").code, 0);
    desk.write("a/tasks.csv", of_seed_1);
    let run = desk.run("diff a b");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("not those of results.json"), "{}", run.err);
}

#[test]
fn engines_are_chosen_with_care() {
    for (arguments, message) in [
        ("compare --engine real", "invalid value 'real'"),
        ("compare --base-url http://127.0.0.1", "--base-url is for the engine `wire`"),
        ("compare --engine virtual --time-scale 60", "--time-scale is for the engine `wire`"),
        ("compare --engine wire --time-scale 0", "a time scale is from"),
        ("compare --engine wire --base-url https://api.apixo.ai --api-key k", "say --i-will-pay"),
        ("serve --addr nowhere", "invalid value 'nowhere'"),
        ("serve flakyy", "did you mean `flaky`?"),
    ] {
        let run = Desk::new().run(arguments);
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(message), "{}", run.err);
    }
}

/// A mock that was told to stop when it is dropped.
struct Served(std::process::Child, String);

impl Served {
    fn start(arguments: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pollbench"))
            .args("serve --addr 127.0.0.1:0".split(' ').chain(arguments.split_whitespace()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut first = String::new();
        let out = child.stdout.as_mut().expect("piped");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut first).expect("a line");
        let base = first.trim().strip_prefix("listening on ").expect("where it listens").to_owned();
        Self(child, base)
    }

    /// Sends a signal and waits for the end: the exit code.
    fn stop(mut self, signal: &str) -> Option<i32> {
        let kill = Command::new("kill").args([signal, &self.0.id().to_string()]).status();
        assert!(kill.expect("there is such a program").success());
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

#[cfg(unix)]
#[test]
fn a_server_stops_when_told_and_lets_no_second_one_have_its_port() {
    let (first, second) = (Served::start("--api-key right --time-scale 1000"), Served::start(""));
    let address = first.1.strip_prefix("http://").expect("a URL").to_owned();
    let run = Desk::new().run(&format!("serve --addr {address}"));
    assert_eq!(run.code, 1);
    assert!(run.err.contains("another server has that port"), "{}", run.err);
    // The first one is none the worse for it.
    let arguments = "compare documented --models nano-banana --strategies basic --tasks 2 --replicates 1 --quiet \
                     --engine wire --time-scale 1000 --max-lateness 1h --format json";
    let desk = Desk::new();
    let run = desk.run(&format!("{arguments} --base-url {} --api-key right", first.1));
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(json(&run.out)["cells"][0]["outcomes"]["rejected"], 0);
    let run = desk.run(&format!("{arguments} --base-url {} --api-key wrong", first.1));
    assert!(run.code == 1 && run.err.contains("Invalid or missing API key"), "{}", run.err);
    assert_eq!(first.stop("-INT"), Some(130));
    assert_eq!(second.stop("-TERM"), Some(0));
    let run = desk.run(&format!("{arguments} --base-url http://{address} --api-key right"));
    assert!(run.code == 1 && run.err.contains("refused"), "{}", run.err);
}

#[test]
fn the_engine_virtual_finds_what_the_simulator_finds() {
    let desk = Desk::new();
    let digest = |engine: &str| {
        let arguments = "compare flaky --tasks 5 --replicates 1 --models flux-2 --format json --quiet";
        let run = desk.run(&format!("{arguments} --engine {engine} --out {engine}"));
        assert_eq!(run.code, 0, "{}", run.err);
        (json(&run.out)["run"]["digest"].clone(), json(&run.out)["run"]["engine"].clone())
    };
    let (sim, of) = (digest("sim"), digest("virtual"));
    assert_eq!((sim.0, "virtual"), (of.0, of.1.as_str().expect("a word")));
}

#[test]
fn lists_and_schema_are_json_on_request() {
    let desk = Desk::new();
    for what in ["strategies", "scenarios", "models", "faults", "distributions"] {
        let rows = json(&desk.run(&format!("list {what} --format json")).out);
        assert!(rows.as_array().expect("an array").iter().all(|row| row["name"].is_string()), "{what}");
        assert!(!desk.run(&format!("list {what}")).out.is_empty());
    }
    assert!(json(&desk.run("schema").out)["properties"]["models"].is_object());
    assert_eq!(desk.names(), Vec::<String>::new());
}

#[test]
fn shipped_files_are_valid_and_every_help_has_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let desk = Desk::new();
    for shipped in pollbench::scenario::shipped::SHIPPED {
        let file = root.join("scenarios").join(format!("{}.toml", shipped.name));
        let run = desk.run(&format!("validate {}", file.display()));
        assert_eq!(run.code, 0, "{}", run.err);
    }
    for command in ["", "compare", "trace", "diff", "lab", "list", "serve", "validate", "schema"] {
        let run = desk.run(&format!("{command} --help"));
        assert!(run.code == 0 && run.out.contains("Example"), "{command}");
    }
}

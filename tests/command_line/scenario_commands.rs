//! Commands around scenarios: `show`, `init`, models of one's own logs, and what shells and readers of manuals need.
use crate::desk::Desk;
use pollbench::fit::{Fit, Observation};
use pollbench::scenario::shipped::SHIPPED;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A log of times in seconds, and the observations that it holds.
fn log() -> (String, Vec<Observation>) {
    let seconds: Vec<f64> = (0..120).map(|n| 20.0 + f64::from(n * 37 % 101) / 4.0).collect();
    let rows: String = seconds.iter().map(|s| format!("ok,{s}\n")).collect();
    (format!("state,took_s\nfailed,1\n{rows}"), seconds.iter().map(|s| Observation::Exact(s * 1e6)).collect())
}

/// Promise: a scenario is shown as it is written, byte for byte, and what is set stands in the text that is shown, which is
/// then a scenario itself.
#[test]
fn a_scenario_is_shown_as_it_is_written() {
    let desk = Desk::new();
    for shipped in SHIPPED {
        let run = desk.run(&format!("show {}", shipped.name));
        assert_eq!((run.code, run.out.as_str()), (0, shipped.text), "{}", shipped.name);
    }
    let run = desk.run("show documented --set horizon=20m --set models.sora-2.stuck_probability=0.5");
    desk.write("mine.toml", &run.out);
    assert!(run.out.contains("horizon = \"20m\""), "{}", run.out);
    let again = desk.run("show mine.toml --format json");
    assert_eq!(again.code, 0, "{}", again.err);
    let again = json(&again.out);
    assert_eq!((&again["horizon_ms"], &again["models"]["sora-2"]["stuck_probability"]), (&1.2e6.into(), &0.5.into()));
}

/// Promise: everything is resolved: the quantiles of a distribution that is written as ever, a table of instants for what is planned,
/// the weather's faults, the defaults that no file names.
#[test]
fn a_resolved_scenario_leaves_nothing_to_look_up() {
    let desk = Desk::new();
    let run = desk.run("show documented --weather flaky --models sora-2 --strategies optimal,adaptive --format json");
    assert_eq!(run.code, 0, "{}", run.err);
    let shown = json(&run.out);
    assert_eq!(shown["name"], "documented-flaky");
    // A lognormal distribution: its median as written, p95 = median × exp(1.6449 sigma), mean = median × exp(sigma²/2).
    let (distribution, figures) =
        (&shown["models"]["sora-2"]["completion"], &shown["models"]["sora-2"]["completion_ms"]);
    let sigma = distribution["sigma"].as_f64().expect("a number");
    let close = |key: &str, expected: f64| {
        let found = figures[key].as_f64().expect(key);
        assert!((found / expected - 1.0).abs() < 1e-6, "{key}: {found}, not {expected}");
    };
    close("p50", 190e3);
    close("p95", 190e3 * (1.644_853_627 * sigma).exp());
    close("mean", 190e3 * (0.5 * sigma * sigma).exp());
    assert!(shown["faults"].as_array().expect("rules").iter().any(|rule| rule["kind"] == "null-data"));
    let optimal = &shown["strategies"][0]["models"]["sora-2"]["schedule"];
    assert!(optimal["kind"] == "table" && optimal["instants_ms"].as_array().expect("instants").len() > 2);
    assert_eq!(shown["strategies"][1]["models"]["sora-2"]["schedule"]["interval_ms"], 15_000.0);
    assert_eq!(shown["strategies"][1]["models"].as_object().expect("models").len(), 1);

    for shipped in SHIPPED {
        let run = desk.run(&format!("show {} --format text", shipped.name));
        assert_eq!(run.code, 0, "{}: {}", shipped.name, run.err);
        for part in ["times", "p50", "strategies", "network rtt", "fault"] {
            assert!(run.out.contains(part), "{}: {part} is missing in\n{}", shipped.name, run.out);
        }
        assert!(!run.out.contains("NaN"), "{}", run.out);
    }
    let refused = desk.run("show documented --weather flaky");
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--format text"), "{}", refused.err);
    assert!(desk.run("show documentd").err.contains("did you mean `documented`?"));
}

/// Promise: the starter is a valid scenario that names every part of a file, and nobody's file is overwritten.
#[test]
fn the_starter_runs_and_overwrites_nothing() {
    let desk = Desk::new();
    let run = desk.run("init our-video.toml");
    assert_eq!(run.code, 0, "{}", run.err);
    let starter = desk.read("our-video.toml");
    assert!(starter.contains("name = \"our-video\""), "{starter}");
    assert_eq!(desk.run("validate our-video.toml").code, 0);
    let run = desk.run("compare our-video.toml --tasks 20 --replicates 2 --quiet --format csv --out out");
    assert_eq!(run.code, 0, "{}", run.err);
    // What stands there as a comment is right too.
    let uncommented: String = starter
        .lines()
        .map(|line| {
            let is_key = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.\"".contains(c));
            let is_setting =
                |rest: &&str| rest.split_once(" = ").is_some_and(|(key, _)| is_key(key)) || rest.starts_with("[[");
            format!("{}\n", line.strip_prefix("# ").filter(is_setting).unwrap_or(line))
        })
        .collect();
    assert!(uncommented.contains("\nworkers = 8") && uncommented.contains("\n[[gates]]"), "{uncommented}");
    desk.write("all.toml", &uncommented);
    let run = desk.run("validate all.toml");
    assert_eq!(run.code, 0, "{}", run.err);

    let again = desk.run("init our-video.toml");
    assert_eq!(again.code, 2);
    assert!(again.err.contains("exists already"), "{}", again.err);
    assert_eq!(desk.read("our-video.toml"), starter);
    assert!(desk.run("init -").out.contains("name = \"my-scenario\""));
    assert_eq!(desk.names(), ["all.toml", "our-video.toml", "out"]);
    assert_eq!(desk.run("init none/there.toml").code, 2);
}

/// Promise: a model of a log has the distribution that is fitted to it, in `show` and `compare` alike; the line of the report asks for
/// the same again; a model that the scenario has not is added, and said to be.
#[test]
fn observed_models_have_the_fitted_distribution() {
    let desk = Desk::new();
    let (text, observations) = log();
    desk.write("jobs.csv", text);
    let flags = "--observed-model sora-2=jobs.csv --column took_s --where state=ok";
    let shown = desk.run(&format!("show documented {flags} --format json"));
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.err.contains("120 of 121 rows used"), "{}", shown.err);
    let fit = Fit::of(&observations).expect("enough of them").blend;
    let median = json(&shown.out)["models"]["sora-2"]["completion_ms"]["p50"].as_f64().expect("a median");
    assert!((median / (fit.quantile(0.5) / 1e3) - 1.0).abs() < 1e-9, "{median}");

    let compared = format!(
        "compare documented {flags} --models sora-2 --strategies basic,adaptive --tasks 50 --replicates 2 --format json"
    );
    let first = desk.run(&compared);
    assert_eq!(first.code, 0, "{}", first.err);
    let line = desk.read("reports/documented/report.md");
    let again = line.lines().find(|line| line.starts_with("pollbench compare")).expect("the command").to_owned();
    assert!(again.contains("--observed-model sora-2=jobs.csv --column took_s --where 'state = ok'"), "{again}");
    // The text that is shown is the scenario that ran.
    let text = desk.run(&format!("show documented {flags}"));
    desk.write("documented.toml", &text.out);
    let second = desk.run(
        "compare ./documented.toml --models sora-2 --strategies basic,adaptive --tasks 50 --replicates 2 --format json",
    );
    assert_eq!(second.out, first.out);

    let added =
        desk.run("show documented --observed-model sora2=jobs.csv --column took_s --where state=ok --format json");
    assert!(added.err.contains("no model `sora2`: it is added; did you mean `sora-2`?"), "{}", added.err);
    assert!(json(&added.out)["models"]["sora2"].is_object());
    for (arguments, told) in [
        ("compare documented --observed-model sora-2", "NAME=FILE"),
        ("compare documented --observed-model sora-2=none.csv", "none.csv"),
        ("compare documented --observed-model sora-2=jobs.csv --column tok_s", "did you mean `took_s`?"),
        ("compare documented --column took_s", "--observed-model"),
    ] {
        let run = desk.run(arguments);
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(told), "{arguments}: {}", run.err);
    }
}

/// Promise: a sweep takes the same changes as `compare`, which hold at each of its points; its page says how to make it again;
/// and what is resumed is of the same changes.
#[test]
fn sweeps_take_the_same_changes() {
    let desk = Desk::new();
    desk.write("jobs.csv", log().0);
    desk.write(
        "grid.toml",
        "scenario = \"documented\"\nmodels = [\"sora-2\"]\nstrategies = [\"basic\"]\ntasks = 20\nreplicates = 2\n\
         [axes]\nhorizon = [\"20m\", \"30m\"]\n",
    );
    let flags = "--observed-model sora-2=jobs.csv --column took_s --where state=ok --set seed=7 --weather flaky";
    let swept = desk.run(&format!("sweep grid.toml --out out {flags}"));
    assert_eq!(swept.code, 0, "{}", swept.err);
    assert!(swept.err.contains("120 of 121 rows used"), "{}", swept.err);
    let point = &json(&desk.read("out/sweep.json"))["points"][0];
    let narrowed = "--models sora-2 --strategies basic --tasks 20 --replicates 2 --set horizon=20m --format json";
    let one = json(&desk.run(&format!("compare documented {flags} {narrowed}")).out);
    assert_eq!((&point["digest"], &point["cells"]), (&one["run"]["digest"], &one["cells"]));
    assert!(desk.read("out/sweep.html").contains("--weather flaky --observed-model sora-2=jobs.csv --column took_s"));

    let plain = desk.run("sweep grid.toml --out out --resume");
    assert_eq!(plain.code, 0, "{}", plain.err);
    assert_ne!(json(&desk.read("out/sweep.json"))["points"][0]["digest"], one["run"]["digest"]);
    let wrong = desk.run("sweep grid.toml --out out --set horizont=3");
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("horizont"), "{}", wrong.err);
}

/// Promise: the mock and the tuner take values of their own too, judged as in a file; without a scenario there is nothing to
/// change.
#[test]
fn the_mock_and_the_tuner_take_changes() {
    let desk = Desk::new();
    desk.write("jobs.csv", log().0);
    for (arguments, told) in [
        ("serve --set horizon=20m", "say which, such as documented"),
        ("serve --observed-model sora-2=jobs.csv --column took_s --where state=ok", "say which"),
        ("serve --weather flaky", "SCENARIO"),
        ("serve documented --addr 127.0.0.1:0 --weather flakey", "flakey"),
        ("serve documented --addr 127.0.0.1:0 --set models.sora-2.stuck_probability=2", "stuck_probability"),
        ("serve documented --addr 127.0.0.1:0 --observed-model sora-2=none.csv", "none.csv"),
        ("tune --model sora-2 --set horizon=20m", "--scenario"),
        ("tune --model sora-2 --scenario documented --set models.sora-2.completion.median=0s", "median"),
    ] {
        let run = desk.run(arguments);
        assert_eq!(run.code, 2, "{arguments}: {}", run.err);
        assert!(run.err.contains(told), "{arguments}: {}", run.err);
    }
    let median = |flags: &str| {
        let run = desk.run(&format!("tune --model sora-2 --scenario documented {flags} --format json"));
        assert_eq!(run.code, 0, "{}", run.err);
        json(&run.out)["completion"]["median"].clone()
    };
    assert_eq!(median("--set models.sora-2.completion.median=77s"), "77s");
    assert_ne!(median(""), "77s");
}

/// Promise: completions and manual pages know every command.
#[test]
fn shells_and_manuals_know_every_command() {
    let desk = Desk::new();
    let help = desk.run("help").out;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()))
        .collect();
    assert!(commands.len() > 12 && commands.contains(&"show"), "{help}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = desk.run(&format!("completions {shell}")).out;
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(desk.run("completions csh").code, 2);
    assert!(desk.run("man").out.contains("pollbench\\-compare"));
    assert!(desk.run("man tune").out.contains("\\-\\-observed"));
    assert!(desk.run("man tun").err.contains("did you mean `tune`?"));
    assert_eq!(desk.run("man --out pages").code, 0);
    for command in commands.iter().filter(|command| **command != "help") {
        assert!(desk.path("pages").join(format!("pollbench-{command}.1")).is_file(), "{command}");
    }
}

/// Promise: tasks may all end at once, or nearly, or never: there is a report, and settings.
#[test]
fn tasks_may_end_at_once_or_never() {
    let desk = Desk::new();
    for (times, more) in [("0s", ""), ("uniform(low=0s, high=1us)", ""), ("1us", ""), ("9s", "stuck_probability = 1.0")]
    {
        let strategies = "[[strategies]]\npreset = \"adaptive\"\n[[strategies]]\npreset = \"optimal\"\n";
        let text = format!(
            "schema_version = 1\nname = \"n\"\ntasks = 20\nreplicates = 2\n[models.m]\ncompletion = \"{times}\"\n{more}\n{strategies}"
        );
        desk.write("now.toml", text);
        let run = desk.run("compare now.toml --quiet");
        assert_eq!(run.code, 0, "{times} {more}: {}", run.err);
    }
    let run = desk.run("tune --completion 0s");
    assert!(run.code < 2 && !run.err.contains("panicked"), "{}", run.err);
}

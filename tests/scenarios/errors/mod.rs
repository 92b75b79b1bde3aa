//! What a user reads about a bad scenario: one message for each mistake, with its line and column.

mod rules;
mod values;

use pollbench::scenario::Scenario;
use pollbench::scenario::error::ScenarioError;
use pollbench::scenario::files::Embedded;
use pollbench::scenario::shipped::load;
use std::fs;

/// Data files that the scenarios below may name.
const FILES: Embedded = Embedded(&[
    ("empty.csv", "cost_time_ms\n"),
    ("bad.csv", "cost_time_ms\n1\nsoon\n"),
    ("negative.csv", "cost_time_ms\n-5\n"),
    ("falling.csv", "cost_time_ms\n5\n3\n"),
]);

/// A small valid scenario, with `head` from line 3 on and `tail` from line 9 on.
fn scenario(head: &str, tail: &str) -> String {
    let start = "schema_version = 1\nname = \"t\"";
    let tables = "[models.m]\ncompletion = \"10s\"\n\n[[strategies]]\npreset = \"basic\"";
    format!("{start}\n{head}\n{tables}\n{tail}")
}

/// Everything that is said of a text.
fn said(text: &str) -> String {
    Scenario::parse(text, "t.toml", &FILES).expect_err("a bad scenario").to_string()
}

/// Holds what is said of each text against `line:column: message`; help is left to its own test.
fn expect(text: &str, expected: &[&str]) {
    let said = said(text);
    let messages: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("t.toml:")).collect();
    assert_eq!(messages, expected, "{text}");
}

fn in_head(cases: &[(&str, &[&str])]) {
    for (head, expected) in cases {
        expect(&scenario(head, ""), expected);
    }
}

fn in_tail(cases: &[(&str, &[&str])]) {
    for (tail, expected) in cases {
        expect(&scenario("", tail), expected);
    }
}

#[test]
fn the_scenario_that_the_mistakes_are_put_into_is_valid() {
    assert!(Scenario::parse(&scenario("", ""), "t.toml", &FILES).is_ok());
}

#[test]
fn all_problems_are_told_in_the_order_of_the_file() {
    let text = "schema_version = 2\nname = \"a/b\"\nhorizn = \"1h\"\n[models.m]\n[[strategies]]\npreset = \"x\"\n";
    let expected = [
        "1:18: `schema_version` must be 1, not 2",
        "2:8: `name` cannot be \"a/b\": it must be a name of 1 to 60 characters that does not begin with a dot and has no `/`, `\\`, `:`, commas or line breaks",
        "3:1: unknown key `horizn`",
        "4:1: `completion` is missing",
        "6:10: `preset` cannot be \"x\"",
    ];
    expect(text, &expected);
}

#[test]
fn an_empty_file_is_told_what_is_required() {
    let missing = ["schema_version", "name", "models", "strategies"].map(|key| format!("1:1: `{key}` is missing"));
    expect("", &missing.each_ref().map(String::as_str));
}

#[test]
fn help_says_what_to_write() {
    let cases = [
        ("horizon = 30", r#"write the unit: "30s", "30ms" or "30m""#),
        ("[network]\nup_share = 50", "a percentage? 50 % is written 0.5"),
        ("[network]\nrtt = \"0s\"\nup_shar = 0.5", "did you mean `up_share`? allowed: `rtt`, `up_share`"),
        (
            "[report]\nbaseline = \"basc\"",
            "did you mean `basic`? allowed: `basic`, `adaptive`, `exponential`, `concurrent`, `webhook`, `resilient`, \
             `basic-hardened`, `adaptive-hardened`, `exponential-hardened`, `concurrent-hardened`, `webhook-hybrid`, `batch-hardened`, `learned`, `quantile`, `keller`, `half-mean`, `mean-fraction`, `optimal`",
        ),
        ("[arrivals]\nkind = \"poison\"", "did you mean `poisson`? allowed: `poisson`, `constant`, `burst`, `trace`"),
    ];
    for (head, help) in cases {
        let said = said(&scenario(head, ""));
        assert_eq!(said.lines().nth(1), Some(format!("  help: {help}").as_str()), "{head}");
    }
}

#[test]
fn files_that_are_no_text_and_names_that_are_no_scenario() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("binary.toml");
    fs::write(&path, b"name = \"\xff\"").expect("a file");
    let error = Scenario::read(&path).expect_err("no text");
    assert!(matches!(error, ScenarioError::NotUtf8 { offset: 8, .. }), "{error}");

    let error = load("missing.toml").expect_err("no file");
    assert!(matches!(error, ScenarioError::Read { .. }), "{error}");

    let error = load("documentd").expect_err("no scenario");
    assert!(matches!(error, ScenarioError::UnknownShipped { suggestion: Some("documented"), .. }), "{error}");
}

#[test]
fn data_files_are_looked_for_beside_the_scenario() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("s.toml");
    let times = r#"rtt = { kind = "empirical", file = "times.csv", column = "t", unit = "s" }"#;
    fs::write(&path, scenario(&format!("[network]\n{times}"), "")).expect("a file");
    assert!(Scenario::read(&path).is_err());
    fs::write(folder.path().join("times.csv"), "t\n0.5\n1.5\n").expect("a file");
    assert!(Scenario::read(&path).is_ok());
}

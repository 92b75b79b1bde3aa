//! Every format of a report, and what all of them promise.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::fixtures::fixture;
use pollbench::measure::results::{Results, Verdict};
use pollbench::measure::series::{CellSeries, Series};
use pollbench::report::{self, table::Style};

fn file(files: &[(String, String)], path: &str) -> String {
    files.iter().find(|(name, _)| name == path).map(|(_, content)| content.clone()).unwrap()
}

#[test]
fn json_reads_back_and_ends_with_a_newline() {
    let fixture = fixture(2, false);
    let text = report::json::to_string(&fixture.results);
    assert!(text.ends_with("}\n"));
    let back: Results = serde_json::from_str(&text).unwrap();
    assert_eq!(back.cells.len(), 2 * 11);
    assert_eq!(back.cells[0].outcomes, fixture.results.cells[0].outcomes);
    assert_eq!(back.cells[0].latency_ms.p99, None);
}

#[test]
fn csv_has_every_figure_and_empty_fields_for_undefined_ones() {
    let fixture = fixture(5, false);
    let text = report::csv::render(&fixture.results);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("model,strategy,metric,stat,value,ci_low,ci_high,unit,n"));
    let rows = lines.clone().filter(|line| line.starts_with("sora-2,basic,")).count();
    assert_eq!(lines.count(), rows * 5 * 11);
    assert!(text.contains("sora-2,basic,latency_ms,p95,,,,ms,400\n"), "a quantile among the unknown is empty");
    assert!(text.contains("sora-2,adaptive-hardened,lost,share,0,0,0.0095"), "a share has its Wilson interval");
}

#[test]
fn table_for_people() {
    let fixture = fixture(1, false);
    insta::assert_snapshot!(report::table::render(&fixture.report(), Style { width: 150, colour: false }));
}

#[test]
fn table_fits_its_terminal_and_is_ascii() {
    let fixture = fixture(6, false);
    for width in [160, 140, 120, 100] {
        let text = report::table::render(&fixture.report(), Style { width, colour: false });
        assert!(text.is_ascii());
        let figures = text.lines().filter(|line| line.contains("hardened"));
        assert!(figures.clone().count() > 0);
        for line in figures {
            assert!(line.len() <= width, "{width}: {line}");
        }
    }
}

/// A task whose submit failed shows beside those that were lost, and there is no such column where none failed.
#[test]
fn rejected_submits_show_on_the_terminal_and_in_markdown() {
    let mut fixture = fixture(1, false);
    let texts = |fixture: &crate::fixtures::Fixture| {
        let wide = report::table::render(&fixture.report(), Style { width: 160, colour: false });
        let narrow = report::table::render(&fixture.report(), Style { width: 60, colour: false });
        [("160 columns", wide), ("60 columns", narrow), ("Markdown", report::markdown::render(&fixture.report()))]
    };
    // The glossary of Markdown always has the word.
    let said = |text: &str| (text.matches("rejected").count(), text.matches("37 (9.2 %)").count());
    let before = texts(&fixture);
    let cell = &mut fixture.results.cells[2];
    cell.outcomes.rejected = 37;
    assert_eq!(cell.tasks, 400);
    for ((place, without), (_, with)) in before.iter().zip(texts(&fixture)) {
        let (titles, figures) = (said(&with).0 - said(without).0, said(&with).1 - said(without).1);
        assert!(titles > 0, "{place} has no column: {with}");
        assert_eq!(figures, 1, "{place}: {with}");
    }
    assert_eq!(said(&before[0].1).0, 0, "no column where none was rejected: {}", before[0].1);
}

#[test]
fn colour_changes_no_character() {
    let fixture = fixture(2, false);
    let plain = report::table::render(&fixture.report(), Style::default());
    let mut painted = report::table::render(&fixture.report(), Style { colour: true, ..Style::default() });
    for code in ["\u{1b}[0m", "\u{1b}[0;32m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[32m"] {
        painted = painted.replace(code, "");
    }
    let trimmed = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(trimmed(&painted), trimmed(&plain));
}

#[test]
fn markdown_fits_a_comment() {
    let fixture = fixture(6, true);
    let text = report::markdown::render(&fixture.report());
    assert!(text.len() < 60_000, "{}", text.len());
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    insta::assert_snapshot!(text.split("## Model by model").next().unwrap());
}

#[test]
fn markdown_of_very_many_models_still_fits() {
    let mut fixture = fixture(6, false);
    let cells = fixture.results.cells.clone();
    for copy in 0..9 {
        fixture.results.cells.extend(cells.iter().cloned().map(|mut cell| {
            cell.model = format!("{}-{copy}", cell.model);
            cell
        }));
    }
    let text = report::markdown::render(&fixture.report());
    assert!(text.len() < 65_000, "{}", text.len());
}

#[test]
fn a_folder_holds_all_formats_and_the_same_bytes_every_time() {
    let fixture = fixture(6, true);
    let files = report::files(&fixture.report());
    assert_eq!(files, report::files(&fixture.report()));
    let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(&names[..4], ["report.html", "report.md", "summary.csv", "results.json"]);
    assert_eq!(names.len(), 4 + 6 * 8);
    assert!(file(&files, "report.html").len() < 2_000_000);
    for (path, content) in &files {
        assert!(!path.starts_with("charts/") || content.len() < 45_000, "{path}: {}", content.len());
    }
}

#[test]
fn the_page_needs_nothing_else() {
    let fixture = fixture(1, true);
    let page = report::html::render(&fixture.report(), &report::charts::all(&fixture.report()));
    for outside in ["src=", "@import", "url(", "fetch(", "import("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("://").count(), page.matches("http://www.w3.org/2000/svg").count());
    assert_eq!(page.matches("<link").count(), page.matches("<link rel=\"icon\" href=\"data:,\">").count());
    assert_eq!(page.matches("<figure>").count(), 8);
    assert_eq!(page.matches("<figcaption>").count(), 8);
    assert_eq!(page.matches("<table").count(), page.matches("<caption>").count());
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
}

#[test]
fn names_that_users_chose_stay_text() {
    let mut fixture = fixture(2, false);
    let evil = "<script>|\"x\" `y`/../\n@z";
    for cell in fixture.results.cells.iter_mut().filter(|cell| cell.model == "nano-banana") {
        cell.model = evil.to_owned();
    }
    for name in fixture.results.cells.iter_mut().map(|cell| &mut cell.strategy).filter(|name| *name == "webhook") {
        *name = "<i>mine</i>".to_owned();
    }
    fixture.scenario.description = "</p><script>".to_owned();
    for (path, content) in report::files(&fixture.report()) {
        if !path.ends_with(".csv") && !path.ends_with(".json") {
            // The page's own: its figures, and what draws from them.
            let own = if path == "report.html" { 2 } else { 0 };
            assert_eq!(content.matches("<script").count(), own, "{path}");
            assert_eq!(content.matches("</script").count(), own, "{path}");
            assert!(!content.contains("<i>"), "{path}");
        }
        assert!(!path.contains("..") && path.matches('/').count() <= 1, "{path}");
    }
    let markdown = report::markdown::render(&fixture.report());
    assert!(markdown.contains("&lt;script&gt;\\|\"x\" \\`y\\`/../ &#64;z"));
}

#[test]
fn without_curves_the_other_charts_remain() {
    let mut fixture = fixture(1, false);
    fixture.series = Series::default();
    let stems: Vec<String> = report::charts::all(&fixture.report()).into_iter().map(|chart| chart.file_stem).collect();
    assert_eq!(stems, ["pareto", "cost", "outcomes", "paired"].map(|kind| format!("nano-banana-{kind}")));
}

#[test]
fn a_run_in_which_nothing_is_known_has_a_report() {
    let mut fixture = fixture(1, false);
    for cell in &mut fixture.results.cells {
        let (latency, delay) = (&mut cell.latency_ms, &mut cell.detection_delay_ms);
        (latency.mean, latency.ci95, latency.p50, latency.p95, latency.censored_share) = (None, None, None, None, 1.0);
        (delay.mean, delay.ci95, delay.p50, delay.p95) = (None, None, None, None);
        (cell.lost, cell.cost.ci95, cell.dispersion) = (cell.tasks, None, None);
    }
    for comparison in &mut fixture.results.comparisons {
        (comparison.difference, comparison.ci95, comparison.baseline_mean, comparison.n) = (None, None, None, 0);
        comparison.verdict = Verdict::Undecided;
    }
    fixture.series.cells = vec![CellSeries::default(); fixture.results.cells.len()];
    let files = report::files(&fixture.report());
    assert!(files.iter().all(|(_, content)| !content.contains("NaN") && !content.contains("inf ")));
    assert!(file(&files, "report.md").contains("**Undecided**"));
}

#[test]
fn a_run_of_nothing_has_a_report() {
    let mut fixture = fixture(1, false);
    fixture.results.cells.clear();
    fixture.results.comparisons.clear();
    fixture.results.gates.clear();
    fixture.series = Series::default();
    assert_eq!(report::files(&fixture.report()).len(), 4);
}

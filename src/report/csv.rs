//! `summary.csv`: every figure of every cell in tidy form, one a row.

use crate::measure::figures::figures;
use crate::measure::results::Results;

/// The figures of all cells: `model,strategy,metric,stat,value,ci_low,ci_high,unit,n`. What is undefined is empty.
#[must_use]
pub fn render(results: &Results) -> String {
    rows(&[], [(&[][..], results)].into_iter())
}

/// The same of several scenarios, each with its name: `scenario,model,strategy,…`.
#[must_use]
pub fn render_all<'r>(all: impl Iterator<Item = (&'r str, &'r Results)>) -> String {
    let all: Vec<_> = all.map(|(name, results)| ([name], results)).collect();
    rows(&["scenario"], all.iter().map(|(name, results)| (&name[..], *results)))
}

/// Rows that begin with columns of their own.
pub(super) fn rows<'r>(first: &[&str], all: impl Iterator<Item = (&'r [&'r str], &'r Results)>) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = ["model", "strategy", "metric", "stat", "value", "ci_low", "ci_high", "unit", "n"];
    // Memory takes all rows, and they are of one length.
    let mut write =
        |first: &[&str], rest: [&str; 9]| writer.write_record(first.iter().copied().chain(rest)).expect("memory");
    write(first, header);
    for (first, results) in all {
        for cell in &results.cells {
            let n = cell.tasks.to_string();
            for figure in figures() {
                let value = field((figure.value)(cell));
                let [low, high] = (figure.ci95)(cell).map_or([None, None], |ci| ci.map(Some)).map(field);
                let (model, strategy) = (cell.model.as_str(), cell.strategy.as_str());
                write(first, [model, strategy, figure.metric, figure.stat, &value, &low, &high, figure.unit, &n]);
            }
        }
    }
    let bytes = writer.into_inner().expect("memory needs no flush");
    String::from_utf8(bytes).expect("fields are text")
}

fn field(value: Option<f64>) -> String {
    value.filter(|x| x.is_finite()).map(|x| x.to_string()).unwrap_or_default()
}

//! `summary.csv`: every figure of every cell in tidy form, one a row.

use crate::measure::figures::figures;
use crate::measure::results::Results;

/// The figures of all cells: `model,strategy,metric,stat,value,ci_low,ci_high,unit,n`. What is undefined is empty.
///
/// # Panics
///
/// Never: the rows are of one length and memory takes all of them.
#[must_use]
pub fn render(results: &Results) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let header = ["model", "strategy", "metric", "stat", "value", "ci_low", "ci_high", "unit", "n"];
    writer.write_record(header).expect("memory takes all rows");
    for cell in &results.cells {
        let n = cell.tasks.to_string();
        for figure in figures() {
            let value = field((figure.value)(cell));
            let [low, high] = (figure.ci95)(cell).map_or([None, None], |ci| ci.map(Some)).map(field);
            let record =
                [&cell.model, &cell.strategy, figure.metric, figure.stat, &value, &low, &high, figure.unit, &n];
            writer.write_record(record).expect("memory takes all rows");
        }
    }
    let bytes = writer.into_inner().expect("memory needs no flush");
    String::from_utf8(bytes).expect("fields are text")
}

fn field(value: Option<f64>) -> String {
    value.filter(|x| x.is_finite()).map(|x| x.to_string()).unwrap_or_default()
}

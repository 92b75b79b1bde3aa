//! Promises held against results.

use crate::measure::figures::{Figure, FigureKind, Unknown, figure};
use crate::measure::results::{Cell, GateResult, GateVerdict, Results};
use crate::scenario::{Bound, Gate};

/// One verdict for each gate in each cell that it matches.
#[must_use]
pub fn judge(gates: &[Gate], results: &Results) -> Vec<GateResult> {
    let mut judged = Vec::new();
    for gate in gates {
        // Scenarios are read with known metrics only.
        let Some(figure) = figure(&gate.metric, gate.stat.as_deref()) else { continue };
        let matches = |name: &Option<String>, value: &str| name.as_deref().is_none_or(|name| name == value);
        let cells = results
            .cells
            .iter()
            .filter(|cell| matches(&gate.model, &cell.model) && matches(&gate.strategy, &cell.strategy));
        judged.extend(cells.map(|cell| {
            let (limit, min, max) = match gate.bound {
                Bound::Min(limit) => (limit, Some(limit), None),
                Bound::Max(limit) => (limit, None, Some(limit)),
            };
            GateResult {
                metric: figure.metric.to_owned(),
                stat: figure.stat.to_owned(),
                model: cell.model.clone(),
                strategy: cell.strategy.clone(),
                min,
                max,
                limit,
                value: (figure.value)(cell),
                verdict: verdict(figure, cell, gate.bound),
            }
        }));
    }
    judged
}

fn verdict(figure: &Figure, cell: &Cell, bound: Bound) -> GateVerdict {
    let keeps = |value: f64| match bound {
        Bound::Min(limit) => value >= limit,
        Bound::Max(limit) => value <= limit,
    };
    let of = |kept: bool| if kept { GateVerdict::Pass } else { GateVerdict::Fail };
    let Some(value) = (figure.value)(cell) else {
        let has_unknown = cell.latency_ms.censored_share > 0.0;
        return match (figure.unknown, bound) {
            // What lies among tasks that were never known is beyond every bound.
            (Unknown::Infinite, _) if has_unknown => of(keeps(f64::INFINITY)),
            // And where no task was ever known, nothing keeps a promise on how soon they are.
            (Unknown::LeftOut, Bound::Max(_)) if has_unknown => GateVerdict::Fail,
            (Unknown::Infinite | Unknown::LeftOut | Unknown::Counted, _) => GateVerdict::Undecided,
        };
    };
    match figure.sort {
        FigureKind::Count | FigureKind::Observed => of(keeps(value)),
        FigureKind::Estimated => match (figure.ci95)(cell) {
            Some([low, high]) if keeps(low) == keeps(high) => of(keeps(low)),
            Some(_) | None => GateVerdict::Undecided,
        },
    }
}

//! The report's baseline, and gates: what refers to other parts of the file by name.

use super::Reader;
use super::strategies::written_names;
use crate::scenario::checked::{Named, Node, Table, Value};
use crate::scenario::gates::stats;
use crate::scenario::planned::PlanInputs;
use crate::scenario::{Bound, Gate};
use crate::strategy::composition::Strategy;
use crate::strategy::presets::PRESETS;
use crate::suggest;

impl Reader<'_> {
    /// The index of the baseline. A preset that the file does not list may be the baseline: it then comes first among
    /// `strategies`.
    pub(super) fn baseline(
        &mut self,
        file: &Table,
        inputs: Option<&PlanInputs<'_>>,
        strategies: Option<&mut Vec<Strategy>>,
    ) -> Option<usize> {
        let report: &Table = file.get("report")?;
        let Some(baseline) = report.optional::<&str>("baseline")? else { return Some(0) };
        let names = written_names(file)?;
        if let Some(at) = names.iter().position(|name| *name == baseline) {
            return Some(at);
        }
        if !PRESETS.contains(&baseline) {
            let further = PRESETS.iter().filter(|preset| !names.contains(preset));
            let help = suggest::help(baseline, names.iter().chain(further).copied());
            return self.problem_with(report.span("baseline"), format!("there is no strategy `{baseline}`"), help);
        }
        let preset = self.preset(baseline, inputs?, || report.span("baseline"))?;
        strategies?.insert(0, preset);
        Some(0)
    }

    /// The gates in file order.
    pub(super) fn gates(&mut self, file: &Table) -> Option<Vec<Gate>> {
        let nodes: &[Option<Node>] = file.get("gates")?;
        let gates: Vec<_> = nodes.iter().map(|node| self.gate(file, node.as_ref()?)).collect();
        gates.into_iter().collect()
    }

    fn gate(&mut self, file: &Table, node: &Node) -> Option<Gate> {
        let Value::Table(table) = &node.value else { return None };
        let strategy = table.optional::<&str>("strategy")?;
        let model = table.optional::<&str>("model")?;
        if let (Some(strategy), Some(mut known)) = (strategy, written_names(file)) {
            known.extend(file.get::<&Table>("report").and_then(|report| report.optional::<&str>("baseline")).flatten());
            self.known(table, "strategy", strategy, &known)?;
        }
        if let (Some(model), Some(known)) = (model, file.get::<&[Named]>("models")) {
            let known: Vec<&str> = known.iter().map(Named::name).collect();
            self.known(table, "model", model, &known)?;
        }
        let metric: &str = table.get("metric")?;
        let stat = table.optional::<&str>("stat")?;
        let known = stats(metric)?;
        if let Some(stat) = stat.filter(|stat| !known.contains(stat)) {
            let message = format!("metric `{metric}` has no statistic `{stat}`");
            return self.problem_with(table.span("stat"), message, suggest::help(stat, known.iter().copied()));
        }
        let bound = match (table.optional("min")?, table.optional("max")?) {
            (Some(min), None) => Bound::Min(min),
            (None, Some(max)) => Bound::Max(max),
            _ => return None,
        };
        let owned = |name: Option<&str>| name.map(str::to_owned);
        Some(Gate {
            metric: metric.to_owned(),
            stat: owned(stat),
            strategy: owned(strategy),
            model: owned(model),
            bound,
        })
    }

    fn known(&mut self, table: &Table, key: &str, name: &str, known: &[&str]) -> Option<()> {
        if known.contains(&name) {
            return Some(());
        }
        let help = suggest::help(name, known.iter().copied());
        self.problem_with(table.span(key), format!("there is no {key} `{name}`: the gate would match nothing"), help)
    }
}

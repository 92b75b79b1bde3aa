//! `tasks.csv`: one line for each task under each strategy.

use crate::engine::plan::Plan;
use crate::measure::record::TaskRecord;
use std::collections::BTreeMap;
use std::io::{self, Write as _};

/// Records by (model, strategy, replicate).
pub(super) type Kept = BTreeMap<(usize, usize, u32), Vec<TaskRecord>>;

/// Writes them all.
pub(super) fn write(file: &mut io::BufWriter<std::fs::File>, plan: &Plan<'_>, kept: Kept) -> io::Result<()> {
    writeln!(
        file,
        "model,strategy,replicate,task,submitted_ms,wait_start_ms,done_ms,truth,outcome,settled_ms,polls,delay_ms,\
         requests,cost"
    )?;
    let ms = |at: Option<crate::time::Micros>| at.map(|at| at.as_millis().to_string()).unwrap_or_default();
    let mut csv = csv::WriterBuilder::new().from_writer(file);
    for ((model, strategy, replicate), mut records) in kept {
        // Ranges of a replicate are simulated side by side.
        records.sort_by_key(|record| record.task);
        for record in records {
            csv.write_record([
                plan.models[model].model.name.as_str(),
                plan.strategies[strategy].strategy.name.as_str(),
                &replicate.to_string(),
                &record.task.to_string(),
                &ms(Some(record.submitted)),
                &ms(Some(record.wait_start)),
                &ms(record.done.finite()),
                record.fate.map_or("none", crate::world::truth::Fate::name),
                record.outcome.name(),
                &ms(record.settled.finite()),
                &record.polls.to_string(),
                &ms(record.delay()),
                &record.requests().to_string(),
                &record.cost(plan.scenario.horizon, &plan.scenario.cost).to_string(),
            ])?;
        }
    }
    csv.flush()
}

//! What to read of a log, and what came of it.

use pollbench::fit::Observation;
use pollbench::observations::{Observed, Source, Times, UnreadableLog};

pub(crate) fn lengths(column: &str) -> Source {
    Source::new(Times::Lengths { column: column.into(), upper: None })
}

pub(crate) fn between(start: &str, end: &str) -> Source {
    Source::new(Times::Between { start: start.into(), end: end.into(), upper: None })
}

pub(crate) fn read(source: &Source, log: &[u8]) -> Result<Observed, UnreadableLog> {
    source.read(Box::new(log))
}

pub(crate) fn refused(source: &Source, log: &[u8]) -> String {
    match read(source, log) {
        Ok(read) => panic!("{:?} was read: {read:?}", String::from_utf8_lossy(log)),
        Err(error) => error.to_string(),
    }
}

pub(crate) fn exact(us: &[u64]) -> Vec<Observation> {
    us.iter().map(|us| Observation::Exact(*us as f64)).collect()
}

//! `tune --by`: all models of a log in one run.

use super::{Format, Sample, Times, Tune};
use crate::cli::console::{self, Failure, note, print_folded};
use crate::fit::{Fit, Observation};
use crate::tune::many::{self, Left, Part};
use crate::tune::observed::ADVISABLE;
use crate::tune::poller::Looks;
use crate::tune::reading;
use crate::world::model::Model;
use std::process::ExitCode;

pub(super) fn run(tune: &Tune) -> Result<ExitCode, Failure> {
    let Some(read) = tune.log.read(tune.by.as_deref())? else { return Ok(ExitCode::SUCCESS) };
    let (mut parts, mut looks, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for (name, seen) in read.groups {
        let count = seen.len();
        let ends = seen.iter().filter(|seen| !matches!(seen, Observation::Beyond(_))).count();
        let fit = if ends < ADVISABLE {
            Err(format!("{ends} tasks were seen to end, fewer than {ADVISABLE}"))
        } else {
            Fit::of(&seen).map_err(|error| error.to_string())
        };
        let tuned = fit.and_then(|fit| {
            let model = Model::plain(&name, fit.blend.clone());
            let times = Times { model, horizon: None, observed: Some(Sample { seen, fit, account: None }) };
            tune.answer(&times, |answer| (Part::of(answer), Looks::of(answer, Some(&name), &tune.source())))
                .map_err(Failure::message)
        });
        match tuned {
            Ok((part, look)) => {
                parts.push(part);
                looks.push(look);
            }
            Err(reason) => left.push(Left { model: name, count, reason }),
        }
    }
    let read_text = reading::text(&read.account, &tune.log.name());
    if tune.is_for_programs() {
        read_text.lines().for_each(note);
        left.iter().for_each(note);
    }
    if let Some(language) = tune.write_poller {
        console::print(&language.poller(&looks, &super::command()))?;
        return Ok(ExitCode::SUCCESS);
    }
    match tune.format {
        Format::Text => print_folded(&format!("{read_text}\n{}", many::text(&parts, &left)))?,
        Format::Json => console::print(&many::json(&parts, &left, &read.account))?,
        Format::Toml => console::print(&many::toml(&parts))?,
        Format::Js => console::print(&many::js(&parts))?,
    }
    Ok(ExitCode::SUCCESS)
}

//! `tune --by`: all models of a log in one run.

use super::{Format, Sample, Times, Tune};
use crate::cli::console::{self, Failure, note, print_folded};
use crate::cli::folder::Folder;
use crate::fit::Fit;
use crate::report::tuned_by::{self, ModelSection, Tuning};
use crate::tune::many::{self, ModelSettings, SkippedModel};
use crate::tune::observed::ADVISABLE;
use crate::tune::print::TuneAnswer;
use crate::tune::reading;
use crate::world::model::Model;
use std::process::ExitCode;

pub(super) fn run(tune: &Tune) -> Result<ExitCode, Failure> {
    let Some(read) = tune.log.read(tune.by.as_deref())? else { return Ok(ExitCode::SUCCESS) };
    let folder = tune.out.as_deref().map(Folder::writable).transpose()?;
    let read_text = reading::text(&read.account, &tune.log.name());
    tune.tell_read(&read_text)?;
    let (mut parts, mut looks, mut left, mut sheets) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, seen) in read.groups {
        let count = seen.len();
        let ends = seen.iter().filter(|seen| seen.is_end()).count();
        let fit = if ends < ADVISABLE {
            let were = if ends == 1 { "task was" } else { "tasks were" };
            Err(format!("{ends} {were} seen to end, fewer than {ADVISABLE}"))
        } else {
            Fit::of(&seen).map_err(|error| error.to_string())
        };
        let tuned = fit.and_then(|fit| {
            let model = Model::plain(&name, fit.blend.clone());
            let times = Times { model, horizon: None, observed: Some(Sample { seen, fit, account: None }) };
            let kept = |answer: &TuneAnswer<'_>| {
                let sheet = folder.is_some().then(|| ModelSection::of(answer));
                (ModelSettings::of(answer), tune.looks(answer, Some(&name)), sheet)
            };
            tune.answer(&times, kept).map_err(Failure::message)
        });
        match tuned {
            Ok((part, look, sheet)) => {
                parts.push(part);
                looks.push(look);
                sheets.extend(sheet);
            }
            Err(reason) => left.push(SkippedModel { model: name, count, reason }),
        }
    }
    if parts.is_empty() {
        many::left_out(&left).iter().for_each(note);
        return Err(Failure::Run(none_tuned(tune, &left)));
    }
    if tune.is_for_programs() {
        many::left_out(&left).iter().for_each(note);
    }
    if let (Some(folder), Some(out)) = (&folder, &tune.out) {
        let (source, settings, command) = (tune.source(), many::js(&parts), super::command());
        let tuning = Tuning {
            source: &source,
            read: &read_text,
            sheets: &sheets,
            left: &left,
            settings: &settings,
            command: &command,
        };
        for (name, content) in tuned_by::files(&tuning) {
            folder.write(&name, content.as_bytes())?;
        }
        note(format_args!("page: {}", out.join("tune.html").display()));
    }
    if let Some(language) = tune.write_poller {
        console::print(&language.poller(&looks, &super::command(), tune.with_webhook))?;
        return Ok(ExitCode::SUCCESS);
    }
    match tune.format {
        Format::Text => print_folded(&format!("\n{}", many::text(&parts, &left)))?,
        Format::Json => console::print(&many::json(&parts, &left, &read.account))?,
        Format::Toml => console::print(&many::toml(&parts))?,
        Format::Js => console::print(&many::js(&parts))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// That there are no settings for any model.
fn none_tuned(tune: &Tune, left: &[SkippedModel]) -> String {
    let column = tune.by.as_deref().unwrap_or_default();
    let none = match left.len() {
        1 => format!("the only model that `{column}` names could not be tuned"),
        count => format!("none of the {count} models that `{column}` names could be tuned"),
    };
    format!("{}: {none}, as is said above: is it the column that names the model?", tune.log.name())
}

//! What a command line changes in the file of a scenario: single values, and models whose times were observed.

use crate::cli::console::{Failure, note};
use crate::cli::log::{self, Columns};
use crate::fit::Fit;
use crate::scenario::recipe::Loaded;
use crate::scenario::set::{Assignment, model_names};
use crate::scenario::shipped::written;
use crate::suggest::closest;
use crate::tune::reading;
use clap::Args;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Debug, Args)]
pub(super) struct Changes {
    /// Change a value of the scenario file, such as faults.0.rate_per_s=5; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<Assignment>,
    /// Fit the completion times of a model to a log; a model that the scenario does not have is added; may be repeated
    #[arg(long, value_name = "NAME=FILE", group = "log")]
    observed_model: Vec<ObservedModel>,
    #[command(flatten, next_help_heading = "Logs of --observed-model")]
    columns: Columns,
}

/// A model and the log of its times.
#[derive(Debug, Clone)]
struct ObservedModel {
    name: String,
    file: PathBuf,
}

impl FromStr for ObservedModel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, file)) if !name.is_empty() && !file.is_empty() => {
                Ok(Self { name: name.to_owned(), file: PathBuf::from(file) })
            }
            _ => Err("write NAME=FILE, such as sora-2=jobs.csv".to_owned()),
        }
    }
}

/// A distribution that was fitted to a log, and whose it is.
pub(super) struct Fitted {
    name: String,
    setting: Assignment,
}

impl Changes {
    /// The scenario that is so named, with these changes.
    pub(super) fn load(&self, name: &str, is_quiet: bool) -> Result<Loaded, Failure> {
        let fitted = self.fitted(is_quiet)?;
        Ok(Loaded::named(name, &self.settings_of(&fitted, name)?)?)
    }

    /// Whether anything is to be changed.
    pub(super) fn are_asked_for(&self) -> bool {
        !self.set.is_empty() || !self.observed_model.is_empty()
    }

    /// The values to put into the scenario that is so named.
    pub(super) fn settings_of(&self, fitted: &[Fitted], name: &str) -> Result<Vec<Assignment>, Failure> {
        let known = if fitted.is_empty() { Vec::new() } else { model_names(&written(name)?) };
        Ok(self.settings(fitted, &known))
    }

    /// Reads the logs, and says what was read unless nobody wants to know.
    pub(super) fn fitted(&self, is_quiet: bool) -> Result<Vec<Fitted>, Failure> {
        let fitted = |model: &ObservedModel| {
            let file = log::name(&model.file);
            let read = self.columns.read(&model.file, None)?;
            let text = reading::text(&read.account, &file);
            let fit = Fit::of(&read.all()).map_err(|error| Failure::Input(format!("{file}: {error}")))?;
            if !is_quiet {
                text.lines().for_each(note);
                note(format_args!("  fitted for {}; {}", model.name, distance(&fit)));
            }
            if !fit.is_close() {
                note(format_args!(
                    "warning: {file}: the fit is not close to the observations; figures are approximate"
                ));
            }
            let keys = ["models", &model.name, "completion"];
            let told = format!("the times of {} from {file}", model.name);
            Ok(Fitted { name: model.name.clone(), setting: Assignment::told(&keys, fit.blend.to_string(), told) })
        };
        self.observed_model.iter().map(fitted).collect()
    }

    /// The values to put into a scenario with these models; says which of them are new.
    fn settings(&self, fitted: &[Fitted], known: &[String]) -> Vec<Assignment> {
        for Fitted { name, .. } in fitted.iter().filter(|fitted| !known.contains(&fitted.name)) {
            let near = closest(name, known.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            note(format_args!("the scenario has no model `{name}`: it is added{near}"));
        }
        fitted.iter().map(|fitted| fitted.setting.clone()).chain(self.set.iter().cloned()).collect()
    }

    /// The flags that say the same again.
    pub(super) fn flags(&self) -> Vec<(&'static str, String)> {
        let Self { set, observed_model, columns } = self;
        let models = observed_model.iter().map(|model| format!("{}={}", model.name, model.file.display()));
        let mut flags: Vec<_> = models.map(|model| ("--observed-model", model)).collect();
        flags.extend(columns.flags());
        flags.extend(set.iter().map(|setting| ("--set", setting.to_string())));
        flags
    }
}

fn distance(fit: &Fit) -> String {
    format!("largest distance to them {:.3} (chance exceeds {:.3} once in 20)", fit.distance, fit.limit)
}

//! `pollbench tune`: the best settings for a model.

mod by;

use crate::cli::console::{self, Failure, note, print_folded};
use crate::cli::folder::Folder;
use crate::cli::log::Log;
use crate::cli::shell::quoted;
use crate::fit::{Fit, Observation};
use crate::inspection::{Bounds, CostWeights, DoneTime, ScheduleProblem};
use crate::observations::Account;
use crate::report::tuned;
use crate::scenario::recipe::Loaded;
use crate::scenario::set::Assignment;
use crate::scenario::shipped::{SHIPPED, load};
use crate::strategy::presets::preset;
use crate::suggest;
use crate::time::Micros;
use crate::tune::hybrid::Webhook;
use crate::tune::observed::reliability;
use crate::tune::poller::{LANGUAGES, Language, Looks};
use crate::tune::print::{self, TuneAnswer};
use crate::tune::simulated::weathered;
use crate::tune::{Goal, drift, json, reading, settings, tune};
use crate::world::distribution::Distribution;
use crate::world::model::Model;
use clap::{ArgGroup, Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// Factors by which times may drift.
const DRIFTS: [f64; 2] = [0.7, 1.3];

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("times").required(true).multiple(true).args(["completion", "observed", "model"]))]
pub(super) struct Tune {
    /// A model of the scenario, with its queue, failures and stuck tasks. With --observed or --completion, the model whose guide settings to compare with
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The scenario of --model [default: the first shipped one that has it]
    #[arg(long, value_name = "SCENARIO", requires = "model", conflicts_with_all = ["completion", "observed"])]
    scenario: Option<String>,
    /// Change a value of the scenario file, such as models.sora-2.stuck_probability=0.01; may be repeated
    #[arg(long, value_name = "PATH=VALUE", requires = "scenario")]
    set: Vec<Assignment>,
    /// A distribution of completion times (see `pollbench list distributions`)
    #[arg(long, value_name = "DISTRIBUTION", conflicts_with = "observed")]
    completion: Option<Distribution>,
    #[command(flatten)]
    log: Log,
    /// Column that names the model: all models of the log are tuned in one run
    #[arg(long, value_name = "COLUMN", requires = "observed", conflicts_with_all = ["model", "stress", "webhook"])]
    by: Option<String>,
    /// Cost of one poll
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    poll_cost: f64,
    /// Cost of a second of detection delay
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    delay_cost_per_s: f64,
    /// When waits give up, with a last poll there [default: never]
    #[arg(long, value_name = "TIME", value_parser = positive)]
    deadline: Option<Micros>,
    /// Bound on the 95th percentile of the detection delay
    #[arg(long, value_name = "TIME", value_parser = positive)]
    max_p95_delay: Option<Micros>,
    /// Bound on the detection delay of every task
    #[arg(long, value_name = "TIME", value_parser = positive)]
    max_delay: Option<Micros>,
    /// Bound on the mean number of polls of a task
    #[arg(long, value_name = "X", value_parser = above_zero)]
    max_polls: Option<f64>,
    /// Bound on the share of tasks that are given up; without --deadline it sets one
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_timeout_share: Option<f64>,
    /// Bound on the mean polls per second at --tasks-per-day
    #[arg(long, value_name = "X", value_parser = above_zero, requires = "tasks_per_day")]
    max_polls_per_s: Option<f64>,
    /// Shortest time between two polls
    #[arg(long, value_name = "TIME", value_parser = positive)]
    min_gap: Option<Micros>,
    /// Probability that a poll fails
    #[arg(long, value_name = "P", value_parser = share)]
    poll_loss: Option<f64>,
    /// Tasks per day, to compute requests per second
    #[arg(long, value_name = "N", value_parser = above_zero)]
    tasks_per_day: Option<f64>,
    /// Also compute the cost of these settings if times were X times as long
    #[arg(long, value_name = "F", value_parser = above_zero)]
    stress: Option<f64>,
    /// Also simulate the recommendation with the faults of these scenarios, and without faults; separated by commas
    #[arg(long, value_delimiter = ',', value_name = "PRESET")]
    weather: Vec<String>,
    /// You can receive webhooks: print the cost of the hybrid first
    #[arg(long, conflicts_with = "no_webhook")]
    webhook: bool,
    /// You cannot receive webhooks: leave them out
    #[arg(long)]
    no_webhook: bool,
    /// Write a page, tune.html, and its charts to this folder: trade-offs, cost surface, fit; with --by one page for all models
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print a complete poller in this language instead of the settings
    #[arg(long, value_name = "LANGUAGE", value_parser = language, conflicts_with = "format")]
    write_poller: Option<Language>,
    /// Write a poller that is woken by webhooks and polls rarely in case one is lost
    #[arg(long, requires = "write_poller")]
    with_webhook: bool,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  pollbench tune --model sora-2
  pollbench tune --completion 'lognormal(median=120s, sigma=0.5)' --deadline 10m --max-p95-delay 5s
  pollbench tune --observed times.csv --column cost_time_ms --tasks-per-day 20000 --out reports/tune
  pollbench tune --observed jobs.csv --start started_at --end finished_at --where 'state = SUCCEED' --model sora-2
  pollbench tune --observed jobs.csv --column took_s --by model --format js
  pollbench tune --observed jobs.csv --column took_s --by model --deadline 10m --write-poller python > poller.py
  pollbench tune --observed polls.csv --column unfinished_s --upper finished_s --model sora-2
  pollbench tune --model sora-2 --deadline 10m --weather outage-5m,rate-limited
  pollbench tune --model veo-3-1 --format toml >> my.toml
  pollbench tune --model suno --deadline 5m --format js";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    /// A strategy for a scenario file
    Toml,
    /// An entry of the guide's settings table
    Js,
}

fn language(text: &str) -> Result<Language, String> {
    let names = LANGUAGES.map(Language::name);
    LANGUAGES.into_iter().find(|language| language.name() == text).ok_or_else(|| suggest::help(text, names))
}

fn positive(text: &str) -> Result<Micros, String> {
    match text.parse::<Micros>().map_err(|error| error.to_string())? {
        Micros::ZERO => Err("it must be longer than nothing".to_owned()),
        time => Ok(time),
    }
}

/// The command, as one may give it again.
fn command() -> String {
    let words = std::env::args().skip(1).map(|word| quoted(&word));
    std::iter::once("pollbench".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("it must be a number above zero".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if (0.0..1.0).contains(&x) => Ok(x),
        _ => Err("it must be a number from 0 up to, but not including, 1".to_owned()),
    }
}

/// Where the times come from.
struct Times {
    model: Model,
    /// The scenario's, where there is one.
    horizon: Option<Micros>,
    observed: Option<Sample>,
}

/// Observed times, the distribution that was fitted to them, and what was read where that is of this model alone.
struct Sample {
    seen: Vec<Observation>,
    fit: Fit,
    account: Option<Account>,
}

impl Tune {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        if let Some(language) = self.write_poller.filter(|language| self.with_webhook && !language.can_receive()) {
            let able = LANGUAGES.into_iter().filter(|language| language.can_receive()).map(Language::name);
            return Err(Failure::Input(format!(
                "{} has no HTTP server in its standard library, so a poller in it cannot receive webhooks by itself: {} can",
                language.name(),
                able.collect::<Vec<_>>().join(", ")
            )));
        }
        // A name that is not there is told before anything is read.
        self.weather.iter().try_for_each(|name| load(name).map(drop))?;
        if self.by.is_some() {
            if self.tasks_per_day.is_some() && self.max_polls_per_s.is_none() {
                return Err(Failure::Input(
                    "--tasks-per-day says nothing of each model with --by: leave it out".to_owned(),
                ));
            }
            return by::run(&self);
        }
        let times = self.times()?;
        let folder = self.out.as_deref().map(Folder::writable).transpose()?;
        if let Some(account) = times.observed.as_ref().and_then(|sample| sample.account.as_ref()) {
            self.tell_read(&reading::text(account, &self.log.name()))?;
        }
        self.answer(&times, |answer| {
            if let (Some(folder), Some(out)) = (folder, &self.out) {
                for (name, content) in tuned::files(answer, &command()) {
                    folder.write(&name, content.as_bytes())?;
                }
                note(format_args!("page: {}", out.join("tune.html").display()));
            }
            if !answer.tuned.is_feasible && self.write_poller.is_some() {
                return Err(Failure::Input(
                    "no schedule keeps all of these bounds, so no poller is written: allow more delay or more polls"
                        .to_owned(),
                ));
            }
            if !answer.tuned.is_feasible && self.is_for_programs() {
                note("warning: no schedule keeps all of these bounds");
            }
            if let Some(language) = self.write_poller {
                let looks = self.looks(answer, self.model.as_deref());
                return console::print(&language.poller(&[looks], &command(), self.with_webhook));
            }
            if self.model.is_none() && self.is_for_programs() {
                note("the settings are of `your model`: name it with --model");
            }
            match self.format {
                Format::Text => print_folded(&print::text(answer)),
                Format::Json => console::print(&json::json(answer)),
                Format::Toml => console::print(&settings::toml(answer)),
                Format::Js => console::print(&settings::js(answer)),
            }
        })??;
        Ok(ExitCode::SUCCESS)
    }

    /// What `then` makes of the answer for these times.
    fn answer<T>(&self, times: &Times, then: impl FnOnce(&TuneAnswer<'_>) -> T) -> Result<T, Failure> {
        let input = |error: &dyn std::fmt::Display| Failure::Input(error.to_string());
        let Times { model, horizon, observed } = times;
        let all = DoneTime::of_model(model);
        let weights = CostWeights { poll: self.poll_cost, delay_per_s: self.delay_cost_per_s };
        let deadline = self.deadline_for(&all)?;
        // Without a deadline tasks that never end would be asked for without end.
        let done_time = match deadline {
            Some(_) => all.clone(),
            None => all.clone().of_those_that_end().ok_or_else(|| input(&"no task of this model ever ends"))?,
        };
        let mut goal = Goal::new(&done_time, weights).map_err(|error| input(&error))?;
        if let Some(horizon) = horizon {
            goal.horizon = horizon.get() as f64;
        }
        goal.deadline = deadline.map(|deadline| deadline.get() as f64);
        goal.loss = self.poll_loss.unwrap_or(0.0);
        goal.bounds = self.bounds();
        if goal.deadline.is_none() {
            ScheduleProblem::new(&done_time, weights)
                .and_then(|problem| problem.check())
                .map_err(|error| input(&error))?;
        }
        let tuned = tune(&goal, &model.name);
        let factors: Vec<f64> = DRIFTS.into_iter().chain(self.stress).collect();
        let drift = drift(&goal, tuned.recommended(), &factors);
        let trust = observed.as_ref().map(|sample| reliability(&sample.seen, &sample.fit, &goal, &tuned));
        let mut answer = TuneAnswer {
            model: &model.name,
            completion: &model.completion,
            stuck: 1.0 - all.ends(),
            weights,
            deadline,
            goal: &goal,
            tuned: &tuned,
            drift: &drift,
            webhook: match (self.webhook, self.no_webhook) {
                (true, _) => Webhook::First,
                (_, true) => Webhook::None,
                _ => Webhook::Beside,
            },
            tasks_per_day: self.tasks_per_day,
            observed: observed.as_ref().map(|sample| &sample.fit).zip(trust.as_ref()),
            account: observed.as_ref().and_then(|sample| sample.account.as_ref()),
            weather: &[],
        };
        let weathers = self.weather.iter().map(|name| {
            let weather = load(name)?;
            weathered(&answer, model, &weather).map_err(|error| input(&error))
        });
        let weathers = weathers.collect::<Result<Vec<_>, _>>()?;
        answer.weather = &weathers;
        Ok(then(&answer))
    }

    /// Says what was read, before anything is computed from it: that may take a while, and may be of the wrong rows.
    fn tell_read(&self, read: &str) -> Result<(), Failure> {
        if self.is_for_programs() {
            // What is printed is for programs; what was read is said beside it.
            read.lines().for_each(note);
            return Ok(());
        }
        print_folded(read)
    }

    /// When a written poller looks.
    fn looks(&self, answer: &TuneAnswer<'_>, model: Option<&str>) -> Looks {
        let of = if self.with_webhook { Looks::in_case } else { Looks::of };
        of(answer, model, &self.source())
    }

    fn is_for_programs(&self) -> bool {
        self.write_poller.is_some() || !matches!(self.format, Format::Text)
    }

    /// Where the times come from, in words.
    fn source(&self) -> String {
        match (&self.completion, &self.scenario) {
            (Some(completion), _) => format!("times of {completion}"),
            (None, Some(scenario)) => format!("the times in the scenario {scenario}"),
            (None, None) if self.log.observed.is_some() => format!("the times in {}", self.log.name()),
            (None, None) => "the times of the guide's models".to_owned(),
        }
    }

    /// Says so where the guide does not know the model whose settings are to be compared with.
    fn tell_stranger(&self) {
        let (Some(name), Some(guide)) = (&self.model, preset("adaptive")) else { return };
        if !guide.per_model.contains_key(name) {
            let near = suggest::closest(name, guide.per_model.keys().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
            note(format_args!(
                "the guide has no settings of its own for `{name}`{near}: those that it gives any other model are compared with"
            ));
        }
    }

    fn times(&self) -> Result<Times, Failure> {
        let named = self.model.as_deref().unwrap_or("your model");
        if self.completion.is_some() || self.log.observed.is_some() {
            self.tell_stranger();
        }
        if let Some(completion) = &self.completion {
            return Ok(Times { model: Model::plain(named, completion.clone()), horizon: None, observed: None });
        }
        if let Some(read) = self.log.read(self.by.as_deref())? {
            let account = Some(read.account.clone());
            let seen = read.all();
            let fit = Fit::of(&seen).map_err(|error| {
                // Which rows it is about.
                account.iter().for_each(|account| reading::text(account, &self.log.name()).lines().for_each(note));
                Failure::Input(format!("{}: {error}", self.log.name()))
            })?;
            return Ok(Times {
                model: Model::plain(named, fit.blend.clone()),
                horizon: None,
                observed: Some(Sample { seen, fit, account }),
            });
        }
        let name = self.model.as_deref().unwrap_or_default();
        let scenarios: Vec<&str> = match &self.scenario {
            Some(scenario) => vec![scenario],
            None => SHIPPED.iter().map(|shipped| shipped.name).collect(),
        };
        let mut known: Vec<String> = Vec::new();
        for scenario in scenarios {
            let scenario = Loaded::named(scenario, &self.set)?.scenario;
            for model in scenario.models {
                if model.name == name {
                    return Ok(Times { model, horizon: Some(scenario.horizon), observed: None });
                }
                if !known.contains(&model.name) {
                    known.push(model.name);
                }
            }
        }
        let help = suggest::help(name, known.iter().map(String::as_str));
        Err(Failure::Input(format!("there is no model `{name}`: {help}")))
    }

    /// The deadline that the user gave, or the one that the share of timeouts asks for.
    fn deadline_for(&self, done_time: &DoneTime) -> Result<Option<Micros>, Failure> {
        let Some(most) = self.max_timeout_share else { return Ok(self.deadline) };
        let stuck = 1.0 - done_time.ends();
        if stuck > most {
            let message = format!("a share {stuck:.6} of the tasks never ends, so at least that many waits give up");
            return Err(Failure::Input(message));
        }
        let least = Micros::from_f64((done_time.quantile((1.0 - most) / done_time.ends()) / 1e3).ceil() * 1e3);
        match self.deadline {
            Some(deadline) if deadline < least => Err(Failure::Input(format!(
                "with --deadline {deadline} more than a share {most} of the waits give up; it would have to be {least}"
            ))),
            Some(deadline) => Ok(Some(deadline)),
            None => Ok(Some(least)),
        }
    }

    fn bounds(&self) -> Bounds {
        let us = |time: Option<Micros>| time.map(|time| time.get() as f64);
        let by_volume = self.max_polls_per_s.zip(self.tasks_per_day).map(|(rate, tasks)| rate * 86_400.0 / tasks);
        Bounds {
            min_gap: us(self.min_gap),
            max_delay: us(self.max_delay),
            max_p95_delay: us(self.max_p95_delay),
            max_polls: match (self.max_polls, by_volume) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }
}

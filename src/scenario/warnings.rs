//! What a scenario may say and is hardly meant: strategies that never poll, times that no wait is long enough for.

use super::Scenario;
use crate::inspection::DoneTime;
use crate::strategy::composition::{Channel, Jitter, Strategy};
use crate::strategy::wait::{Policy, Step};
use crate::time::Micros;
use crate::world::draws::{Keys, Stream};
use crate::world::model::Model;

impl Scenario {
    /// What people should know before they run it, a sentence each. A scenario with warnings is valid.
    ///
    /// ```
    /// use pollbench::scenario::{Scenario, files::Embedded};
    /// let text = r#"
    ///     schema_version = 1
    ///     name = "hasty"
    ///     horizon = "1m"
    ///     [models.sora-2]
    ///     completion = "190s"
    ///     [[strategies]]
    ///     preset = "basic"
    /// "#;
    /// let scenario = Scenario::parse(text, "hasty.toml", &Embedded(&[])).unwrap();
    /// assert!(scenario.warnings()[0].contains("0 % of its tasks end within the horizon"));
    /// ```
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let of_models = self.models.iter().filter_map(|model| late(model, self.horizon));
        let of_strategies = self.strategies.iter().filter_map(|strategy| self.silent(strategy));
        of_models.chain(of_strategies).collect()
    }

    /// Models under which a strategy never polls, told once.
    fn silent(&self, strategy: &Strategy) -> Option<String> {
        let calm = Strategy { jitter: Jitter::None, ..strategy.clone() };
        let reasons = self.models.iter().filter_map(|model| {
            let mut draws = Keys::new(self.seed, 0, &model.name).draws(Stream::Jitter, 0);
            let policy = Policy::new(&calm, &model.name);
            match policy.begin(Micros::ZERO, &mut draws).1 {
                Step::End { .. } if policy.channel() != Channel::Webhook => {
                    let limit = policy.nominal_limit().map_or_else(String::new, |limit| format!(" of {limit}"));
                    Some((model, format!("its limit{limit} is reached before its first poll")))
                }
                Step::Poll { at, .. } if at > self.horizon => {
                    Some((model, format!("its first poll, at {at}, comes after the horizon, {}", self.horizon)))
                }
                Step::Poll { .. } | Step::End { .. } | Step::Listen => None,
            }
        });
        let reasons: Vec<(&Model, String)> = reasons.collect();
        let (first, reason) = reasons.first()?;
        let more = if reasons.len() > 1 { format!(" and {} more models", reasons.len() - 1) } else { String::new() };
        Some(format!("strategy `{}` never polls on `{}`{more}: {reason}", strategy.name, first.name))
    }
}

/// A model of which most tasks end after the horizon, if they do.
fn late(model: &Model, horizon: Micros) -> Option<String> {
    let done_time = DoneTime::of_model(model);
    let share = done_time.below(horizon.get() as f64);
    if share >= 0.5 * done_time.ends() {
        return None;
    }
    let (name, percent) = (&model.name, (100.0 * share).round());
    let median = Micros::from_f64((done_time.quantile(0.5) / 1e4).round() * 1e4);
    Some(format!(
        "model `{name}`: {percent} % of its tasks end within the horizon of {horizon}, half of those that end take longer \
         than {median}"
    ))
}

//! A first wait and an interval for a report: nearly the best, in a few milliseconds, and in figures that people write.

use super::family::Family;
use super::search::{self, Effort};
use super::settings::GuideSettings;
use super::{Goal, Row, documented_as};
use crate::inspection::Sketch;
use crate::time::Micros;

/// Of the tasks that end, the share that may end after the limit.
const CUT_OFF: f64 = 1e-4;
/// Steps of limits, in microseconds, each for limits below the other: 5 s up to a minute, and so on.
const STEPS: [(f64, f64); 4] = [(60e6, 5e6), (600e6, 30e6), (3_600e6, 60e6), (f64::INFINITY, 600e6)];

/// Settings for the guide's loop, and what they and the guide's own cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Quick {
    /// The settings.
    pub settings: GuideSettings,
    /// The polls of the guide's loop under them.
    pub row: Row,
    /// The guide's adaptive strategy with its own settings for the model.
    pub guide: Option<Row>,
}

impl Goal<'_> {
    /// A first wait, an interval and a limit for the guide's loop. The goal's own deadline does not count: the limit cuts off
    /// hardly a task, and is not beyond the horizon. `None` where no task ends.
    #[must_use]
    pub fn quick(&self, model: &str) -> Option<Quick> {
        let limit = self.limit()?;
        let goal = Goal { deadline: Some(limit), ..self.clone() };
        let sketch = Sketch::roughly(goal.law, goal.deadline);
        let optimum = goal.optimum_roughly(&sketch)?;
        let (parameters, _) = search::best(&goal, &sketch, Family::Adaptive, &optimum, Effort::LIGHT)?;
        let at = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, us)| written(*us));
        let settings =
            GuideSettings { initial: at("initial")?, interval: at("interval")?, max: Some(Micros::from_f64(limit)) };
        let checks = settings.checks(Micros::from_f64(limit.max(goal.horizon)))?;
        let row = Row::of(&goal, Family::Adaptive, parameters, checks);
        let guide = documented_as(&goal, model, "adaptive").map(|(_, row)| row);
        Some(Quick { settings, row, guide })
    }

    /// When hardly a task is still open, in steps that people write.
    fn limit(&self) -> Option<f64> {
        if self.law.ends() <= 0.0 {
            return None;
        }
        let enough = self.law.quantile(1.0 - CUT_OFF);
        let step = STEPS.iter().find(|(below, _)| enough < *below).map_or(1e6, |(_, step)| *step);
        Some(((enough / step).ceil() * step).min(self.horizon))
    }
}

/// A duration in three digits, in whole milliseconds.
fn written(us: f64) -> Micros {
    let digits = libm::floor(libm::log10(us.max(1e3))) as i32;
    let step = libm::pow(10.0, f64::from(digits - 2)).max(1e3);
    Micros::from_f64((us.max(1e3) / step).round() * step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspection::{CostWeights, DoneLaw};
    use crate::tune::tune;

    #[test]
    fn durations_have_three_digits() {
        let cases = [(172_009e3, "172s"), (31_467e3, "31500ms"), (4_711.4e3, "4710ms"), (12.4, "1ms")];
        for (us, text) in cases {
            assert_eq!(written(us), text.parse().unwrap());
        }
    }

    /// What is quick costs at most 1 % more than the best of its family, and the optimum less than either.
    #[test]
    fn quick_settings_cost_hardly_more_than_the_best() {
        for text in ["lognormal(median=190s, sigma=0.28)", "exponential(mean=30s)", "uniform(low=5s, high=50s)"] {
            let law = DoneLaw::of(text.parse().unwrap());
            for delay_per_s in [0.01, 0.1, 1.0] {
                let mut goal = Goal::new(&law, CostWeights { poll: 1.0, delay_per_s }).unwrap();
                let quick = goal.quick("sora-2").unwrap();
                goal.deadline = goal.limit();
                let best = tune(&goal, "sora-2");
                let thorough = best.family(Family::Adaptive).unwrap();
                // The guide's loop has no last look, which costs a task in 10,000 its delay to the horizon.
                assert!(
                    quick.row.cost < 1.02 * thorough.cost + 0.05,
                    "{text} {delay_per_s}: {} {}",
                    quick.row.cost,
                    thorough.cost
                );
                assert!(quick.row.cost > 0.999 * best.optimal().cost);
                assert!(quick.row.timeout < 5e-3, "{}", quick.row.timeout);
            }
        }
    }
}

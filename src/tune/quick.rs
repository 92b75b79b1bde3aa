//! A first wait and an interval for a report: nearly the best, in a few milliseconds, and in figures that people write.
//! They are searched with a last look at the limit, which the guide's loop does not make there: for times that end abruptly
//! that costs two or three per cent.

use super::family::{Family, Landmarks};
use super::search::{self, Effort};
use super::settings::GuideSettings;
use super::{Goal, TuneRow, documented_as};
use crate::inspection::{CostWeights, Sketch};
use crate::time::Micros;

/// Of the tasks that end, the share that may end after the limit.
const CUT_OFF: f64 = 1e-4;

/// Settings for the guide's loop, and what they and the guide's own cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Quick {
    /// The settings.
    pub settings: GuideSettings,
    /// The polls of the guide's loop under them.
    pub row: TuneRow,
    /// The guide's adaptive strategy with its own settings for the model.
    pub guide: Option<TuneRow>,
}

impl Goal<'_> {
    /// A first wait, an interval and a limit for the guide's loop, for each price of a second in place of the goal's own. The
    /// goal's deadline does not count: the limit cuts off hardly a task, and is not beyond the horizon. `None` where no task
    /// ends.
    #[must_use]
    pub fn quick(&self, model: &str, delays_per_s: &[f64]) -> Option<Vec<Quick>> {
        let limit = self.limit()?;
        // What costs most, the distribution in figures, is the same for all prices.
        let (sketch, landmarks) = (Sketch::roughly(self.done_time, Some(limit)), Landmarks::of(self.done_time));
        let goal = Goal { deadline: Some(limit), ..self.clone() };
        let guide = documented_as(&goal, model, "adaptive").map(|(_, row)| row);
        let guide = guide.map(|row| (goal.expected(&row.checks, goal.done_time), row));
        let at = |&delay_per_s: &f64| {
            let weights = CostWeights { delay_per_s, ..self.weights };
            let (settings, row) = Goal { weights, ..goal.clone() }.quick_at(limit, &sketch, &landmarks)?;
            let guide = guide.as_ref().map(|(its, row)| TuneRow { cost: its.cost(&weights), ..row.clone() });
            Some(Quick { settings, row, guide })
        };
        delays_per_s.iter().map(at).collect()
    }

    fn quick_at(&self, limit: f64, sketch: &Sketch, landmarks: &Landmarks) -> Option<(GuideSettings, TuneRow)> {
        let goal = self;
        let optimum = goal.optimum_roughly(sketch)?;
        let (parameters, _) = search::best(goal, sketch, landmarks, Family::Adaptive, &optimum, Effort::LIGHT)?;
        let at = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, us)| written(*us));
        let (initial, interval) = (at("initial")?, at("interval")?);
        let settings = GuideSettings { initial, interval, max: Some(after_the_last(initial, interval, limit)) };
        let checks = settings.checks(Micros::from_f64(limit.max(goal.horizon)))?;
        Some((settings, TuneRow::of(goal, Family::Adaptive, parameters, checks)))
    }

    /// When hardly a task is still open.
    fn limit(&self) -> Option<f64> {
        (self.done_time.ends() > 0.0).then(|| self.done_time.quantile(1.0 - CUT_OFF).min(self.horizon))
    }
}

/// A limit, in whole seconds, under which the guide's loop, which makes no poll at its limit, makes one at `enough` or later.
fn after_the_last(initial: Micros, interval: Micros, enough: f64) -> Micros {
    let gaps = (Micros::from_f64(enough) - initial).get().div_ceil(interval.get().max(1));
    let last = initial + interval * gaps;
    Micros::from_secs(last.get() / 1_000_000 + 1)
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
    use crate::inspection::DoneTime;
    use crate::tune::tune;

    #[test]
    fn durations_have_three_digits() {
        let cases = [(172_009e3, "172s"), (31_467e3, "31500ms"), (4_711.4e3, "4710ms"), (12.4, "1ms")];
        for (us, text) in cases {
            assert_eq!(written(us), text.parse().expect("a time"));
        }
    }

    /// What is quick costs at most 3 % more than the best of its family without a limit, but for what the limit cuts off, and
    /// no less than the optimum.
    #[test]
    fn quick_settings_cost_hardly_more_than_the_best() {
        for text in ["lognormal(median=190s, sigma=0.28)", "exponential(mean=30s)", "uniform(low=5s, high=50s)"] {
            let done_time = DoneTime::of(text.parse().expect("a distribution"));
            for delay_per_s in [0.01, 0.1, 1.0] {
                let goal = Goal::new(&done_time, CostWeights { poll: 1.0, delay_per_s }).expect("weights");
                let quick = goal.quick("sora-2", &[delay_per_s]).expect("settings").remove(0);
                let best = tune(&goal, "sora-2");
                let thorough = best.family(Family::Adaptive).expect("the family");
                // Who is given up on is charged the delay to the horizon.
                let given_up = CUT_OFF * goal.horizon / 1e6 * delay_per_s;
                assert!(
                    quick.row.cost < 1.03 * thorough.cost + given_up,
                    "{text} {delay_per_s}: {} {}",
                    quick.row.cost,
                    thorough.cost
                );
                assert!(quick.row.cost > 0.999 * best.optimal().cost);
                assert!(quick.row.timeout < 2.0 * CUT_OFF, "{}", quick.row.timeout);
            }
        }
    }
}

//! Whether times were written to whole seconds, or coarser: then a value stands for what is rounded to it, and no task
//! took exactly so long.

use super::observation::Observation;

/// Steps that people round to, in microseconds, the coarsest first.
const STEPS: [f64; 6] = [60e6, 10e6, 5e6, 1e6, 500e3, 100e3];
/// Fewest exact values that tell.
const FEWEST: usize = 10;
/// Share of the values that must stand in a row of three, one step apart: a few single values that happen to be round do
/// not.
const IN_A_ROW: f64 = 0.5;

/// The step to which the exact values were rounded, if they were; where two steps would do, the coarser.
pub(crate) fn step(observations: &[Observation]) -> Option<f64> {
    let mut values: Vec<f64> = observations
        .iter()
        .filter_map(|observation| match *observation {
            Observation::Exact(at) => Some(at),
            Observation::Within(..) | Observation::Beyond(_) | Observation::Entered { .. } => None,
        })
        .collect();
    if values.len() < FEWEST {
        return None;
    }
    values.sort_by(f64::total_cmp);
    STEPS.into_iter().find(|step| {
        let is_whole = |value: &f64| (value / step - (value / step).round()).abs() * step <= 0.5;
        let has = |wanted: f64| {
            let at = values.partition_point(|value| *value < wanted - 0.5);
            values.get(at).is_some_and(|value| *value <= wanted + 0.5)
        };
        let in_a_row = |value: f64| {
            let around = [-2.0, -1.0, 1.0, 2.0].map(|steps| has(value + steps * step));
            around.windows(2).any(|pair| pair == [true, true])
        };
        // Of many that are the same one is looked at.
        let same = || values.chunk_by(|a, b| a == b);
        let rows = || same().filter(|same| in_a_row(same[0])).map(<[f64]>::len).sum::<usize>();
        values.iter().all(is_whole) && rows() as f64 >= IN_A_ROW * values.len() as f64
    })
}

/// The observations, each exact value as the range that is rounded to it.
pub(super) fn unrounded(observations: &[Observation], step: f64) -> Vec<Observation> {
    let ranged = |observation: &Observation| match *observation {
        Observation::Exact(at) => Observation::Within((at - 0.5 * step).max(0.0), at + 0.5 * step),
        other @ (Observation::Within(..) | Observation::Beyond(_) | Observation::Entered { .. }) => other,
    };
    observations.iter().map(ranged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_are_told_from_values_that_happen_to_be_round() {
        let exact = |seconds: &[f64]| -> Vec<Observation> {
            seconds.iter().cycle().take(40).map(|s| Observation::Exact(s * 1e6)).collect()
        };
        assert_eq!(step(&exact(&[30.0])), None);
        assert_eq!(step(&exact(&[30.0, 60.0, 90.0, 300.0])), None);
        assert_eq!(step(&exact(&[29.0, 30.0, 31.0, 33.0])), Some(1e6));
        assert_eq!(step(&exact(&[25.0, 30.0, 35.0, 45.0, 50.0])), Some(5e6));
        assert_eq!(step(&exact(&[29.1, 30.0, 30.7])), None);
        assert_eq!(step(&exact(&[1.0, 2.0])[..9]), None);
    }
}

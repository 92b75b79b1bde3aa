//! What observations say of the distribution function without any distribution: the nonparametric maximum-likelihood estimate of
//! Kaplan & Meier (J. Am. Statist. Assoc. 53 (1958) 457–481), and where durations are known between bounds only, that of
//! Turnbull (J. R. Statist. Soc. B 38 (1976) 290–295).

use super::observation::Observation;
use crate::world::distribution::Distribution;

/// Most rounds of the self-consistent iteration.
const ROUNDS: usize = 400;
/// It ends when no probability moves by more.
const SETTLED: f64 = 1e-8;
/// Least duration in microseconds.
const LEAST: f64 = 1.0;
/// So many of n are few: n to this power.
const FEW: f64 = 0.3;
/// Just before an instant, in microseconds.
const BEFORE: f64 = 0.25;

/// Where durations lie with some probability; where in it, nobody can say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// After this; at it, where both ends are the same.
    pub(super) low: f64,
    /// And not after this.
    pub(super) high: f64,
    pub(super) mass: f64,
    /// Observations that are known to lie here and nowhere else.
    pub(super) seen: f64,
}

/// The estimate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Estimate {
    /// Ascending, disjoint, not empty.
    pub(super) cells: Vec<Cell>,
    /// Probability of lasting longer than anything that was seen.
    pub(super) left: f64,
    /// The greatest instant that an observation names.
    pub(super) last: f64,
    pub(super) count: usize,
    /// How many of them ended.
    pub(super) ends: usize,
    /// The age, in microseconds, below which no task could be seen; all of it is given that a task takes longer.
    pub(super) from: f64,
}

/// What a distribution and the estimate have at both ends of a cell.
#[derive(Debug, Clone, Copy)]
struct Sides {
    at: usize,
    below: f64,
    before: f64,
    distribution: f64,
    upto: f64,
}

impl Sides {
    fn distance(&self) -> f64 {
        (self.below - self.before).abs().max((self.distribution - self.upto).abs())
    }
}

/// An end of a range: its instant, and whether what lies at the instant is inside. Left ends that exclude it come after
/// right ends that include it.
type Edge = (f64, u8);

fn edges(observation: &Observation) -> (Edge, Edge) {
    match *observation {
        Observation::Exact(at) => ((at.max(LEAST), 0), (at.max(LEAST), 1)),
        Observation::Within(low, high) if high.max(LEAST) <= low.max(LEAST) => {
            ((low.max(LEAST), 0), (low.max(LEAST), 1))
        }
        Observation::Within(low, high) => ((low.max(0.0), 2), (high.max(LEAST), 1)),
        Observation::Beyond(at) | Observation::Entered { at, is_over: false, .. } => {
            ((at.max(LEAST), 2), (f64::INFINITY, 1))
        }
        Observation::Entered { at, is_over: true, .. } => ((at.max(LEAST), 0), (at.max(LEAST), 1)),
    }
}

/// The ranges that observations name, those of equal values once, with how many they are: of a million times in
/// milliseconds few differ.
fn counted(observations: &[Observation]) -> Vec<(Edge, Edge, f64)> {
    let mut values: Vec<u64> = Vec::new();
    let mut ranges: Vec<(Edge, Edge, f64)> = Vec::new();
    for observation in observations {
        match *observation {
            // Numbers that are not negative are in the order of their bits.
            Observation::Exact(at) => values.push(at.max(LEAST).to_bits()),
            Observation::Within(..) | Observation::Beyond(_) | Observation::Entered { .. } => {
                let (from, to) = edges(observation);
                ranges.push((from, to, 1.0));
            }
        }
    }
    values.sort_unstable();
    ranges.extend(values.chunk_by(|a, b| a == b).map(|equal| {
        let (from, to) = edges(&Observation::Exact(f64::from_bits(equal[0])));
        (from, to, equal.len() as f64)
    }));
    ranges
}

fn order(a: &Edge, b: &Edge) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

impl Estimate {
    /// Of observations of which at least one ended.
    pub(super) fn of(observations: &[Observation]) -> Self {
        let mut ranges: Vec<(Edge, Edge, f64)> = counted(observations);
        ranges.sort_by(|a, b| order(&a.0, &b.0).then(order(&a.1, &b.1)));
        // Probability can only be where a range begins and the next edge of any is an end.
        let mut all: Vec<(Edge, bool)> =
            ranges.iter().flat_map(|(from, to, _)| [(*from, true), (*to, false)]).collect();
        all.sort_by(|a, b| order(&a.0, &b.0));
        let places: Vec<(Edge, Edge)> =
            all.windows(2).filter(|pair| pair[0].1 && !pair[1].1).map(|pair| (pair[0].0, pair[1].0)).collect();
        // Each range holds the places from one to another; the same ranges are gathered.
        let mut held: Vec<(usize, usize, f64)> = Vec::new();
        for (from, to, n) in &ranges {
            let first = places.partition_point(|place| order(&place.0, from).is_lt());
            let after = places.partition_point(|place| order(&place.1, to).is_le());
            match held.last_mut() {
                Some((a, b, count)) if (*a, *b) == (first, after) => *count += n,
                _ => held.push((first, after, *n)),
            }
        }
        // Who is watched from an age on is at risk at the places behind it.
        let mut entering = vec![0.0; places.len() + 1];
        let mut from = f64::INFINITY;
        for observation in observations {
            if let Observation::Entered { from: age, .. } = *observation {
                from = from.min(age);
                entering[places.partition_point(|place| order(&place.0, &(age.max(LEAST), 2)).is_lt())] += 1.0;
            } else {
                from = 0.0;
            }
        }
        let mass = masses(&held, &entering, places.len(), observations.len() as f64);
        let mut seen = vec![0.0; places.len()];
        for &(first, _, count) in held.iter().filter(|(first, after, _)| *after == first + 1) {
            seen[first] += count;
        }
        let is_last = |place: &(Edge, Edge)| place.1.0.is_infinite();
        let left =
            places.iter().zip(&mass).filter(|(place, _)| is_last(place)).map(|(_, mass)| mass).sum::<f64>().max(0.0);
        let cells = places
            .iter()
            .zip(mass.iter().zip(seen))
            .filter(|(place, (mass, _))| !is_last(place) && **mass > 1e-12)
            .map(|((low, high), (mass, seen))| Cell { low: low.0, high: high.0, mass: *mass, seen })
            .collect();
        let ends = observations.iter().filter(|seen| seen.is_end()).count();
        let named = |(from, to, _): &(Edge, Edge, f64)| if to.0.is_finite() { to.0 } else { from.0 };
        let last = ranges.iter().map(named).fold(LEAST, f64::max);
        let from = if from.is_finite() { from } else { 0.0 };
        Self { cells, left, last, count: observations.len(), ends, from }
    }

    /// Largest distance between `distribution` and the estimate, where the estimate is known: at the ends of its cells.
    ///
    /// Both are monotone, so between two cells the distance is at most that of the one at one side from the other at the other
    /// side: where that is no more than what was found already, nothing in between is asked for. Of a million cells a few
    /// thousand are looked at, and the answer is the same.
    pub(super) fn distance(&self, distribution: &Distribution) -> f64 {
        let unseen = if self.from > 0.0 { distribution.cdf(self.from) } else { 0.0 };
        let cdf = |x: f64| ((distribution.cdf(x) - unseen) / (1.0 - unseen).max(f64::MIN_POSITIVE)).max(0.0);
        let upto: Vec<f64> = self
            .cells
            .iter()
            .scan(0.0, |sum, cell| {
                *sum += cell.mass;
                Some(*sum)
            })
            .collect();
        // A cell: the distribution below it and up to its end, and the estimate at both.
        let look = |at: usize| {
            let cell = &self.cells[at];
            let below = if cell.low < cell.high { cdf(cell.low) } else { cdf(cell.low - BEFORE) };
            let before = if at == 0 { 0.0 } else { upto[at - 1] };
            Sides { at, below, before, distribution: cdf(cell.high), upto: upto[at] }
        };
        let Some(last) = self.cells.len().checked_sub(1) else { return 0.0 };
        let (first, last) = (look(0), look(last));
        let mut largest = first.distance().max(last.distance());
        let mut ranges = vec![(first, last)];
        while let Some((from, to)) = ranges.pop() {
            let most = (to.below - from.upto).max(to.before - from.distribution);
            if to.at - from.at < 2 || most <= largest {
                continue;
            }
            let middle = look(from.at.midpoint(to.at));
            largest = largest.max(middle.distance());
            ranges.extend([(from, middle), (middle, to)]);
        }
        largest
    }

    /// The distance that samples of a right distribution exceed once in twenty times (Kolmogorov's distribution; Smirnov, Ann. Math.
    /// Statist. 19 (1948) 279–281), by the number of ends.
    pub(super) fn limit(&self) -> f64 {
        1.358 / (self.ends as f64).sqrt()
    }
}

/// Probabilities of the places, most likely for what was seen: self-consistency, which for values that are known or
/// beyond something is settled in closed form by taking them in turn.
///
/// `entering` says how many come to be at risk before each place; the rest are from the start. While some are still to come,
/// what few of those at risk do is no estimate for all, and is left out (Lai & Ying, Ann. Statist. 19 (1991) 417–442): else
/// the first of two tasks to end would end the distribution.
fn masses(held: &[(usize, usize, f64)], entering: &[f64], places: usize, count: f64) -> Vec<f64> {
    // Kaplan & Meier: exact where no range holds several places but to the end.
    let mut by_place = vec![0.0; places];
    let mut gone = vec![0.0; places + 1];
    let mut is_product_limit = true;
    for &(first, after, n) in held {
        if after == first + 1 {
            by_place[first] += n;
        } else if after == places {
            gone[first] += n;
        } else {
            is_product_limit = false;
        }
    }
    if is_product_limit {
        let mut to_come: f64 = entering.iter().sum();
        let (mut left, mut at_risk) = (1.0, count - to_come);
        let few = libm::pow(count, FEW);
        return (0..places)
            .map(|place| {
                // Who was last seen before this place is not at risk there.
                at_risk += entering[place] - gone[place];
                to_come -= entering[place];
                let is_told = at_risk > 0.0 && (to_come < 0.5 || at_risk >= few);
                let step = if is_told { left * by_place[place] / at_risk } else { 0.0 };
                at_risk -= by_place[place];
                left -= step;
                step
            })
            .collect();
    }
    let mut mass = vec![1.0 / places as f64; places];
    let mut change = vec![0.0; places + 1];
    let mut upto = vec![0.0; places + 1];
    for _ in 0..ROUNDS {
        for place in 0..places {
            upto[place + 1] = upto[place] + mass[place];
        }
        change.fill(0.0);
        for &(first, after, n) in held {
            let share = n / (upto[after] - upto[first]).max(f64::MIN_POSITIVE);
            change[first] += share;
            change[after] -= share;
        }
        // Of tasks that are watched from an age on, those that ended before it are unseen.
        let mut all = count;
        for (place, n) in entering.iter().enumerate().filter(|(_, n)| **n > 0.0) {
            let share = n / (upto[places] - upto[place]).max(f64::MIN_POSITIVE);
            change[0] += share;
            change[place] -= share;
            all += share * upto[place];
        }
        let (mut weight, mut moved) = (0.0, 0.0_f64);
        for place in 0..places {
            weight += change[place];
            let next = mass[place] * weight.max(0.0) / all;
            moved = moved.max((next - mass[place]).abs());
            mass[place] = next;
        }
        if moved <= SETTLED {
            break;
        }
    }
    mass
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looked at one by one, all cells say the same.
    #[test]
    fn a_few_cells_tell_the_distance_of_all() {
        let distribution: Distribution = "lognormal(median=100s, sigma=0.5)".parse().expect("a distribution");
        for shift in [0.0, 3e5, 2e7] {
            let seen: Vec<Observation> = (1..3_000)
                .map(|at| {
                    Observation::Exact(distribution.quantile(f64::from(at * 7 % 3_001) / 3_001.0).round() + shift)
                })
                .collect();
            let estimate = Estimate::of(&seen);
            let (mut before, mut largest) = (0.0, 0.0_f64);
            for cell in &estimate.cells {
                let upto = before + cell.mass;
                let (below, above) = (distribution.cdf(cell.low - BEFORE), distribution.cdf(cell.high));
                largest = largest.max((below - before).abs()).max((above - upto).abs());
                before = upto;
            }
            assert_eq!(estimate.distance(&distribution), largest);
        }
    }
}

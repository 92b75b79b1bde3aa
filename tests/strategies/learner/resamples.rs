//! A large sample under random weights moves as the sample itself would.

use super::support::distribution as law_of;
use pollbench::fit::{Fit, Observation, Resampler};
use pollbench::world::distribution::Distribution;
use pollbench::world::draws::{Draws, Keys, Stream};

fn draws(number: u64) -> Draws {
    Keys::new(23, 0, "resamples").draws(Stream::Truth, number)
}

/// So many times, to whole milliseconds; with `patience`, those that take longer than a draw from it are given up on.
fn sample(distribution: &str, count: usize, patience: Option<&str>) -> Vec<Observation> {
    let (distribution, patience) = (law_of(distribution), patience.map(law_of));
    let mut draws = draws(0);
    let ms =
        |distribution: &Distribution, draws: &mut Draws| (distribution.sample(draws).get() as f64 / 1e3).ceil() * 1e3;
    let one = |_| {
        let (at, most) = (ms(&distribution, &mut draws), patience.as_ref().map(|patience| ms(patience, &mut draws)));
        match most {
            Some(most) if most < at => Observation::Beyond(most),
            Some(_) | None => Observation::Exact(at),
        }
    };
    (0..count).map(one).collect()
}

/// Greenwood's variance of the product-limit estimate at `x` (Greenwood 1926): without censoring that of a share.
fn greenwood(sample: &[Observation], x: f64) -> f64 {
    let (mut left, mut sum) = (1.0, 0.0);
    let mut ages: Vec<(f64, bool)> = sample
        .iter()
        .map(|seen| match *seen {
            Observation::Exact(at) => (at, true),
            Observation::Beyond(at) => (at, false),
            Observation::Within(..) | Observation::Entered { .. } => panic!("none of these"),
        })
        .collect();
    ages.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    for (place, _) in ages.iter().enumerate().filter(|(_, (at, is_end))| *is_end && *at <= x) {
        let at_risk = (ages.len() - place) as f64;
        left *= 1.0 - 1.0 / at_risk;
        sum += 1.0 / (at_risk * (at_risk - 1.0));
    }
    left * left * sum
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt())
}

/// Promise: the distribution function moves around that of the fit by what Greenwood's formula says, with as without
/// censoring.
///
/// Of 250 resamples a deviation has a standard error of 4.5 %; the distribution is smooth over a hundredth of all, which takes up to 4 %
/// of it away: 25 % is more than four standard errors, so that one of 15 comparisons fails by luck once in a thousand seeds.
#[test]
fn weights_move_the_distribution_by_as_much_as_samples_differ() {
    let distributions = [
        ("lognormal(median=120s, sigma=0.5)", None),
        ("mixture(0.7*lognormal(median=20s, sigma=0.2), 0.3*lognormal(median=90s, sigma=0.3))", None),
        ("weibull(scale=60s, shape=1.5)", Some("exponential(mean=100s)")),
    ];
    for (distribution, patience) in distributions {
        let sample = sample(distribution, 5_000, patience);
        let fit = Fit::of(&sample).expect("enough");
        let resampler = Resampler::of(&fit).expect("so many are weighed");
        let moved: Vec<Distribution> = (1..=250).map(|number| resampler.distribution(&mut draws(number))).collect();
        for share in [0.1, 0.3, 0.5, 0.7, 0.85] {
            let x = fit.blend.quantile(share);
            let (mean, deviation) =
                mean_and_deviation(&moved.iter().map(|distribution| distribution.cdf(x)).collect::<Vec<_>>());
            let expected = greenwood(&sample, x).sqrt();
            assert!(
                (deviation / expected - 1.0).abs() < 0.25,
                "{distribution} at {share}: {deviation}, expected {expected}"
            );
            // The mean may be off by chance, and by one of the 2,000 groups.
            let off = (mean - share).abs();
            assert!(off < 5.0 * expected / 250_f64.sqrt() + 1.0 / 2_000.0, "{distribution} at {share}: {mean}");
        }
    }
}

/// Promise: quantiles move as they do where observations are drawn again and everything is fitted again. The ratio of two
/// deviations, of 40 and of 200, has a standard error of 12 %: a factor of 1.8 is five of them.
#[test]
fn weights_move_quantiles_as_exact_fits_of_samples_drawn_again_do() {
    let sample = sample("mixture(0.7*lognormal(median=20s, sigma=0.2), 0.3*gamma(shape=4, scale=20s))", 2_500, None);
    let fit = Fit::of(&sample).expect("enough");
    let resampler = Resampler::of(&fit).expect("so many are weighed");
    let again = |number: u64| {
        let mut draws = draws(1_000 + number);
        let drawn: Vec<Observation> =
            sample.iter().map(|_| sample[(draws.uniform() * sample.len() as f64) as usize]).collect();
        Fit::of(&drawn).expect("enough").blend
    };
    let exact: Vec<Distribution> = (0..40).map(again).collect();
    let weighed: Vec<Distribution> = (0..200).map(|number| resampler.distribution(&mut draws(number + 1))).collect();
    for share in [0.1, 0.5, 0.9] {
        let of = |distributions: &[Distribution]| {
            mean_and_deviation(
                &distributions.iter().map(|distribution| distribution.quantile(share)).collect::<Vec<f64>>(),
            )
        };
        let ((exact, by), (weighed, wide)) = (of(&exact), of(&weighed));
        assert!((0.55..1.8).contains(&(wide / by)), "{share}: {wide}, exactly {by}");
        assert!(
            (weighed - exact).abs() < 5.0 * by / 40_f64.sqrt() + 0.01 * exact,
            "{share}: {weighed}, exactly {exact}"
        );
    }
}

/// Few observations are drawn again: their candidates have a great share, and move too. So are those that bounds tell of.
#[test]
fn what_weights_cannot_tell_is_drawn_again() {
    let few = Fit::of(&sample("lognormal(median=120s, sigma=0.5)", 500, None)).expect("enough");
    assert!(Resampler::of(&few).is_none());
    let bounds = sample("lognormal(median=120s, sigma=0.5)", 3_000, None).into_iter().enumerate().map(|(at, seen)| {
        let Observation::Exact(us) = seen else { panic!("all ended") };
        Observation::Within((us - 1e6 * (at % 17) as f64).max(0.0), us + 1e6)
    });
    assert!(Resampler::of(&Fit::of(&bounds.collect::<Vec<_>>()).expect("enough")).is_none());
    // Whole seconds are bounds that do not overlap.
    let whole = sample("lognormal(median=120s, sigma=0.5)", 3_000, None).into_iter().map(|seen| match seen {
        Observation::Exact(us) => Observation::Exact((us / 1e6).round() * 1e6),
        other => other,
    });
    let whole = Fit::of(&whole.collect::<Vec<_>>()).expect("enough");
    assert!(whole.rounded_to.is_some() && Resampler::of(&whole).is_some());
}

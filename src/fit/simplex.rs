//! Minimisation without derivatives: the simplex method of Nelder & Mead (The Computer Journal 7 (1965) 308–313).

/// The best point found from `start` with first steps `steps`, and the value there. Ends when the values at the corners
/// agree to `tolerance`, relative to the best.
pub(crate) fn minimise(start: &[f64], steps: &[f64], tolerance: f64, f: impl Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    let dimensions = start.len();
    let value = |x: &[f64]| {
        let value = f(x);
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let mut corners: Vec<(Vec<f64>, f64)> = vec![(start.to_vec(), value(start))];
    for (axis, step) in steps.iter().enumerate() {
        let mut corner = start.to_vec();
        corner[axis] += step;
        let at = value(&corner);
        corners.push((corner, at));
    }
    for _ in 0..200 * dimensions {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (corners[0].1, corners[dimensions].1);
        if worst - best <= tolerance * best.abs().max(f64::MIN_POSITIVE) {
            break;
        }
        let centre: Vec<f64> = (0..dimensions)
            .map(|axis| corners[..dimensions].iter().map(|(x, _)| x[axis]).sum::<f64>() / dimensions as f64)
            .collect();
        let moved = |factor: f64| {
            let x: Vec<f64> = centre
                .iter()
                .zip(&corners[dimensions].0)
                .map(|(centre, worst)| centre + factor * (worst - centre))
                .collect();
            let at = value(&x);
            (x, at)
        };
        let reflected = moved(-1.0);
        corners[dimensions] = if reflected.1 < best {
            let expanded = moved(-2.0);
            if expanded.1 < reflected.1 { expanded } else { reflected }
        } else if reflected.1 < corners[dimensions - 1].1 {
            reflected
        } else {
            let contracted = moved(if reflected.1 < worst { -0.5 } else { 0.5 });
            if contracted.1 < worst.min(reflected.1) {
                contracted
            } else {
                let best = corners[0].0.clone();
                for corner in &mut corners[1..] {
                    let x: Vec<f64> = corner.0.iter().zip(&best).map(|(x, best)| x.midpoint(*best)).collect();
                    let at = value(&x);
                    *corner = (x, at);
                }
                continue;
            }
        };
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners.swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end() {
        let valley = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let (at, value) = minimise(&[-1.2, 1.0], &[0.5, 0.5], 1e-14, valley);
        assert!((at[0] - 1.0).abs() < 1e-4 && (at[1] - 1.0).abs() < 1e-4 && value < 1e-8, "{at:?}");
    }
}

//! The least-cost path over the instants of a grid.

/// The path of least cost from node 0 to node `last`, without node 0, and its cost. `cost(i, j)` is the cost of the step
/// from `i` to `j > i` and must satisfy the quadrangle inequality cost(i,j) + cost(i′,j′) ≤ cost(i,j′) + cost(i′,j) for
/// i < i′ < j < j′, so that the best next node moves with the node: the concave least-weight subsequence problem
/// (Hirschberg & Larmore, SIAM J. Comput. 16 (1987) 628–638), in O(n log n).
pub(super) fn shortest_path(last: usize, cost: impl Fn(usize, usize) -> f64) -> (Vec<usize>, f64) {
    let mut to_go = vec![0.0; last + 1];
    let mut next = vec![last; last + 1];
    // Candidates for the next node, each with the greatest node for which it is best; later ones serve lesser nodes.
    let mut candidates: Vec<(usize, usize)> = Vec::new();
    let mut head = 0;
    // What is no more than rounding does not count: among equals the farthest node is taken, so that a stretch on which
    // nothing can happen has no looks.
    let nothing = 1e-13 * cost(0, last).abs();
    for node in (0..last).rev() {
        let added = node + 1;
        loop {
            let better =
                |from: usize, than: usize| cost(from, added) + to_go[added] + nothing < cost(from, than) + to_go[than];
            let Some(&(rival, upto)) = candidates.get(head..).and_then(<[_]>::last) else {
                candidates.push((added, node));
                break;
            };
            let upto = upto.min(node);
            if better(upto, rival) {
                candidates.pop();
                continue;
            }
            if better(0, rival) {
                // The advantage of the nearer node grows towards lesser nodes: it begins somewhere in between.
                let (mut yes, mut no) = (0, upto);
                while no - yes > 1 {
                    let middle = yes.midpoint(no);
                    *(if better(middle, rival) { &mut yes } else { &mut no }) = middle;
                }
                candidates.push((added, yes));
            }
            break;
        }
        while candidates.get(head + 1).is_some_and(|&(_, upto)| upto >= node) {
            head += 1;
        }
        let (best, _) = candidates[head];
        next[node] = best;
        to_go[node] = cost(node, best) + to_go[best];
    }
    let mut path = Vec::new();
    let mut node = 0;
    while node < last {
        node = next[node];
        path.push(node);
    }
    (path, to_go[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspection::done_time::DoneTime;
    use crate::inspection::grid::{Area, Grid};

    #[test]
    fn the_path_is_that_of_trying_all() {
        // Any concave or convex pair of tables that keeps the inequality: here the inspection problem on a lumpy distribution.
        let done_time = DoneTime::of(
            "mixture(0.6*lognormal(median=20s, sigma=0.3), 0.4*uniform(low=50s, high=60s))"
                .parse()
                .expect("a distribution"),
        );
        for (poll, end) in [(0.5, 70e6), (2.0, 100e6), (20.0, 61e6)] {
            let grid = Grid::covering(&done_time, end, 120, Area::Exact);
            let last = grid.at.len() - 1;
            let cost = |i: usize, j: usize| poll * (1.0 - grid.below[i]) + grid.delay(i, j) / 1e6;
            let mut to_go = vec![0.0; last + 1];
            for i in (0..last).rev() {
                to_go[i] = (i + 1..=last).map(|j| cost(i, j) + to_go[j]).fold(f64::INFINITY, f64::min);
            }
            let (path, found) = shortest_path(last, cost);
            assert!((found - to_go[0]).abs() <= 1e-9 * to_go[0], "{found} against {}", to_go[0]);
            assert!(path.windows(2).all(|pair| pair[0] < pair[1]) && path.last() == Some(&last));
        }
    }
}

//! How the numbers were made: run facts and the rules of reading.

use super::Report;
use crate::figures as f;

/// The facts of the run, name and value.
pub(super) fn facts(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let run = &report.results.run;
    let weights = report.scenario.cost;
    let replicates = run.until.as_ref().map_or_else(
        || run.replicates.to_string(),
        |until| format!("{}, fixed-width sequential (Chow & Robbins 1965): {until}", run.replicates),
    );
    vec![
        ("scenario", run.scenario.clone()),
        ("engine", run.engine.clone()),
        ("seed", run.seed.to_string()),
        ("tasks", format!("{} per model and replicate", f::count(run.tasks))),
        ("replicates", replicates),
        ("horizon", report.scenario.horizon.to_string()),
        ("baseline", report.baseline().to_owned()),
        ("cost", format!("{} per poll, {} per second of delay", weights.poll, weights.delay_per_s)),
        ("faults", faults(report)),
        ("version", run.version.clone()),
        ("digest of all task records", run.digest.clone()),
    ]
}

fn faults(report: &Report<'_>) -> String {
    let kinds = super::distinct(report.scenario.faults.iter().map(|rule| rule.kind().name()));
    if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") }
}

/// How to read the numbers, a paragraph each.
pub(super) const RULES: &[&str] = &[
    "Every strategy meets the same tasks. A task’s fate is drawn when it is submitted and does not depend on how it is polled; all randomness is keyed by seed, replicate, model and task, so one more poll changes no other draw.",
    "The choice: a strategy that loses a share of tasks significantly above the smallest one (the 95 % interval of the difference, Newcombe’s from two Wilson intervals, lies above 0) is excluded; among the rest the one with the least mean cost is chosen. Where 95 % intervals of cost meet, the choice is undecided; as intervals of single means take no account of pairing, this errs on the side of undecided.",
    "Intervals are 95 %. Where tasks are independent they come from the spread between tasks. Where tasks interact (shared limits, pools, workers, weather that strikes many at once) they come from the spread between replicates: the jackknife with Student’s t, with fewer degrees of freedom where few replicates make the figure. Shares have Wilson’s interval; where tasks interact, the wider of the two. Where the data cannot carry an interval there is none: a single replicate or known task, too few bad spells of random weather, too few tasks that faults which come and go have struck, pools of which nearly all are lost. Where faults can strike, intervals of delay reach as far as tasks would move it that wait through the longest gap of the schedule, if the run may have missed them by chance.",
    "Differences are paired by task; times only over tasks that both strategies knew, whose number is printed. Verdict words are adjusted by Holm’s method over all words of a model.",
    "Tasks that never became known are censored, not dropped: quantiles count them as infinitely late, curves stop short of 100 %, and cost charges them the delay to the horizon.",
];

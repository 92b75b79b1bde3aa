//! Which of two strategies is cheaper for a model whose tasks take about two minutes?
//!
//! `cargo run --release --example choose`

use pollbench::engine::compare::compare;
use pollbench::engine::plan::Plan;
use pollbench::engine::sim::{Control, Options};
use pollbench::measure::results::Verdict;
use pollbench::scenario::Scenario;
use pollbench::scenario::files::Embedded;
use std::error::Error;

const SCENARIO: &str = r#"
schema_version = 1
name = "choose"

[network]
rtt = "80ms"

[models.video]
completion = { kind = "lognormal", median = "2m", sigma = 0.3 }
stuck_probability = 0.001

[[faults]]
kind = "reset"
probability = 0.001

[[strategies]]
preset = "adaptive-hardened"

[[strategies]]
preset = "exponential-hardened"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let scenario = Scenario::parse(SCENARIO, "choose", &Embedded(&[]))?;
    let plan = Plan::new(&scenario);
    // Only a run that was stopped has no results.
    let results = compare(&plan, Options::default(), &Control::default(), None).ok_or("stopped")?.results;

    for cell in &results.cells {
        let [low, high] = cell.cost.ci95.ok_or("one replicate gives no interval")?;
        let (strategy, cost, lost) = (&cell.strategy, cell.cost.mean, cell.lost);
        println!("{strategy:20} costs {cost:.2} a task (95 % {low:.2} to {high:.2}), {lost} of {} lost", cell.tasks);
    }
    let paired = results.comparisons.iter().find(|pair| pair.metric == "cost").ok_or("two strategies make a pair")?;
    match paired.verdict {
        Verdict::Fewer => println!("{} is cheaper", paired.strategy),
        Verdict::More => println!("{} is cheaper", paired.baseline),
        _ => println!("the data do not tell them apart"),
    }
    Ok(())
}

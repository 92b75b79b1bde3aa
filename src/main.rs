//! tmp
use pollbench::engine::{compare::compare, plan::Plan, sim::*};
fn main() {
    let name = std::env::args().nth(1).unwrap_or("documented".into());
    let scenario = pollbench::scenario::shipped::load(&name).unwrap();
    let t = std::time::Instant::now();
    let plan = Plan::new(&scenario);
    let c = compare(&plan, Options { sample: true, ..Default::default() }, &Control::default(), None).unwrap();
    eprintln!("{:?} {}", t.elapsed(), c.results.run.digest);
    for cell in &c.results.cells {
        println!(
            "{:12} {:22} polls {:7.2} delay {:?} p95 {:?} lost {} {:?} peak {} cost {:.2} idle {:?}",
            cell.model,
            cell.strategy,
            cell.polls_per_task.mean,
            cell.detection_delay_ms.mean.map(|x| x.round()),
            cell.detection_delay_ms.p95,
            cell.lost,
            cell.outcomes,
            cell.peak_requests_per_s,
            cell.cost.mean,
            c.idle_rules
        );
    }
}

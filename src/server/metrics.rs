//! Counters in the text format of Prometheus.

use crate::server::run::Run;
use std::fmt::Write as _;

/// All counters.
pub(super) fn render(run: &Run) -> String {
    let state = run.state();
    let mut text = String::from("# HELP pollbench_requests_total Requests and deliveries by route and HTTP status.\n");
    text.push_str("# TYPE pollbench_requests_total counter\n");
    for ((route, status), count) in &state.counters.requests {
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let _ = writeln!(text, "pollbench_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
    }
    text.push_str("# HELP pollbench_requests_open Requests that are being served.\n");
    let _ = writeln!(text, "# TYPE pollbench_requests_open gauge\npollbench_requests_open {}", run.open());
    text.push_str(
        "# HELP pollbench_faults_total Requests that each rule struck, rules counted from 1; an outage that closes the port \
         counts once each time it begins, since refused connections reach nobody.\n",
    );
    text.push_str("# TYPE pollbench_faults_total counter\n");
    for (number, (rule, count)) in (1..).zip(state.faults().iter().zip(state.strikes())) {
        let kind = rule.kind().name();
        let _ = writeln!(text, "pollbench_faults_total{{rule=\"{number}\",kind=\"{kind}\"}} {count}");
    }
    text.push_str("# HELP pollbench_tasks Tasks that the server knows.\n# TYPE pollbench_tasks gauge\n");
    let _ = writeln!(text, "pollbench_tasks {}", state.tasks.len());
    text
}

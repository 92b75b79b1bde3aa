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
    text.push_str("# HELP pollbench_faults_total Faults that struck, by rule and kind.\n");
    text.push_str("# TYPE pollbench_faults_total counter\n");
    for (number, (rule, fired)) in state.faults().iter().zip(&state.fired).enumerate() {
        let _ = writeln!(text, "pollbench_faults_total{{rule=\"{number}\",kind=\"{}\"}} {fired}", rule.kind);
    }
    text.push_str("# HELP pollbench_tasks Tasks that the server knows.\n# TYPE pollbench_tasks gauge\n");
    let _ = writeln!(text, "pollbench_tasks {}", state.tasks.len());
    text
}

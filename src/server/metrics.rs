//! Counters in the text format of Prometheus.

use crate::server::counters::{BOUNDS_S, Took};
use crate::server::instance::Server;
use crate::server::run::Run;
use crate::server::tally;
use std::fmt::{Display, Write as _};

/// A text of metrics that grows.
struct Text(String);

impl Text {
    /// A metric begins.
    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if at == 0 { '{' } else { ',' }, escaped(text));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn alone(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.begin(name, kind, help);
        self.line(name, &[], value);
    }

    /// The lines of one histogram.
    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], took: &Took) {
        let bucket = format!("{name}_bucket");
        let mut upto = 0;
        for (bound, within) in BOUNDS_S.iter().zip(took.within) {
            upto += within;
            let bound = bound.to_string();
            let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.line(&bucket, &labels, upto);
        }
        let labels_of_all: Vec<(&str, &str)> = labels.iter().copied().chain([("le", "+Inf")]).collect();
        self.line(&bucket, &labels_of_all, took.count);
        self.line(&format!("{name}_sum"), labels, took.sum.as_secs_f64());
        self.line(&format!("{name}_count"), labels, took.count);
    }
}

/// The value of a label: names of models come from strangers.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn status_of(status: Option<u16>) -> String {
    status.map_or_else(|| "none".to_owned(), |status| status.to_string())
}

/// All metrics.
pub(super) fn render(server: &Server, run: &Run) -> String {
    let mut text = Text(String::new());
    text.begin("pollbench_build_info", "gauge", "The program that runs; always 1.");
    text.line("pollbench_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let scale = run.clock().pace().scale();
    text.alone("pollbench_time_scale", "gauge", "Scenario seconds per real second.", scale);
    requests(&mut text, run);
    text.alone("pollbench_requests_open", "gauge", "Requests that are being served.", run.open());
    text.alone("pollbench_connections", "gauge", "Connections that are open.", server.connections());
    faults(&mut text, run);
    limits(&mut text, run);
    tasks(&mut text, run);
    let (kept, dropped) = {
        let journal = run.journal();
        (journal.entries().len(), journal.dropped())
    };
    text.alone("pollbench_journal_entries", "gauge", "Entries of the journal that are kept.", kept);
    let help = "Entries of the journal that made room for others, since the last clearing.";
    text.alone("pollbench_journal_dropped_total", "counter", help, dropped);
    text.0
}

fn requests(text: &mut Text, run: &Run) {
    const TOTAL: &str = "pollbench_requests_total";
    let counted = run.state().counters.requests.clone();
    text.begin(TOTAL, "counter", "Requests and deliveries by route and HTTP status.");
    for ((route, status), took) in &counted {
        text.line(TOTAL, &[("route", route), ("status", &status_of(*status))], took.count);
    }
    const REQUEST: &str = "pollbench_request_duration_seconds";
    text.begin(REQUEST, "histogram", "Real time from a request's arrival to its answer, by route and HTTP status.");
    for ((route, status), took) in counted.iter().filter(|((route, _), _)| *route != "webhook") {
        text.histogram(REQUEST, &[("route", route), ("status", &status_of(*status))], took);
    }
    const DELIVERY: &str = "pollbench_delivery_duration_seconds";
    text.begin(DELIVERY, "histogram", "Real time of a webhook delivery, by the receiver's HTTP status.");
    for ((_, status), took) in counted.iter().filter(|((route, _), _)| *route == "webhook") {
        text.histogram(DELIVERY, &[("status", &status_of(*status))], took);
    }
}

fn faults(text: &mut Text, run: &Run) {
    const NAME: &str = "pollbench_faults_total";
    text.begin(
        NAME,
        "counter",
        "Requests that each rule struck, rules counted from 1; an outage that closes the port counts once each time it \
         begins, since refused connections reach nobody.",
    );
    for (number, kind, count) in tally::faults(run) {
        text.line(NAME, &[("rule", &number.to_string()), ("kind", kind)], count);
    }
}

fn limits(text: &mut Text, run: &Run) {
    const NAME: &str = "pollbench_rate_limit_tokens";
    text.begin(NAME, "gauge", "Requests that a rate limit would let through at once, by rule, counted from 1, and route; of limits for each key, the least.");
    let levels = run.state().levels(run.clock().now());
    for (route, rule, left) in levels {
        text.line(NAME, &[("rule", &(rule + 1).to_string()), ("route", route)], left);
    }
}

fn tasks(text: &mut Text, run: &Run) {
    const NAME: &str = "pollbench_tasks";
    text.begin(NAME, "gauge", "Tasks that the server knows, by model and true state.");
    for (model, states) in tally::tasks(run) {
        for (state, count) in tally::STATES.iter().zip(states) {
            text.line(NAME, &[("model", &model), ("state", state)], count);
        }
    }
}

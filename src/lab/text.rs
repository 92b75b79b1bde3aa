//! A state as the text of a scenario: the only way by which it is run, and what the page copies.

use super::limits::{FAULTS, HORIZON_S, RTT_SIGMA};
use super::state::{Chosen, InvalidLabState, LabState, Own, Written};
use crate::inspection::Accuracy;
use crate::scenario::Scenario;
use crate::scenario::files::Embedded;
use crate::strategy::planned::PlannedRule;
use crate::time::Micros;
use std::fmt::Write as _;
use toml_edit::{Key, Value};

impl LabState {
    /// The scenario, as text.
    #[must_use]
    pub fn text(&self) -> String {
        let state = &self.0;
        let mut out = format!(
            "# Made in the lab: `pollbench compare THIS-FILE` prints the digest that the page shows.\n\
             schema_version = 1\nname = \"lab\"\nseed = {}\ntasks = {}\nreplicates = {}\nhorizon = \"{}\"\n\n\
             [arrivals]\nkind = \"poisson\"\nrate_per_s = {}\n\n",
            state.seed,
            state.tasks,
            state.replicates,
            Micros::from_secs(HORIZON_S),
            state.arrivals_per_s
        );
        if state.rtt_s > 0.0 {
            let median = time(state.rtt_s);
            let _ = writeln!(
                out,
                "[network]\nrtt = {{ kind = \"lognormal\", median = \"{median}\", sigma = {RTT_SIGMA} }}\n"
            );
        }
        if state.outage_s > 0.0 {
            // Who is refused a submit sends it again until the longest outage is over: what is compared is waiting.
            let _ = writeln!(out, "[submit]\nretries = 60\nretry_delay = \"10s\"\n");
        }
        model(&mut out, state);
        if state.rate_limit_per_s > 0.0 {
            let burst = (2.0 * state.rate_limit_per_s).round().max(1.0);
            let _ = writeln!(
                out,
                "[[faults]]\nkind = \"rate-limit\"\nroute = \"status\"\nrate_per_s = {}\nburst = {burst}\nretry_after = true\n",
                float(state.rate_limit_per_s)
            );
        }
        if state.outage_s > 0.0 {
            let (from, length) = (time(state.outage_from_s), time(state.outage_s));
            let _ =
                writeln!(out, "[[faults]]\nkind = \"outage\"\nduring = {{ from = \"{from}\", for = \"{length}\" }}\n");
        }
        for fault in &state.faults {
            let more = FAULTS.iter().find(|(kind, ..)| *kind == fault.kind).map_or("", |(.., more)| *more);
            let _ = writeln!(
                out,
                "[[faults]]\nkind = {}\nprobability = {}\n{more}",
                quoted(&fault.kind),
                fault.probability
            );
        }
        for chosen in &state.strategies {
            match chosen {
                Chosen::Preset(name) => {
                    let _ = writeln!(out, "[[strategies]]\npreset = {}\n", quoted(name));
                }
                Chosen::Own(chosen) => own(&mut out, chosen),
            }
        }
        let _ = writeln!(out, "[report]\npoll_cost = 1.0\ndelay_cost_per_s = {}", float(state.delay_cost_per_s));
        out
    }

    /// The scenario.
    ///
    /// # Errors
    ///
    /// Where its parts do not go together, such as two strategies of one name.
    pub fn scenario(&self) -> Result<Scenario, InvalidLabState> {
        self.scenario_within(Accuracy::Exact)
    }

    /// The same without strategies that are planned, which takes a while.
    pub(super) fn unplanned(&self) -> Result<Scenario, InvalidLabState> {
        let mut state = self.0.clone();
        state.strategies.retain(|chosen| match chosen {
            Chosen::Preset(name) => PlannedRule::named(name).is_none(),
            Chosen::Own(_) => true,
        });
        if state.strategies.is_empty() {
            state.strategies.push(Chosen::Preset("basic".to_owned()));
        }
        Self(state).scenario()
    }

    /// The same, with planned strategies this closely.
    pub(super) fn scenario_within(&self, accuracy: Accuracy) -> Result<Scenario, InvalidLabState> {
        Scenario::parse_within(&self.text(), "lab.toml", &Embedded(&[]), accuracy)
            .map_err(|error| InvalidLabState::Scenario(Box::new(error)))
    }
}

fn model(out: &mut String, state: &Written) {
    let bulk = |weight: &str, median: f64| {
        let (median, sigma) = (time(median), float(state.spread));
        format!("{{ {weight}kind = \"lognormal\", median = \"{median}\", sigma = {sigma} }}")
    };
    let mut parts = Vec::new();
    if state.hump_share > 0.0 {
        parts.push(bulk(&format!("weight = {}, ", float(state.hump_share)), state.hump_s));
    }
    if state.tail_share > 0.0 {
        let (weight, scale, shape) = (float(state.tail_share), time(state.median_s), float(state.tail_shape));
        parts.push(format!("{{ weight = {weight}, kind = \"pareto\", scale = \"{scale}\", shape = {shape} }}"));
    }
    let completion = if parts.is_empty() {
        bulk("", state.median_s)
    } else {
        // At least a tenth is left: the bounds of the shares say so.
        let rest = 1.0 - state.hump_share - state.tail_share;
        parts.insert(0, bulk(&format!("weight = {}, ", float(rest)), state.median_s));
        format!("{{ kind = \"mixture\", parts = [\n  {},\n] }}", parts.join(",\n  "))
    };
    let _ = writeln!(out, "[models.{}]\ncompletion = {completion}", Key::new(&state.model));
    if state.queue_s > 0.0 {
        let _ = writeln!(out, "pending = {{ kind = \"exponential\", mean = \"{}\" }}", time(state.queue_s));
    }
    if state.failing > 0.0 {
        let (low, high) = (time(0.05 * state.median_s), time(0.5 * state.median_s));
        let _ = writeln!(
            out,
            "failure.probability = {}\nfailure.code = \"CONTENT_VIOLATION\"\n\
             failure.message = \"the content violates the usage policy\"\n\
             failure.after = {{ kind = \"uniform\", low = \"{low}\", high = \"{high}\" }}",
            state.failing
        );
    }
    if state.stuck > 0.0 {
        let _ = writeln!(out, "stuck_probability = {}", state.stuck);
    }
    out.push('\n');
}

fn own(out: &mut String, own: &Own) {
    let (first, interval, deadline) = (time(own.first_s), time(own.interval_s), time(own.deadline_s));
    let schedule = if own.multiplier > 1.0 {
        let cap = time(own.cap_s.max(own.interval_s));
        let multiplier = own.multiplier;
        format!(
            "{{ kind = \"exponential\", first = \"{first}\", interval = \"{interval}\", multiplier = {multiplier}, cap = \"{cap}\" }}"
        )
    } else {
        format!("{{ kind = \"fixed\", first = \"{first}\", interval = \"{interval}\" }}")
    };
    let _ = writeln!(
        out,
        "[[strategies]]\nname = {}\nschedule = {schedule}\nlimit = {{ kind = \"wall-clock\", deadline = \"{deadline}\" }}\n\
         recovery = {{ kind = \"tolerant\" }}\n",
        quoted(&own.name)
    );
}

/// Seconds as a scenario has them, to the millisecond.
pub(super) fn time(seconds: f64) -> Micros {
    Micros::from_millis((seconds * 1e3).round() as u64)
}

/// A number that stays one with a point.
fn float(number: f64) -> String {
    format!("{number:?}")
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

//! `pollbench list`: what there is.

use crate::check::{Property, PropertyKind};
use crate::cli::console::{Failure, print, print_folded};
use crate::report::resolved::pace;
use crate::scenario::shipped::SHIPPED;
use crate::strategy::planned::PlannedRule;
use crate::strategy::presets::{PRESETS, preset};
use crate::world::distribution::{KINDS as LAWS, Quantity};
use crate::world::fault::{Kind, Route};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  pollbench list strategies\n  pollbench list faults --format json")]
pub(super) struct List {
    /// What to list
    #[arg(value_enum)]
    what: What,
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// The presets: the guide's techniques as documented, and hardened
    Strategies,
    /// The shipped scenarios
    Scenarios,
    /// The models of the shipped scenarios
    Models,
    /// What can go wrong in a scenario
    Faults,
    /// The distributions of durations
    Distributions,
    /// The properties that `check` tests
    Properties,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl List {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let rows = match self.what {
            What::Strategies => strategies(),
            What::Scenarios => scenarios()?,
            What::Models => models()?,
            What::Faults => faults(),
            What::Distributions => distributions(),
            What::Properties => properties(),
        };
        match self.format {
            Format::Json => print(&format!("{:#}\n", Value::Array(rows)))?,
            Format::Text => print_folded(&text(&rows))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The name of each row, then everything else under it.
fn text(rows: &[Value]) -> String {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            // Names stand in one line, phrases in one each.
            if items.iter().any(|item| item.contains(' ')) {
                items.iter().map(|item| format!("\n        {item}")).collect()
            } else {
                items.join(", ")
            }
        }
        other => other.to_string(),
    };
    let mut out = String::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for (key, value) in row {
            match (key.as_str(), plain(value)) {
                ("name", name) => out += &format!("{name}\n"),
                ("about", about) => out += &format!("    {about}\n"),
                (_, empty) if empty.is_empty() => {}
                (key, value) if value.starts_with('\n') => out += &format!("    {key}:{value}\n"),
                (key, value) => out += &format!("    {key}: {value}\n"),
            }
        }
    }
    out
}

fn strategies() -> Vec<Value> {
    let rows = PRESETS.iter().map(|name| {
        let Some(strategy) = preset(name) else {
            return json!({"name": name, "about": PlannedRule::about(name), "settings": ["planned for each model of the scenario"]});
        };
        let mut paces = vec![format!("any model: {}", pace(&strategy.pace))];
        paces.extend(strategy.per_model.iter().map(|(model, own)| format!("{model}: {}", pace(own))));
        json!({"name": strategy.name, "about": strategy.about, "settings": paces})
    });
    rows.collect()
}

fn scenarios() -> Result<Vec<Value>, Failure> {
    let rows = SHIPPED.iter().map(|shipped| {
        let scenario = shipped.scenario()?;
        let models: Vec<_> = scenario.models.iter().map(|model| model.name.clone()).collect();
        Ok(json!({"name": shipped.name, "about": scenario.description, "models": models}))
    });
    rows.collect()
}

/// Each model once, as the first scenario that has it defines it.
fn models() -> Result<Vec<Value>, Failure> {
    let mut rows: Vec<Value> = Vec::new();
    for shipped in SHIPPED {
        for model in shipped.scenario()?.models {
            if rows.iter().any(|row| row["name"] == model.name.as_str()) {
                continue;
            }
            rows.push(json!({
                "name": model.name,
                "completion": model.completion.to_string(),
                "pending": model.pending.as_ref().map(ToString::to_string).unwrap_or_default(),
                "failing": model.fates.failing(),
                "stuck": model.fates.stuck(),
                "scenario": shipped.name,
            }));
        }
    }
    Ok(rows)
}

fn properties() -> Vec<Value> {
    let row = |property: &Property| {
        let judged = match property.sort() {
            PropertyKind::Always => "always",
            PropertyKind::Bound => "with the measured lateness of the machine",
        };
        json!({"name": property.id(), "about": property.about(), "why": property.why(), "judged": judged})
    };
    Property::ALL.iter().map(row).collect()
}

fn faults() -> Vec<Value> {
    let rows = Kind::ALL.iter().map(|kind| {
        let routes = |routes: &[Route]| routes.iter().map(|route| route.name()).collect::<Vec<_>>();
        json!({
            "name": kind.name(),
            "about": kind.about(),
            "parameters": kind.parameters().iter().map(|parameter| parameter.name).collect::<Vec<_>>(),
            "routes": routes(kind.routes()),
            "default routes": routes(kind.default_routes()),
        })
    });
    rows.collect()
}

fn distributions() -> Vec<Value> {
    let rows = LAWS.iter().map(|kind| {
        let parameters = kind.parameters.iter().map(|parameter| {
            let quantity = match parameter.quantity {
                Quantity::Duration => "duration",
                Quantity::Number => "number",
            };
            format!("{} ({quantity}: {})", parameter.name, parameter.about)
        });
        json!({"name": kind.name, "about": kind.about, "parameters": parameters.collect::<Vec<_>>()})
    });
    rows.collect()
}

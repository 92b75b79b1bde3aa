//! Distributions of durations, and of arrivals.

use super::Reader;
use crate::observations::{self, Decimal, Unit, UnreadableLog};
use crate::scenario::checked::{Node, Table, Typed as _, Value, all};
use crate::time::Micros;
use crate::world::arrivals::{Arrivals, Rate, Recorded};
use crate::world::distribution::{Distribution, DistributionError};
use crate::world::network::Network;
use std::io;

/// How a column of a file is read.
type Reading = fn(Box<dyn io::Read + Send>, &str, Option<Unit>, Option<Decimal>) -> Result<Vec<Micros>, UnreadableLog>;

impl Reader<'_> {
    /// The distribution at a key with a default, or a required one.
    pub(super) fn distribution(&mut self, table: &Table, key: &str) -> Option<Distribution> {
        self.distribution_of(key, table.node(key)?)
    }

    /// The distribution at an optional key.
    pub(super) fn optional_distribution(&mut self, table: &Table, key: &str) -> Option<Option<Distribution>> {
        if table.has(key) { self.distribution(table, key).map(Some) } else { Some(None) }
    }

    fn distribution_of(&mut self, key: &str, node: &Node) -> Option<Distribution> {
        match &node.value {
            Value::Table(table) => self.tabled(table),
            Value::Text(text) => match text.parse::<Micros>() {
                Ok(duration) => Some(Distribution::constant(duration)),
                Err(error) if !text.contains('(') => {
                    let help = "a distribution is written { kind = \"lognormal\", … } or \"lognormal(median=120s, sigma=0.5)\"";
                    self.problem_with(node.span.clone(), format!("`{key}`: {error}"), help)
                }
                Err(_) => text.parse().map_err(|error| self.expression(node, text, &error)).ok(),
            },
            // Shapes that a distribution has not were reported where the file was checked.
            Value::Duration(_)
            | Value::Number(_)
            | Value::Count(_)
            | Value::Flag(_)
            | Value::List(_)
            | Value::Named(_) => None,
        }
    }

    /// Tells what is wrong with an expression, and where in it.
    fn expression(&mut self, node: &Node, text: &str, error: &DistributionError) {
        let quoted = node.span.len() == text.len() + 2;
        let span = error.offset().filter(|_| quoted).and_then(|at| {
            let start = node.span.start + 1 + at;
            Some(start..start + text.get(at..)?.chars().next().map_or(0, char::len_utf8))
        });
        // What is pointed at needs no offset in words.
        let said = error.to_string();
        let bare = error.offset().and_then(|at| said.strip_prefix(&format!("at byte {at}: ")));
        let message = bare.filter(|_| span.is_some()).unwrap_or(&said).to_owned();
        self.problem::<()>(span.unwrap_or_else(|| node.span.clone()), message);
    }

    fn tabled(&mut self, table: &Table) -> Option<Distribution> {
        if !table.is_sound() {
            return None;
        }
        let (min, max, shift) = (table.optional("min")?, table.optional("max")?, table.optional("shift")?);
        let built = match table.section.name {
            "mixture" => {
                let parts: &[Option<Node>] = table.get("parts")?;
                let parts: Vec<_> = parts.iter().map(|part| self.part(part)).collect();
                Distribution::mixture(parts.into_iter().collect::<Option<_>>()?)
            }
            "empirical" => Distribution::empirical(self.times(table, "values", observations::lengths)?),
            kind => Distribution::build(kind, |parameter| match &table.node(parameter)?.value {
                Value::Duration(duration) => Some(duration.get() as f64),
                Value::Number(number) => Some(*number),
                Value::Count(_)
                | Value::Text(_)
                | Value::Flag(_)
                | Value::List(_)
                | Value::Table(_)
                | Value::Named(_) => None,
            }),
        };
        // Some kinds have a scale of their own, which is a duration and used above.
        let scale = if table.has("scale") { table.node("scale") } else { None };
        let scaled = match scale.and_then(|node| f64::of(&node.value)) {
            Some(factor) => built.and_then(|distribution| distribution.scaled(factor)),
            None => built,
        };
        let bounded = scaled.and_then(|distribution| distribution.bounded(min, max, shift));
        self.built(bounded, |parameter| table.place(parameter.unwrap_or_default()))
    }

    fn part(&mut self, part: &Option<Node>) -> Option<(f64, Distribution)> {
        let Value::Table(table) = &part.as_ref()?.value else { return None };
        let distribution = self.tabled(table)?;
        Some((table.get("weight")?, distribution))
    }

    fn built(
        &mut self,
        built: Result<Distribution, DistributionError>,
        place: impl Fn(Option<&'static str>) -> std::ops::Range<usize>,
    ) -> Option<Distribution> {
        built.map_err(|error| self.problem::<()>(place(error.parameter()), error.to_string())).ok()
    }

    /// Times that are written at `key`, or that `read` finds in a column of a file.
    fn times(&mut self, table: &Table, key: &str, read: Reading) -> Option<Vec<Micros>> {
        if table.has(key) {
            return all(table.get(key)?);
        }
        let file = table.optional::<&str>("file")??;
        let column = table.optional::<&str>("column")??;
        let unit = table.optional::<&str>("unit")?.and_then(Unit::named);
        let decimal = table.optional::<&str>("decimal")?.and_then(Decimal::named);
        let opened = self.files.open(file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such file beside the scenario".to_owned(),
            _ => error.to_string(),
        });
        match opened.and_then(|bytes| read(bytes, column, unit, decimal).map_err(|error| error.to_string())) {
            Ok(times) => Some(times),
            Err(reason) => self.problem(table.span("file"), format!("`{file}`: {reason}")),
        }
    }

    /// When tasks are submitted.
    pub(super) fn arrivals(&mut self, file: &Table) -> Option<Arrivals> {
        let table: &Table = file.get("arrivals")?;
        if !table.is_sound() {
            return None;
        }
        Some(match table.section.name {
            "poisson" => Arrivals::Poisson(Rate::per_s(table.get("rate_per_s")?)?),
            "constant" => Arrivals::Constant(Rate::per_s(table.get("rate_per_s")?)?),
            "burst" => Arrivals::Burst,
            _ => {
                let instants = self.times(table, "at", observations::instants)?;
                match Recorded::new(instants) {
                    Ok(recorded) => Arrivals::Trace(recorded),
                    Err(error) => {
                        let place = table.span(if table.has("at") { "at" } else { "file" });
                        return self.problem(place, error.to_string());
                    }
                }
            }
        })
    }

    /// How exchanges and deliveries travel.
    pub(super) fn network(&mut self, file: &Table) -> Option<Network> {
        let table: &Table = file.get("network")?;
        let rtt = self.distribution(table, "rtt");
        let webhook_latency = match file.optional::<&Table>("webhook")? {
            Some(webhook) => self.optional_distribution(webhook, "latency"),
            None => Some(None),
        };
        Some(Network { rtt: rtt?, up_share: super::probability(table, "up_share")?, webhook_latency: webhook_latency? })
    }
}

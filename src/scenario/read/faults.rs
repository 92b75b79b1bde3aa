//! Fault rules.

use super::{Reader, count, probability};
use crate::scenario::checked::{Named, Node, Table, Value, all};
use crate::scenario::suggest;
use crate::time::Micros;
use crate::world::fault::{
    Body, Effect, FaultKind, FaultRule, GilbertElliott, KINDS, RetryAdvice, Route, TokenBucket, When, Window,
};
use crate::world::fault_shares::{Overfull, shares};
use crate::world::model::Probability;

impl Reader<'_> {
    /// The rules in file order.
    pub(super) fn faults(&mut self, file: &Table) -> Option<Vec<FaultRule>> {
        let nodes: &[Option<Node>] = file.get("faults")?;
        let models: Vec<&str> = file.get::<&[Named]>("models")?.iter().map(Named::name).collect();
        let rules: Vec<_> = nodes.iter().map(|node| self.fault(node.as_ref()?, &models)).collect();
        let rules: Vec<FaultRule> = rules.into_iter().collect::<Option<_>>()?;
        for model in models {
            for route in Route::ALL {
                if let Err(Overfull { rule, total }) = shares(&rules, route, model) {
                    // Decimal fractions are not exact: what is off in the tenth place is rounding.
                    let total = (total * 1e9).round() / 1e9;
                    let span = nodes[rule].as_ref().map_or(0..0, |node| node.span.clone());
                    let message = format!(
                        "with this rule, the probabilities of rules that can coincide on route `{}` of model `{model}` add up to {total}, which is above 1",
                        route.name()
                    );
                    return self.problem(span, message);
                }
            }
        }
        Some(rules)
    }

    fn fault(&mut self, node: &Node, models: &[&str]) -> Option<FaultRule> {
        let Value::Table(table) = &node.value else { return None };
        let kind = KINDS.iter().find(|kind| kind.name == table.section.name)?;
        let only = self.only(table, models);
        let when = self.when(table);
        let effect = self.effect(kind, table);
        let routes = routes(kind, table)?;
        let takes = |key: &str| table.section.fields.iter().any(|field| field.name == key);
        let after_creation = takes("task_exists") && table.get("task_exists")?;
        if after_creation && !routes.contains(&Route::Submit) {
            let help = "write route = \"submit\", or leave `task_exists` out";
            return self.problem_with(
                table.span("task_exists"),
                "`task_exists` is for rules that strike submits",
                help,
            );
        }
        Some(FaultRule {
            kind: kind.name,
            effect: effect?,
            probability: if takes("probability") { probability(table, "probability")? } else { Probability::ONE },
            routes,
            models: only?,
            when: when?,
            after_creation,
        })
    }

    /// The models that the rule is restricted to.
    fn only(&mut self, table: &Table, known: &[&str]) -> Option<Option<Vec<String>>> {
        let Some(nodes) = table.optional::<&[Option<Node>]>("models")? else { return Some(None) };
        let names: Vec<&str> = all(nodes)?;
        if names.is_empty() {
            return self.problem(table.span("models"), "`models` is empty: the rule would strike nothing");
        }
        if let Some((name, node)) = names.iter().zip(nodes.iter().flatten()).find(|(name, _)| !known.contains(*name)) {
            let help = suggest::help(name, known.iter().copied());
            return self.problem_with(node.span.clone(), format!("there is no model `{name}`"), help);
        }
        Some(Some(names.into_iter().map(str::to_owned).collect()))
    }

    fn when(&mut self, table: &Table) -> Option<When> {
        let part = |key| match table.section.fields.iter().any(|field| field.name == key) {
            true => table.optional::<&Table>(key),
            false => Some(None),
        };
        match (part("during")?, part("gilbert_elliott")?) {
            (Some(window), _) => self.window(window).map(When::During),
            (None, Some(bursts)) => Some(When::Bursts(GilbertElliott {
                bad_share: probability(bursts, "bad_share")?,
                bad_mean: self.no_flicker(bursts, "bad_mean", bursts.get("bad_mean")?)?,
            })),
            (None, None) => Some(When::Always),
        }
    }

    fn window(&mut self, table: &Table) -> Option<Window> {
        if !table.is_sound() {
            return None;
        }
        let from: Micros = table.get("from")?;
        let every: Option<Micros> = table.optional("every")?;
        let length = match (table.optional("for")?, table.optional::<Micros>("to")?) {
            (Some(length), _) => length,
            (None, Some(to)) if to > from => to - from,
            (None, Some(to)) => return self.problem(table.span("to"), format!("`to` {to} is not after `from` {from}")),
            (None, None) => return None,
        };
        if let Some(every) = every {
            self.no_flicker(table, "every", every)?;
        }
        match every {
            Some(every) if every <= length => {
                self.problem(table.span("every"), format!("`every` {every} is not longer than `for` {length}"))
            }
            every => Some(Window { from, length, every }),
        }
    }

    /// Weather that changes faster than this could not be told from a probability, and would fill memory.
    fn no_flicker(&mut self, table: &Table, key: &str, time: Micros) -> Option<Micros> {
        let shortest = Micros::from_millis(10);
        if time < shortest {
            return self.problem(table.span(key), format!("`{key}` must be at least {shortest}, not {time}"));
        }
        Some(time)
    }

    fn effect(&mut self, kind: &FaultKind, table: &Table) -> Option<Effect> {
        Some(match kind.name {
            "outage" => Effect::Refuse,
            "reset" | "burst-loss" => Effect::Reset,
            "stall" => Effect::Stall,
            "status" => Effect::Status {
                code: u16::try_from(table.get::<u64>("code")?).ok()?,
                body: body(table.get("body")?)?,
                retry: retry(table.get("retry_after")?)?,
                retry_in: table.get("retry_in")?,
            },
            "null-data" => Effect::NullData,
            "stale-read" => Effect::StaleRead,
            "rate-limit" => Effect::RateLimit { bucket: bucket(table)?, retry: retry(table.get("retry_after")?)? },
            "lost" => Effect::Lose,
            "delayed" => Effect::Delay(self.law(table, "by")?),
            "duplicated" => Effect::Duplicate(self.law(table, "after")?),
            name => unreachable!("the kind `{name}` has no effect here"),
        })
    }
}

/// The routes that are written, or the kind's own.
fn routes(kind: &FaultKind, table: &Table) -> Option<Vec<Route>> {
    let Some(nodes) = table.optional::<&[Option<Node>]>("route")? else {
        let default = &kind.routes[..kind.default_routes];
        return Some(Route::ALL.into_iter().filter(|route| default.contains(route)).collect());
    };
    let names: Vec<&str> = all(nodes)?;
    Some(Route::ALL.into_iter().filter(|route| names.contains(&route.name())).collect())
}

fn bucket(table: &Table) -> Option<TokenBucket> {
    let rate_per_s: f64 = table.get("rate_per_s")?;
    // What one second refills, as far as 32 bits go: `as` saturates.
    let burst =
        if table.optional::<u64>("burst")?.is_some() { count(table, "burst")? } else { rate_per_s.ceil() as u32 };
    Some(TokenBucket { rate_per_s, burst })
}

fn body(word: &str) -> Option<Body> {
    Some(match word {
        "json" => Body::Envelope,
        "html" => Body::Html,
        "empty" => Body::Empty,
        _ => return None,
    })
}

fn retry(word: &str) -> Option<RetryAdvice> {
    Some(match word {
        "true" | "seconds" => RetryAdvice::Seconds,
        "false" | "absent" => RetryAdvice::Absent,
        "zero" => RetryAdvice::Zero,
        "http-date" => RetryAdvice::HttpDate,
        "garbage" => RetryAdvice::Garbage,
        "huge" => RetryAdvice::Huge,
        "too-short" => RetryAdvice::TooShort,
        _ => return None,
    })
}

//! Fault rules.

use super::Reader;
use crate::scenario::checked::{Named, Node, Table, Value, all};
use crate::suggest;
use crate::time::Micros;
use crate::world::fault::{
    Age, Argument, Arguments, Fault, FaultRule, FaultRules, GilbertElliott, HeaderText, InvalidRule, InvalidWindow,
    Kind, Need, Overfull, Parameter, Route, Shape, Since, Striking, When, Window,
};
use crate::world::model::Probability;
use std::ops::Range;

impl Reader<'_> {
    /// The rules in file order.
    pub(super) fn faults(&mut self, file: &Table) -> Option<FaultRules> {
        let nodes: &[Option<Node>] = file.get("faults")?;
        let models: Vec<&str> = file.get::<&[Named]>("models")?.iter().map(Named::name).collect();
        let rules: Vec<_> = nodes.iter().map(|node| self.fault(node.as_ref()?, &models)).collect();
        let rules: Vec<FaultRule> = rules.into_iter().collect::<Option<_>>()?;
        match FaultRules::new(rules) {
            Ok(rules) => Some(rules),
            Err(Overfull { rule, route, model, total }) => {
                let span = nodes[rule].as_ref().map_or(0..0, |node| node.span.clone());
                // What holds for a model that no rule names holds for the first.
                let model = model.as_deref().or_else(|| models.first().copied()).unwrap_or_default();
                let message = format!(
                    "with this rule, the probabilities of rules that can coincide on route `{}` of model `{model}` add up to {total}, which is above 1",
                    route.name()
                );
                self.problem(span, message)
            }
        }
    }

    fn fault(&mut self, node: &Node, models: &[&str]) -> Option<FaultRule> {
        let Value::Table(table) = &node.value else { return None };
        let kind = Kind::named(table.section.name)?;
        let only = self.only(table, models);
        let when = self.when(table, kind);
        let age = self.age(table, kind);
        let fault = self.parameters(table, kind);
        let routes = routes(table)?;
        let leaves_task = kind.may_leave_a_task() && table.get("task_exists")?;
        let probability = match kind.striking() {
            Striking::Share | Striking::Slowdown | Striking::Bursts => super::probability(table, "probability")?,
            Striking::Limit | Striking::Window | Striking::Brownout => Probability::ONE,
        };
        let rule = FaultRule::new(fault?, probability, when?);
        let rule = rule.and_then(|rule| match &routes {
            Some(routes) => rule.on(routes),
            None => Ok(rule),
        });
        let rule = match only? {
            Some(models) => rule.and_then(|rule| rule.of_models(models)),
            None => rule,
        };
        let rule = match age? {
            Some(age) => rule.and_then(|rule| rule.of_age(age)),
            None => rule,
        };
        let rule = match rule {
            Ok(rule) => rule,
            Err(error @ InvalidRule::Age) => return self.problem(table.span("age"), error.to_string()),
            Err(error) => return self.problem(node.span.clone(), error.to_string()),
        };
        if !leaves_task {
            return Some(rule);
        }
        let help = "write route = \"submit\", or leave `task_exists` out";
        match rule.leaving_a_task() {
            Ok(rule) => Some(rule),
            Err(error) => self.problem_with(table.span("task_exists"), error.to_string(), help),
        }
    }

    /// The fault of a kind, with its parameters as the table has them.
    fn parameters(&mut self, table: &Table, kind: Kind) -> Option<Fault> {
        let arguments: Vec<_> = kind.parameters().iter().map(|parameter| self.argument(table, parameter)).collect();
        let mut said = Arguments::default();
        for (parameter, argument) in kind.parameters().iter().zip(arguments) {
            if let Some(argument) = argument? {
                said.set(parameter.name, argument);
            }
        }
        Fault::new(kind, &said).map_err(|error| self.problem::<()>(table.span.clone(), error.to_string())).ok()
    }

    /// The value of a parameter; nothing where it is optional and absent.
    fn argument(&mut self, table: &Table, parameter: &Parameter) -> Option<Option<Argument>> {
        let key = parameter.name;
        match parameter.need {
            Need::Optional if !table.has(key) => return Some(None),
            Need::Optional | Need::Default(_) | Need::InRules(_) => {}
        }
        let word = |words: &[&'static str]| {
            let text: &str = table.get(key)?;
            words.iter().copied().find(|word| *word == text).map(Argument::Word)
        };
        let argument = match parameter.shape {
            Shape::Flag => Argument::Flag(table.get(key)?),
            Shape::Whole(..) => Argument::Whole(table.get(key)?),
            Shape::Positive | Shape::Share => Argument::Number(table.get(key)?),
            Shape::Word(words) => word(words)?,
            Shape::WordSecondsOrText(words) => {
                if let Value::Count(seconds) = table.node(key)?.value {
                    Argument::Whole(seconds)
                } else {
                    word(words).or_else(|| HeaderText::new(table.get(key)?).map(Argument::Text))?
                }
            }
            Shape::Duration => Argument::Duration(table.get(key)?),
            Shape::Distribution => Argument::Distribution(self.distribution(table, key)?),
        };
        Some(Some(argument))
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

    fn when(&mut self, table: &Table, kind: Kind) -> Option<When> {
        let (window, bursts) = match kind.striking() {
            Striking::Share | Striking::Slowdown | Striking::Limit => {
                (table.optional::<&Table>("during")?, table.optional::<&Table>("gilbert_elliott")?)
            }
            Striking::Window | Striking::Brownout => (table.get("during").map(Some)?, None),
            Striking::Bursts => (None, table.get("gilbert_elliott").map(Some)?),
        };
        match (window, bursts) {
            (Some(window), _) => self.window(window).map(When::During),
            (None, Some(bursts)) => {
                let process = GilbertElliott::new(bursts.get("bad_share")?, bursts.get("bad_mean")?);
                self.timed(process, bursts).map(When::Bursts)
            }
            (None, None) => Some(When::Always),
        }
    }

    /// The age of tasks that the rule is restricted to.
    fn age(&mut self, table: &Table, kind: Kind) -> Option<Option<Age>> {
        if !kind.may_look_at_age() || !table.has("age") {
            return Some(None);
        }
        let age: &Table = table.get("age")?;
        let word: &str = age.get("since")?;
        let since = Since::ALL.into_iter().find(|since| since.name() == word)?;
        match Age::new(since, age.get("from")?, age.optional("to")?) {
            Ok(made) => Some(Some(made)),
            Err(error) => self.problem(age.span("to"), error.to_string()),
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
        self.timed(Window::new(from, length, every), table)
    }

    /// What exists, or a problem where the table says what is wrong with it.
    fn timed<T>(&mut self, made: Result<T, InvalidWindow>, table: &Table) -> Option<T> {
        let place = |error: &InvalidWindow| -> Range<usize> {
            table.place(match error {
                InvalidWindow::Overlapping { .. } => "every",
                InvalidWindow::TooFast { name, .. } => name,
                InvalidWindow::Share(_) => "bad_share",
                InvalidWindow::Empty => "for",
            })
        };
        made.map_err(|error| self.problem::<()>(place(&error), error.to_string())).ok()
    }
}

/// The routes that are written.
fn routes(table: &Table) -> Option<Option<Vec<Route>>> {
    let Some(nodes) = table.optional::<&[Option<Node>]>("route")? else { return Some(None) };
    let names: Vec<&str> = all(nodes)?;
    Some(Some(Route::ALL.into_iter().filter(|route| names.contains(&route.name())).collect()))
}

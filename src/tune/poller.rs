//! Pollers: complete programs that wait as was simulated, in several languages.
//!
//! The templates are files of their languages under `pollers/`, which run as they are, with the guide's settings. Of a
//! template only the lines between its two marks are replaced.

use super::hybrid::Hybrid;
use super::print::TuneAnswer;
use super::print::{percent, time, words};
use crate::figures::trimmed;
use crate::inspection::{AfterLast, Checks};
use serde_json::json;
use std::fmt::Write as _;

/// A language that pollers are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Language {
    /// JavaScript: a module for Node.
    Js,
    /// TypeScript.
    Ts,
    /// Python.
    Python,
    /// Go.
    Go,
    /// A POSIX shell, with curl and jq.
    Sh,
    /// Rust without crates, with curl.
    Rust,
}

/// All of them.
pub const LANGUAGES: [Language; 6] =
    [Language::Js, Language::Ts, Language::Python, Language::Go, Language::Sh, Language::Rust];

/// Looks that are written out; hardly a task is left after so many.
const MOST_CHECKS: usize = 60;
/// Longest lines of the formatters: Prettier's, Black's and rustfmt's own.
const PRETTIER: usize = 80;
const BLACK: usize = 88;
const RUSTFMT: usize = 100;

/// When a poller looks for one model's tasks, in milliseconds, and what to say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    /// The model; `None` for any.
    pub model: Option<String>,
    /// The first looks, since the start of the wait.
    pub checks: Vec<u64>,
    /// The gap between those that follow.
    pub then_every: u64,
    /// When the wait ends, with a last look.
    pub deadline: u64,
    /// Lines that say where the numbers come from and what is expected of them.
    pub about: Vec<String>,
}

impl Looks {
    /// Looks in case no webhook comes.
    #[must_use]
    pub fn in_case(answer: &TuneAnswer<'_>, model: Option<&str>, source: &str) -> Self {
        let hybrid = Hybrid::of(answer.goal, answer.tuned);
        let ms = |us: f64| (us / 1e3).ceil() as u64;
        let plain = Self::of(answer, model, source);
        let about = vec![
            format!(
                "{}: woken by a webhook; from {} on a look every {}, in case none comes",
                answer.model,
                time(hybrid.first),
                time(hybrid.interval)
            ),
            // A delivery is not believed: the look that it wakes is one more request.
            format!(
                "tuned for {source}; expected: {} requests a task, no delay but the delivery's",
                trimmed(hybrid.polls + 1.0, 2)
            ),
        ];
        let checks = vec![ms(hybrid.first).min(plain.deadline)];
        Self { checks, then_every: ms(hybrid.interval), about, ..plain }
    }

    /// The recommended settings of an answer; without a deadline waits end at its horizon.
    #[must_use]
    pub fn of(answer: &TuneAnswer<'_>, model: Option<&str>, source: &str) -> Self {
        let row = answer.tuned.recommended();
        let delay = row.delay_mean.map_or_else(|| "unknown".to_owned(), time);
        let mut about = vec![
            format!("{}: {}", answer.model, words(row)),
            format!("tuned for {source}; expected: {} requests a task, mean delay {delay}", trimmed(row.polls, 2)),
        ];
        if let Some((_, guide)) = answer.tuned.documented.iter().find(|(name, _)| *name == "adaptive") {
            let saved = 1.0 - row.cost / guide.cost;
            about.push(format!(
                "at {} a request and {} a second of delay: cost {} against {} of the guide's settings ({} saved)",
                answer.weights.poll,
                answer.weights.delay_per_s,
                trimmed(row.cost, 3),
                trimmed(guide.cost, 3),
                percent(saved)
            ));
        }
        let mut looks = Self::at(model, &row.checks, answer.goal.deadline.unwrap_or(answer.goal.horizon), about);
        if answer.deadline.is_none() {
            looks.about.push("no deadline was asked for: waits end at the horizon of the simulation".to_owned());
        }
        looks
    }

    /// Looks at these instants until `deadline_us`; `about` says where they come from.
    #[must_use]
    pub fn at(model: Option<&str>, looks: &Checks, deadline_us: f64, mut about: Vec<String>) -> Self {
        let ms = |us: f64| ((us - 1e-3).max(0.0) / 1e3).ceil() as u64;
        let deadline = ms(deadline_us).max(1);
        let mut checks: Vec<u64> = looks.instants.iter().map(|at| ms(*at)).collect();
        checks.dedup();
        let is_cut = checks.len() > MOST_CHECKS;
        checks.truncate(MOST_CHECKS);
        // The look at the deadline is made anyway.
        let listed = checks.len();
        checks.retain(|at| *at < deadline);
        let is_followed = checks.len() < listed;
        let last_gap = match checks.as_slice() {
            [.., before, last] => last - before,
            [only] => *only,
            [] => deadline,
        };
        let gap = match looks.then {
            AfterLast::Every(gap) if !is_cut => ms(gap),
            // Whoever waits for longer than this deadline goes on at the pace before it, not at what is left up to it, which may be
            // next to nothing. Where that is more, nothing comes before the look at the deadline.
            AfterLast::GiveUp | AfterLast::GiveUpAt(_) | AfterLast::Repeat
                if !is_cut && (is_followed || looks.then != AfterLast::Repeat) =>
            {
                last_gap.max(deadline - checks.last().copied().unwrap_or(0))
            }
            AfterLast::Every(_) | AfterLast::GiveUp | AfterLast::GiveUpAt(_) | AfterLast::Repeat => last_gap,
        };
        if checks.is_empty() {
            checks.push(deadline);
        }
        // Of equal gaps the first says it all.
        while let [.., before, last] = checks[..] {
            if last - before != gap {
                break;
            }
            checks.pop();
        }
        if is_cut {
            about.push(format!(
                "after the first {MOST_CHECKS} looks the last gap repeats, where the simulated ones go on to change"
            ));
        }
        Self { model: model.map(str::to_owned), checks, then_every: gap.max(1), deadline, about }
    }
}

/// The guide's settings for models of which it says nothing.
fn any_model() -> Looks {
    let about = vec!["For models that are not named above: the guide's settings.".to_owned()];
    Looks { model: None, checks: vec![10_000], then_every: 5_000, deadline: 300_000, about }
}

impl Language {
    /// Its name, as the command line has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Js => "js",
            Self::Ts => "ts",
            Self::Python => "python",
            Self::Go => "go",
            Self::Sh => "sh",
            Self::Rust => "rust",
        }
    }

    /// The template.
    fn template(self) -> &'static str {
        match self {
            Self::Js => include_str!("../../pollers/poller.mjs"),
            Self::Ts => include_str!("../../pollers/poller.ts"),
            Self::Python => include_str!("../../pollers/poller.py"),
            Self::Go => include_str!("../../pollers/poller.go"),
            Self::Sh => include_str!("../../pollers/poller.sh"),
            Self::Rust => include_str!("../../pollers/poller.rs"),
        }
    }

    fn comment(self) -> &'static str {
        match self {
            Self::Js | Self::Ts | Self::Go | Self::Rust => "//",
            Self::Python | Self::Sh => "#",
        }
    }

    /// Whether its standard library has a server that webhooks can be received with.
    #[must_use]
    pub fn can_receive(self) -> bool {
        match self {
            Self::Js | Self::Ts | Self::Python | Self::Go => true,
            Self::Sh | Self::Rust => false,
        }
    }

    /// The template, with the lines that receive webhooks or without them.
    fn lines(self, is_receiving: bool) -> String {
        let (begin, end) = (format!("{} webhook: begin", self.comment()), format!("{} webhook: end", self.comment()));
        let mut out = String::new();
        let mut is_inside = false;
        for line in self.template().split_inclusive('\n') {
            match line.trim() {
                mark if mark == begin => is_inside = true,
                mark if mark == end => is_inside = false,
                _ if is_inside && !is_receiving => {}
                _ => out.push_str(line),
            }
        }
        out
    }

    /// A poller with these settings; `command` is what it was written by. One that `is_receiving` is woken by webhooks, where
    /// its [language can](Self::can_receive).
    #[must_use]
    pub fn poller(self, looks: &[Looks], command: &str, is_receiving: bool) -> String {
        let template = self.lines(is_receiving);
        let template = template.as_str();
        let comment = self.comment();
        let (begin, end) = (format!("{comment} settings: begin\n"), format!("{comment} settings: end\n"));
        let (head, rest) = template.split_once(&begin).unwrap_or((template, ""));
        let (_, tail) = rest.split_once(&end).unwrap_or(("", rest));
        let mut named: Vec<&Looks> = looks.iter().filter(|looks| looks.model.is_some()).collect();
        named.sort_by(|a, b| a.model.cmp(&b.model));
        let guide = any_model();
        let any = looks.iter().find(|looks| looks.model.is_none()).unwrap_or(&guide);
        // Apart from the code: gofmt rewrites quotation marks in comments on a declaration.
        let apart = if self == Self::Go { "\n" } else { "" };
        let written = format!("{comment} Written by `{}`.\n{apart}", one_line(command));
        format!("{head}{written}{}{tail}", self.settings(&named, any))
    }

    fn settings(self, named: &[&Looks], any: &Looks) -> String {
        let mut out = String::new();
        let about = |out: &mut String, indent: &str, looks: &Looks| {
            for line in &looks.about {
                let _ = writeln!(out, "{indent}{} {}", self.comment(), one_line(line));
            }
        };
        let typed = self == Self::Ts;
        match self {
            Self::Js | Self::Ts => {
                let (of_all, of_one) = if typed { (": Record<string, Settings>", ": Settings") } else { ("", "") };
                let names: Vec<&str> = named.iter().filter_map(|looks| looks.model.as_deref()).collect();
                // Prettier has names in quotes where one of them needs it.
                let is_bare = names.iter().all(|name| is_identifier(name));
                let _ = write!(out, "const SETTINGS{of_all} = {{");
                for (looks, name) in named.iter().zip(names) {
                    newline(&mut out);
                    about(&mut out, "  ", looks);
                    let name = if is_bare { name.to_owned() } else { sparingly_quoted(name) };
                    let _ = writeln!(out, "  {name}: {},", braces(looks, "  "));
                }
                out.push_str("};\n");
                about(&mut out, "", any);
                let _ = writeln!(out, "const ANY_MODEL{of_one} = {};", braces(any, ""));
            }
            Self::Python => {
                out.push_str("SETTINGS = {");
                for looks in named {
                    newline(&mut out);
                    about(&mut out, "    ", looks);
                    let name = sparingly_quoted(looks.model.as_deref().unwrap_or_default());
                    let _ = writeln!(out, "    {name}: {},", dict(looks, "    "));
                }
                out.push_str("}\n");
                about(&mut out, "", any);
                let _ = writeln!(out, "ANY_MODEL = {}", dict(any, ""));
            }
            Self::Go => {
                out.push_str("var settings = map[string]Settings{");
                for looks in named {
                    newline(&mut out);
                    about(&mut out, "\t", looks);
                    let name = quoted(looks.model.as_deref().unwrap_or_default());
                    let _ = writeln!(out, "\t{name}: {{{}}},", fields(looks));
                }
                out.push_str("}\n\n");
                about(&mut out, "", any);
                let _ = writeln!(out, "var anyModel = Settings{{{}}}", fields(any));
            }
            Self::Sh => {
                out.push_str("case $model in\n");
                for looks in named.iter().copied().chain([any]) {
                    about(&mut out, "  ", looks);
                    let pattern = looks.model.as_deref().map_or_else(|| "*".to_owned(), apostrophes);
                    let checks = looks.checks.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
                    let (every, deadline) = (looks.then_every, looks.deadline);
                    let _ = writeln!(
                        out,
                        "  {pattern}) checks_ms='{checks}' then_every_ms={every} deadline_ms={deadline} ;;"
                    );
                }
                out.push_str("esac\n");
            }
            Self::Rust => {
                out.push_str("const SETTINGS: &[Settings] = &[");
                for looks in named {
                    newline(&mut out);
                    about(&mut out, "    ", looks);
                    let _ = writeln!(out, "    {},", literal(looks, "    "));
                }
                out.push_str("];\n");
                about(&mut out, "", any);
                let _ = writeln!(out, "const ANY_MODEL: Settings = {};", literal(any, ""));
            }
        }
        out
    }
}

fn numbers(looks: &Looks) -> String {
    looks.checks.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// Ends a line that something follows in the next one.
fn newline(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

/// An object of JavaScript, its numbers on one line or filled into several.
fn braces(looks: &Looks, indent: &str) -> String {
    let (every, deadline, list) = (looks.then_every, looks.deadline, numbers(looks));
    let line = format!("{indent}  checksMs: [{list}],");
    let checks = if line.len() <= PRETTIER {
        line
    } else {
        // The blank after a comma does not count.
        let rows = filled(&looks.checks, &format!("{indent}    "), PRETTIER + 1);
        format!("{indent}  checksMs: [\n{rows}{indent}  ],")
    };
    format!("{{\n{checks}\n{indent}  thenEveryMs: {every},\n{indent}  deadlineMs: {deadline},\n{indent}}}")
}

/// Numbers in as few lines as hold them.
fn filled(numbers: &[u64], indent: &str, width: usize) -> String {
    let mut rows = vec![String::new()];
    for number in numbers {
        let number = format!("{number}, ");
        if rows.last().is_some_and(|row| row.len() + number.len() + indent.len() > width) {
            rows.push(String::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push_str(&number);
        }
    }
    rows.iter().map(|row| format!("{indent}{}\n", row.trim_end())).collect()
}

/// Longest array that rustfmt leaves on one line.
const RUST_ARRAY: usize = 60;

/// A struct of Rust.
fn literal(looks: &Looks, indent: &str) -> String {
    let (every, deadline, list) = (looks.then_every, looks.deadline, numbers(looks));
    let checks = if list.len() + 2 <= RUST_ARRAY {
        format!("&[{list}]")
    } else {
        format!("&[\n{}{indent}    ]", filled(&looks.checks, &format!("{indent}        "), RUSTFMT))
    };
    let model = quoted(looks.model.as_deref().unwrap_or_default());
    format!(
        "Settings {{\n{indent}    model: {model},\n{indent}    checks_ms: {checks},\n{indent}    then_every_ms: {every},\n{indent}    deadline_ms: {deadline},\n{indent}}}"
    )
}

/// A dictionary of Python, its numbers on one line or each on its own.
fn dict(looks: &Looks, indent: &str) -> String {
    let (every, deadline, list) = (looks.then_every, looks.deadline, numbers(looks));
    let line = format!("{indent}    \"checks_ms\": [{list}],");
    let checks = if line.len() <= BLACK {
        line
    } else {
        let rows: String = looks.checks.iter().map(|check| format!("{indent}        {check},\n")).collect();
        format!("{indent}    \"checks_ms\": [\n{rows}{indent}    ],")
    };
    format!(
        "{{\n{checks}\n{indent}    \"then_every_ms\": {every},\n{indent}    \"deadline_ms\": {deadline},\n{indent}}}"
    )
}

/// The fields of a struct of Go.
fn fields(looks: &Looks) -> String {
    let (every, deadline, list) = (looks.then_every, looks.deadline, numbers(looks));
    format!("checksMs: []float64{{{list}}}, thenEveryMs: {every}, deadlineMs: {deadline}")
}

/// A string literal: those of JSON are ones of JavaScript, Python, Go and Rust.
fn quoted(text: &str) -> String {
    json!(one_line(text)).to_string()
}

/// A string literal of JavaScript or Python, in the quotation marks of which the text has fewer.
fn sparingly_quoted(text: &str) -> String {
    let literal = quoted(text);
    if text.matches('"').count() <= text.matches('\'').count() {
        return literal;
    }
    let inner = &literal[1..literal.len() - 1];
    format!("'{}'", inner.replace("\\\"", "\"").replace('\'', "\\'"))
}

/// Whether a name of JavaScript needs no quotation marks before a colon.
fn is_identifier(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    name.chars().all(is_part) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// A word of the shell.
fn apostrophes(text: &str) -> String {
    format!("'{}'", one_line(text).replace('\'', "'\\''"))
}

/// A text that ends no comment and no literal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Who waits for longer than the deadline of the settings polls no faster for it.
        #[test]
        fn beyond_its_deadline_a_poller_keeps_its_pace(first in 1..90_000_u64, gap in 2..60_000_u64, more in 1..60_000_u64) {
            let deadline = (first + 3 * gap + more % gap) as f64;
            let at = |number: u64| (first + number * gap) as f64;
            let instants = [at(0), at(1), at(2), at(3), deadline].map(|ms| 1e3 * ms).to_vec();
            let looks = Looks::at(None, &Checks { instants, then: AfterLast::GiveUp }, 1e3 * deadline, Vec::new());
            prop_assert_eq!((looks.checks, looks.then_every), (vec![first], gap));
        }
    }
}

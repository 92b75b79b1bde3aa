//! A grid file: a scenario, and which of its values take which others.
//!
//! ```toml
//! scenario = "rate-limited"
//! strategies = ["adaptive", "adaptive-hardened"]
//! [axes]
//! "faults.0.rate_per_s" = { from = 1, to = 100, steps = 7, scale = "log" }
//! "network.rtt" = ["20ms", "200ms"]
//! ```

use super::error::{InvalidScenario, Problem};
use super::narrow::Overrides;
use super::set::{Assignment, SettingError};
use crate::suggest::closest;
use std::ops::Range;
use toml_edit::{Document, Item, Value};

/// Most points of a grid.
pub const MOST_POINTS: usize = 100_000;
/// Most values of an axis.
const MOST_STEPS: usize = 10_000;

/// Everything that a grid file says.
#[derive(Debug, Clone)]
pub struct GridFile {
    /// The scenario, by name or path.
    pub scenario: String,
    /// A scenario whose faults come over it.
    pub weather: Option<String>,
    /// What else is changed of it.
    pub overrides: Overrides,
    /// At least one.
    pub axes: Vec<Axis>,
    /// All values of all axes go together, or the first of each, the second of each …
    pub is_zipped: bool,
}

/// A value of the scenario, and what it becomes.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Where in the scenario file it stands.
    pub path: String,
    /// Its values, at least one.
    pub values: Vec<Value>,
    /// Steps are equal factors, not equal differences.
    pub is_logarithmic: bool,
    /// Bytes of the grid file that it is about.
    pub span: Range<usize>,
}

/// One point: the index of a value for each axis.
pub type Place = Vec<usize>;

impl GridFile {
    /// The grid in `text`; `origin` is where it is from, for messages.
    ///
    /// # Errors
    ///
    /// Where it is no grid, with everything that is wrong in it.
    pub fn parse(text: &str, origin: &str) -> Result<Self, InvalidScenario> {
        let invalid = |problems| InvalidScenario { origin: origin.to_owned(), text: text.to_owned(), problems };
        let document = Document::parse(text)
            .map_err(|error| invalid(vec![Problem::new(error.span().unwrap_or(0..0), error.message())]))?;
        let mut reader = Reader { problems: Vec::new() };
        let grid = reader.grid(&document);
        match grid {
            Some(grid) if reader.problems.is_empty() => Ok(grid),
            Some(_) | None => Err(invalid(reader.problems)),
        }
    }

    /// All points, in order: the last axis moves first.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        if self.is_zipped {
            let length = self.axes.first().map_or(0, |axis| axis.values.len());
            return (0..length).map(|at| vec![at; self.axes.len()]).collect();
        }
        let mut places = vec![Vec::new()];
        for axis in &self.axes {
            let longer =
                |place: &Place| (0..axis.values.len()).map(|at| [&place[..], &[at]].concat()).collect::<Vec<_>>();
            places = places.iter().flat_map(longer).collect();
        }
        places
    }

    /// What is set at a point.
    ///
    /// # Errors
    ///
    /// Where a path is none.
    pub fn settings(&self, place: &Place) -> Result<Vec<Assignment>, SettingError> {
        self.axes.iter().zip(place).map(|(axis, &at)| Assignment::new(&axis.path, axis.values[at].clone())).collect()
    }
}

impl Axis {
    /// A value as people and tables write it.
    #[must_use]
    pub fn label(&self, at: usize) -> String {
        match &self.values[at] {
            Value::String(text) => text.value().clone(),
            Value::Float(number) => number.value().to_string(),
            value => value.to_string().trim().to_owned(),
        }
    }

    /// The value as a number, where it is one.
    #[must_use]
    pub fn number(&self, at: usize) -> Option<f64> {
        let value = &self.values[at];
        value.as_float().or_else(|| value.as_integer().map(|number| number as f64)).or_else(|| {
            let duration: crate::time::Micros = value.as_str()?.parse().ok()?;
            Some(duration.as_secs())
        })
    }
}

struct Reader {
    problems: Vec<Problem>,
}

const KEYS: [&str; 9] = ["scenario", "weather", "models", "strategies", "tasks", "replicates", "seed", "mode", "axes"];

impl Reader {
    fn problem<T>(&mut self, span: Range<usize>, message: impl Into<String>) -> Option<T> {
        self.problems.push(Problem::new(span, message));
        None
    }

    fn grid(&mut self, document: &Document<&str>) -> Option<GridFile> {
        for (key, item) in document.iter() {
            if !KEYS.contains(&key) {
                let near = closest(key, KEYS).map(|near| format!(": did you mean `{near}`?"));
                let span = item.span().unwrap_or(0..0);
                self.problem::<()>(span, format!("a grid has no key `{key}`{}", near.unwrap_or_default()));
            }
        }
        let scenario = match document.get("scenario") {
            Some(item) => self.text(item, "scenario"),
            None => self.problem(0..0, "`scenario` is missing: a name (see `pollbench list scenarios`) or a path"),
        };
        let weather = document.get("weather").map(|item| self.text(item, "weather"));
        let overrides = Overrides {
            models: document.get("models").and_then(|item| self.list(item, "models")),
            strategies: document.get("strategies").and_then(|item| self.list(item, "strategies")),
            tasks: document.get("tasks").and_then(|item| self.count(item, "tasks")),
            replicates: document
                .get("replicates")
                .and_then(|item| self.count(item, "replicates"))
                .and_then(|count| u32::try_from(count).ok()),
            seed: document.get("seed").and_then(|item| self.count(item, "seed")),
        };
        let is_zipped = match document.get("mode").map(|item| (item, item.as_str())) {
            None | Some((_, Some("cartesian"))) => false,
            Some((_, Some("zip"))) => true,
            Some((item, _)) => {
                let span = item.span().unwrap_or(0..0);
                self.problem(span, "`mode` is \"cartesian\" (all with all) or \"zip\" (first with first)")?
            }
        };
        let axes = self.axes(document, is_zipped)?;
        let (scenario, weather) = (scenario?, weather.map_or(Some(None), |weather| weather.map(Some))?);
        Some(GridFile { scenario, weather, overrides, axes, is_zipped })
    }

    fn axes(&mut self, document: &Document<&str>, is_zipped: bool) -> Option<Vec<Axis>> {
        let table = document.get("axes").and_then(Item::as_table_like);
        let Some(table) = table.filter(|table| !table.is_empty()) else {
            let span = document.get("axes").and_then(Item::span).unwrap_or(0..0);
            return self.problem(span, "`[axes]` is missing or empty: write \"PATH\" = [VALUES] for each");
        };
        let mut axes = Vec::new();
        for (path, item) in table.iter() {
            let span = item.span().unwrap_or(0..0);
            axes.extend(self.axis(path, item, &span));
        }
        if axes.len() < table.len() {
            return None;
        }
        let lengths = || axes.iter().map(|axis| axis.values.len());
        if is_zipped {
            if let Some(other) = axes.iter().find(|axis| axis.values.len() != axes[0].values.len()) {
                let (first, own) = (axes[0].values.len(), other.values.len());
                let message = format!("an axis of {own} values cannot go beside one of {first}: `mode` is \"zip\"");
                let span = other.span.clone();
                return self.problem(span, message);
            }
        } else if lengths().try_fold(1_usize, usize::checked_mul).is_none_or(|points| points > MOST_POINTS) {
            let span = axes[axes.len() - 1].span.clone();
            return self.problem(span, format!("the axes have more than {MOST_POINTS} points together"));
        }
        Some(axes)
    }

    fn axis(&mut self, path: &str, item: &Item, span: &Range<usize>) -> Option<Axis> {
        let axis = |values, is_logarithmic| Axis { path: path.to_owned(), values, is_logarithmic, span: span.clone() };
        if let Err(error) = Assignment::new(path, Value::from(0)) {
            return self.problem(span.clone(), error.to_string());
        }
        if let Some(values) = item.as_array() {
            let plain = |value: &Value| value.clone().decorated("", "");
            let values: Vec<Value> = values.iter().map(plain).collect();
            return match values.len() {
                0 => self.problem(span.clone(), format!("the axis `{path}` has no value")),
                1..=MOST_STEPS => Some(axis(values, false)),
                _ => self.problem(span.clone(), format!("the axis `{path}` has more than {MOST_STEPS} values")),
            };
        }
        let Some(range) = item.as_table_like() else {
            let message = format!("the axis `{path}` is a list of values, or {{ from, to, steps, scale = \"log\" }}");
            return self.problem(span.clone(), message);
        };
        for (key, item) in range.iter() {
            if !["from", "to", "steps", "scale"].contains(&key) {
                let span = item.span().unwrap_or_else(|| span.clone());
                self.problem::<()>(span, format!("a range has no key `{key}`: from, to, steps, scale"));
            }
        }
        let end =
            |key: &str| range.get(key).and_then(|item| item.as_float().or_else(|| item.as_integer().map(|n| n as f64)));
        let steps = range.get("steps").and_then(Item::as_integer).and_then(|steps| usize::try_from(steps).ok());
        let is_logarithmic = match range.get("scale").map(Item::as_str) {
            None | Some(Some("linear")) => false,
            Some(Some("log")) => true,
            Some(_) => return self.problem(span.clone(), "`scale` is \"linear\" or \"log\""),
        };
        let (Some(from), Some(to), Some(steps)) = (end("from"), end("to"), steps) else {
            let message = "a range needs the numbers `from` and `to` and the whole number `steps`";
            return self.problem(span.clone(), message);
        };
        if !(2..=MOST_STEPS).contains(&steps) {
            return self.problem(span.clone(), format!("`steps` is from 2 to {MOST_STEPS}, not {steps}"));
        }
        if is_logarithmic && !(from > 0.0 && to > 0.0) {
            return self.problem(span.clone(), format!("a logarithmic range from {from} to {to} does not exist"));
        }
        let whole = [from, to].iter().all(|end| end.fract() == 0.0) && range.iter().all(|(_, item)| !item.is_float());
        Some(axis(spaced(from, to, steps, is_logarithmic, whole), is_logarithmic))
    }

    fn text(&mut self, item: &Item, key: &str) -> Option<String> {
        let span = item.span().unwrap_or(0..0);
        item.as_str().map(str::to_owned).or_else(|| self.problem(span, format!("`{key}` is text")))
    }

    fn count(&mut self, item: &Item, key: &str) -> Option<u64> {
        let span = item.span().unwrap_or(0..0);
        let count = item.as_integer().and_then(|count| u64::try_from(count).ok());
        count.or_else(|| self.problem(span, format!("`{key}` is a whole number from 0")))
    }

    fn list(&mut self, item: &Item, key: &str) -> Option<Vec<String>> {
        let span = item.span().unwrap_or(0..0);
        let words = item.as_array().map(|words| words.iter().map(|word| word.as_str().map(str::to_owned)).collect());
        words.flatten().or_else(|| self.problem(span, format!("`{key}` is a list of names")))
    }
}

/// Values from one end to the other, both included. Whole numbers stay whole where the steps are.
fn spaced(from: f64, to: f64, steps: usize, is_logarithmic: bool, whole: bool) -> Vec<Value> {
    let at = |step: usize| {
        let share = step as f64 / (steps - 1) as f64;
        match step {
            0 => from,
            _ if step == steps - 1 => to,
            _ if is_logarithmic => from * (to / from).powf(share),
            _ => from + (to - from) * share,
        }
    };
    // Nobody wrote the values between: three digits are enough where they tell them apart.
    let rounded = |digits: usize| {
        (0..steps).map(move |step| format!("{:.digits$e}", at(step)).parse().unwrap_or_else(|_| at(step)))
    };
    let digits = [2, 5].into_iter().find(|digits| {
        let values: Vec<f64> = rounded(*digits).collect();
        values.windows(2).all(|pair| pair[0] != pair[1]) && values[0] == from && values[steps - 1] == to
    });
    let value = |x: f64| if whole && x.fract() == 0.0 { Value::from(x as i64) } else { Value::from(x) };
    match digits {
        Some(digits) => rounded(digits).map(value).collect(),
        None => (0..steps).map(at).map(value).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        (0..axis.values.len()).map(|at| axis.label(at)).collect()
    }

    #[test]
    fn ranges_have_both_ends_and_equal_steps() {
        let grid = GridFile::parse(
            "scenario = \"flaky\"\n[axes]\n\"a.b\" = { from = 1, to = 100, steps = 3, scale = \"log\" }\n\
             c = { from = 0, to = 1, steps = 5 }\nd = [\"1s\", \"2m\"]\n",
            "grid.toml",
        )
        .expect("a grid");
        let all: Vec<Vec<String>> = grid.axes.iter().map(labels).collect();
        assert_eq!(all, [vec!["1", "10", "100"], vec!["0", "0.25", "0.5", "0.75", "1"], vec!["1s", "2m"]]);
        assert_eq!(grid.axes[2].number(1), Some(120.0));
        assert_eq!((grid.places().len(), grid.places()[1].clone()), (30, vec![0, 0, 1]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, told) in [
            ("", "g:1:1: `scenario` is missing"),
            ("scenario = \"flaky\"\n[axes]\n", "`[axes]` is missing or empty"),
            ("scenario = \"flaky\"\n[axes]\na = []\n", "g:3:5: the axis `a` has no value"),
            ("scenario = \"flaky\"\n[axes]\na = 3\n", "g:3:5: the axis `a` is a list of values"),
            (
                "scenario = \"flaky\"\n[axes]\na = { from = 0, to = 3, steps = 2, scale = \"log\" }\n",
                "g:3:5: a logarithmic",
            ),
            ("scenario = \"flaky\"\n[axes]\na = { from = 0, to = 3, steps = 1 }\n", "`steps` is from 2"),
            ("scenario = \"flaky\"\nmode = \"zip\"\n[axes]\na = [1, 2]\nb = [1]\n", "g:5:5: an axis of 1 values"),
            ("scenaro = \"flaky\"\n[axes]\na = [1]\n", "did you mean `scenario`?"),
            ("scenario = 3\n[axes]\na = [1]\n", "g:1:12: `scenario` is text"),
            ("scenario = \"flaky\"\n[axes]\na = [1\n", "g:"),
        ] {
            let error = GridFile::parse(text, "g").expect_err(text).to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}

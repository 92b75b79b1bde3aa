//! What can be wrong with a scenario file, told with the line and what to write instead.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the file that it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// A problem at `span` without help.
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    /// The same with `help`.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not UTF-8 text.
    #[error("{}: not UTF-8 text: the byte at offset {offset} starts no character", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that is no text.
        offset: usize,
    },
    /// The file is no valid scenario.
    #[error("{0}")]
    Invalid(InvalidScenario),
    /// No shipped scenario has that name, and no file either.
    #[error("there is no scenario `{name}`{}\n  shipped: {}; anything else is a path",
        suggestion.map_or_else(String::new, |near| format!(": did you mean `{near}`?")), shipped.join(", "))]
    UnknownShipped {
        /// What was asked for.
        name: String,
        /// The shipped name that was probably meant.
        suggestion: Option<&'static str>,
        /// The shipped names.
        shipped: Vec<&'static str>,
    },
}

/// A file with everything that is wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidScenario {
    /// Where the text is from, for people.
    pub origin: String,
    /// The text.
    pub text: String,
    /// What is wrong, in the order of the text; at least one.
    pub problems: Vec<Problem>,
}

/// A line `origin:line:column: message` for each problem, each followed by its help.
impl fmt::Display for InvalidScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let (line, column) = position(&self.text, problem.span.start);
            write!(f, "{}:{line}:{column}: {}", self.origin, problem.message)?;
            if let Some(help) = &problem.help {
                write!(f, "\n  help: {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for InvalidScenario {}

/// Line and column of a byte, both from 1, columns in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        for (offset, place) in [(0, (1, 1)), (3, (1, 3)), (4, (2, 1)), (99, (2, 3))] {
            assert_eq!(position("aé\nbc", offset), place, "{offset}");
        }
    }
}

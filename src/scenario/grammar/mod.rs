//! The grammar of scenario files as data: which keys there are, what they hold, and what they default to.
//!
//! These tables are the only place that knows keys. The checker refuses what they do not list, the reader asks for
//! values by their names, and the JSON Schema is printed from them.

#[cfg(test)]
mod agreement;
mod distributions;
mod faults;
mod file;
pub(crate) mod json_schema;
mod strategies;

pub(super) use file::{SCENARIO, is_list};

/// A set of keys that belong together: a table of the file, or one kind of such a table.
#[derive(Debug)]
pub(crate) struct Section {
    /// What it is called: its key, or its `kind`.
    pub(crate) name: &'static str,
    /// One sentence for the schema.
    pub(crate) about: &'static str,
    /// Its keys.
    pub(crate) fields: &'static [Field],
    /// What holds between keys.
    pub(crate) rules: &'static [Rule],
}

/// Tables that name their keys by a `kind`.
#[derive(Debug)]
pub(crate) struct Family {
    /// Name among the definitions of the schema, and in messages.
    pub(crate) name: &'static str,
    /// The kinds. A function, since some are made of other floors' lists, and some hold themselves.
    pub(crate) kinds: fn() -> &'static [Section],
    /// The kind where none is written.
    pub(crate) default: Option<&'static str>,
    /// What may be written instead of a table, where a text may.
    pub(crate) shorthand: Option<&'static str>,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The key.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) shape: Shape,
    /// What happens where it is absent.
    pub(crate) need: Need,
    /// One sentence for the schema.
    pub(crate) about: &'static str,
}

/// What happens where a key is absent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// It is a problem.
    Required,
    /// The reader does without.
    Optional,
    /// It counts as this TOML value.
    Default(&'static str),
}

/// What a key holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A duration, which may be zero.
    Duration,
    /// A duration above zero.
    PositiveDuration,
    /// A number of a range.
    Number(Range),
    /// A whole number between two, both included.
    Count(u64, u64),
    /// This whole number only.
    Exactly(u64),
    /// A text.
    Text(Wording),
    /// `true` or `false`.
    Flag,
    /// One of these words. `true` and `false` may be written without quotes.
    Word(Words),
    /// One of these words, as in [`Shape::Word`], a whole number of at most this, or any text that is admitted.
    WordCountOrText(Words, u64, fn(&str) -> bool),
    /// One of these words, or an array of them.
    Words(Words),
    /// An array of at least so many.
    Many(&'static Self, usize),
    /// A table.
    Table(&'static Section),
    /// At least so many tables by a name that the user chooses.
    Named(&'static Section, usize),
    /// A table whose keys depend on its kind.
    Kinds(&'static Family),
}

/// Words that a key may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) allowed: &'static [&'static str],
}

/// A range of numbers, all finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Range {
    /// Any.
    Finite,
    /// Zero or more.
    NonNegative,
    /// Above zero.
    Positive,
    /// One or more.
    FromOne,
    /// From 0 to 1.
    Probability,
    /// Strictly between 0 and 1.
    Share,
    /// Between two numbers, both included.
    Between(f64, f64),
}

/// What a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    /// Anything.
    Free,
    /// A name for tables and command lines.
    Label,
    /// A name that is also a folder's.
    Folder,
}

/// What holds between the keys of a section.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Exactly one of these is there.
    ExactlyOne(&'static [&'static str]),
    /// At most one of these is there.
    AtMostOne(&'static [&'static str]),
    /// Where the first is there, the others are too.
    With(&'static str, &'static [&'static str]),
    /// Where the first is not there, the others are.
    Without(&'static str, &'static [&'static str]),
}

impl Range {
    /// Whether `x` lies in it.
    pub(crate) fn contains(self, x: f64) -> bool {
        x.is_finite()
            && match self {
                Self::Finite => true,
                Self::NonNegative => x >= 0.0,
                Self::Positive => x > 0.0,
                Self::FromOne => x >= 1.0,
                Self::Probability => (0.0..=1.0).contains(&x),
                Self::Share => x > 0.0 && x < 1.0,
                Self::Between(least, most) => (least..=most).contains(&x),
            }
    }

    /// What a number of it is called.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Finite => "a finite number".to_owned(),
            Self::NonNegative => "a number of at least 0".to_owned(),
            Self::Positive => "a number above 0".to_owned(),
            Self::FromOne => "a number of at least 1".to_owned(),
            Self::Probability => "a probability from 0 to 1".to_owned(),
            Self::Share => "a share strictly between 0 and 1".to_owned(),
            Self::Between(least, most) => format!("a number from {least} to {most}"),
        }
    }
}

/// Characters of a folder's name: systems take 255 bytes, and a character has up to four.
pub(crate) const LONGEST_FOLDER: usize = 60;

impl Wording {
    /// Whether `text` is one.
    pub(crate) fn admits(self, text: &str) -> bool {
        let label = || !text.trim().is_empty() && !text.contains(|c: char| c == ',' || c.is_control());
        match self {
            Self::Free => true,
            Self::Label => label(),
            Self::Folder => {
                label()
                    && text.chars().count() <= LONGEST_FOLDER
                    && !text.starts_with('.')
                    && !text.contains(['/', '\\', ':'])
            }
        }
    }

    /// What such a text is called.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Free => "a text",
            Self::Label => "a name that is not empty and has no commas or line breaks",
            Self::Folder => {
                "a name of 1 to 60 characters that does not begin with a dot and has no `/`, `\\`, `:`, commas or line breaks"
            }
        }
    }
}

impl Shape {
    /// What a value of it is called.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Duration => "a duration such as \"3s\"".to_owned(),
            Self::PositiveDuration => "a duration above zero such as \"3s\"".to_owned(),
            Self::Number(range) => range.describe(),
            Self::Count(least, u64::MAX) => format!("a whole number of at least {least}"),
            Self::Count(least, most) => format!("a whole number from {least} to {most}"),
            Self::Exactly(number) => format!("{number}"),
            Self::Text(wording) => wording.describe().to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Word(words) => format!("one of {}", words.list()),
            Self::WordCountOrText(words, ..) => {
                format!("one of {}, a whole number, or a short text of visible characters", words.list())
            }
            Self::Words(words) => format!("one of {}, or an array of them", words.list()),
            Self::Many(_, 0) => "an array".to_owned(),
            Self::Many(_, least) => format!("an array of at least {least}"),
            Self::Table(_) => "a table".to_owned(),
            Self::Named(_, 0) => "a table of tables".to_owned(),
            Self::Named(_, least) => format!("a table of at least {least} table"),
            Self::Kinds(family) => match family.shorthand {
                Some(shorthand) => format!("a table with a `kind`, or {shorthand}"),
                None => "a table with a `kind`".to_owned(),
            },
        }
    }
}

impl Words {
    /// These words.
    pub(crate) const fn of(allowed: &'static [&'static str]) -> Self {
        Self { allowed }
    }

    /// The words in quotes.
    pub(crate) fn list(&self) -> String {
        self.allowed.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
    }
}

/// A key that must be there.
const fn required(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, need: Need::Required, about }
}

/// A key that may be absent.
const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, need: Need::Optional, about }
}

/// A key that counts as the TOML value `literal` where it is absent.
const fn with_default(name: &'static str, shape: Shape, literal: &'static str, about: &'static str) -> Field {
    Field { name, shape, need: Need::Default(literal), about }
}

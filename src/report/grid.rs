//! A table as data, printed by the terminal, Markdown and HTML alike.

use std::borrow::Cow;

/// A table: a row for each strategy or model, a column for each figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Grid {
    /// What it shows, with the sample size.
    pub(crate) caption: String,
    /// Title of the column of row heads.
    pub(crate) corner: String,
    /// Columns after the row heads.
    pub(crate) columns: Vec<Column>,
    /// Rows.
    pub(crate) rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What it holds, with its unit where the figures do not carry one.
    pub(crate) title: Cow<'static, str>,
    /// Words stand left, figures right.
    pub(crate) words: bool,
    /// Where room is short, columns go in descending order of this; 0 never goes.
    pub(crate) expendable: u8,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Row {
    /// Its strategy or model.
    pub(crate) head: String,
    /// It is the strategy that others are compared with.
    pub(crate) baseline: bool,
    /// It is the choice: least cost among strategies that do not lose significantly more tasks than the best.
    pub(crate) best: bool,
    /// One for each column.
    pub(crate) entries: Vec<Entry>,
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    /// The figure with its unit.
    pub(crate) text: String,
    /// Half the width of its 95 % interval, or the interval.
    pub(crate) spread: Option<String>,
}

impl Grid {
    pub(super) fn new(caption: impl Into<String>, corner: &str, columns: Vec<Column>) -> Self {
        Self { caption: caption.into(), corner: corner.to_owned(), columns, rows: Vec::new() }
    }
}

impl Column {
    /// A column of figures.
    pub(super) const fn figures(title: &'static str) -> Self {
        Self { title: Cow::Borrowed(title), words: false, expendable: 0 }
    }

    /// A column of words.
    pub(super) const fn words(title: &'static str) -> Self {
        Self { title: Cow::Borrowed(title), words: true, expendable: 0 }
    }

    /// A column of figures with a title that is not known before.
    pub(super) fn named(title: String) -> Self {
        Self { title: title.into(), words: false, expendable: 0 }
    }

    pub(super) fn expendable(self, expendable: u8) -> Self {
        Self { expendable, ..self }
    }
}

impl Entry {
    /// A figure with its spread.
    pub(super) fn with(text: String, spread: Option<String>) -> Self {
        Self { text, spread }
    }
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        Self { text, spread: None }
    }
}

impl From<&str> for Entry {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

//! A file of which every value is known to have its shape, or to have been reported.
//!
//! A value that was reported is absent here. So a reader asks with `?` and goes on elsewhere: `None` always means
//! "somebody has already told the user".

use super::grammar::Section;
use crate::time::Micros;
use std::ops::Range;

/// A value and where it is written. A default is where the table is that lacks it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// A value of some [`Shape`](super::grammar::Shape).
#[derive(Debug)]
pub(super) enum Value {
    Duration(Micros),
    Number(f64),
    Count(u64),
    Text(String),
    Flag(bool),
    /// Elements; those that were reported are `None`.
    List(Vec<Option<Node>>),
    Table(Table),
    /// Tables by name, in file order.
    Named(Vec<Named>),
}

/// A table that the user named.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) table: Table,
}

impl Named {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A table of which every key is known.
#[derive(Debug)]
pub(super) struct Table {
    /// Where it is written.
    pub(super) span: Range<usize>,
    /// What it is a table of.
    pub(super) section: &'static Section,
    /// Its keys: those that were written, defaults, and required ones that are missing.
    pub(super) entries: Vec<(&'static str, Option<Node>)>,
    /// Whether its keys go together.
    pub(super) coherent: bool,
}

impl Table {
    /// The node at `key`; `None` where it was reported.
    ///
    /// # Panics
    ///
    /// Where the key is optional and absent, which is for [`Table::optional`] to ask.
    pub(super) fn node(&self, key: &str) -> Option<&Node> {
        self.find(key).unwrap_or_else(|| panic!("`{key}` of `{}` is optional", self.section.name))
    }

    /// The value at `key`, or its default; `None` where it was reported.
    pub(super) fn get<'a, T: Typed<'a>>(&'a self, key: &str) -> Option<T> {
        self.node(key).map(|node| self.typed(key, node))
    }

    /// The value at an optional `key`, which may be absent; `None` where it was reported.
    pub(super) fn optional<'a, T: Typed<'a>>(&'a self, key: &str) -> Option<Option<T>> {
        match self.find(key) {
            None => Some(None),
            Some(node) => node.map(|node| Some(self.typed(key, node))),
        }
    }

    /// Whether an optional key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Where the value of `key` is written; where the table is, if it is not.
    pub(super) fn span(&self, key: &str) -> Range<usize> {
        self.find(key);
        self.place(key)
    }

    /// The same for a key that the table may not even know.
    pub(super) fn place(&self, key: &str) -> Range<usize> {
        let node = self.entries.iter().find(|(name, _)| *name == key).and_then(|(_, node)| node.as_ref());
        node.map_or_else(|| self.span.clone(), |node| node.span.clone())
    }

    /// Whether nothing in the table itself was reported.
    pub(super) fn is_sound(&self) -> bool {
        self.coherent && self.entries.iter().all(|(_, node)| node.is_some())
    }

    fn find(&self, key: &str) -> Option<Option<&Node>> {
        let known = self.section.fields.iter().any(|field| field.name == key) || key == "kind";
        assert!(known, "the grammar of `{}` has no `{key}`", self.section.name);
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, node)| node.as_ref())
    }

    fn typed<'a, T: Typed<'a>>(&self, key: &str, node: &'a Node) -> T {
        T::of(&node.value).unwrap_or_else(|| panic!("`{key}` of `{}` has another shape", self.section.name))
    }
}

/// A type that holds the values of some shape.
pub(super) trait Typed<'a>: Sized {
    /// The value; `None` where it has another shape.
    fn of(value: &'a Value) -> Option<Self>;
}

macro_rules! typed {
    ($($type:ty: $pattern:pat => $value:expr;)*) => {$(
        impl<'a> Typed<'a> for $type {
            fn of(value: &'a Value) -> Option<Self> {
                match value {
                    $pattern => Some($value),
                    _ => None,
                }
            }
        }
    )*};
}

typed! {
    Micros: Value::Duration(duration) => *duration;
    f64: Value::Number(number) => *number;
    u64: Value::Count(count) => *count;
    bool: Value::Flag(flag) => *flag;
    &'a str: Value::Text(text) => text;
    &'a [Option<Node>]: Value::List(nodes) => nodes;
    &'a Table: Value::Table(table) => table;
    &'a [Named]: Value::Named(tables) => tables;
}

/// The elements of a list of which none was reported.
pub(super) fn all<'a, T: Typed<'a>>(nodes: &'a [Option<Node>]) -> Option<Vec<T>> {
    nodes.iter().map(|node| T::of(&node.as_ref()?.value)).collect()
}

//! Conditions on the cells of a row: `state = SUCCEED`.

use super::number::number;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A condition on the cell of one column.
///
/// ```
/// use pollbench::observations::Condition;
/// let condition: Condition = "state = SUCCEED".parse()?;
/// assert_eq!(condition.column(), "state");
/// assert!("state SUCCEED".parse::<Condition>().is_err());
/// # Ok::<(), pollbench::observations::InvalidCondition>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    column: String,
    relation: Relation,
    value: String,
}

/// Why there is no such condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write COLUMN = VALUE, or one of != < <= > >= in place of =: `{0}` is not a condition")]
pub struct InvalidCondition(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

/// How relations are written, those of two characters first.
const RELATIONS: [(&str, Relation); 7] = [
    ("!=", Relation::Unequal),
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("=", Relation::Equal),
    ("<", Relation::Less),
    (">", Relation::Greater),
];

impl FromStr for Condition {
    type Err = InvalidCondition;

    fn from_str(text: &str) -> Result<Self, InvalidCondition> {
        let invalid = || InvalidCondition(text.to_owned());
        let at = text.find(['=', '!', '<', '>']).ok_or_else(invalid)?;
        let (sign, relation) = *RELATIONS.iter().find(|(sign, _)| text[at..].starts_with(sign)).ok_or_else(invalid)?;
        let value = text[at + sign.len()..].trim();
        let unquoted = ['"', '\''].into_iter().find_map(|q| value.strip_prefix(q)?.strip_suffix(q)).unwrap_or(value);
        let condition = Self { column: text[..at].trim().to_owned(), relation, value: unquoted.to_owned() };
        let is_order = !matches!(relation, Relation::Equal | Relation::Unequal);
        if condition.column.is_empty() || is_order && number(&condition.value, None).is_err() {
            return Err(invalid());
        }
        Ok(condition)
    }
}

impl Condition {
    /// The column.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// Whether a cell meets it. Numbers are compared as numbers; what is no number is in no order.
    pub(super) fn holds(&self, cell: &str) -> bool {
        let order = || number(cell, None).ok()?.partial_cmp(&number(&self.value, None).ok()?);
        let is_equal = || cell == self.value || order() == Some(Ordering::Equal);
        match self.relation {
            Relation::Equal => is_equal(),
            Relation::Unequal => !is_equal(),
            Relation::Less => order() == Some(Ordering::Less),
            Relation::AtMost => order().is_some_and(Ordering::is_le),
            Relation::Greater => order() == Some(Ordering::Greater),
            Relation::AtLeast => order().is_some_and(Ordering::is_ge),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `==` stands before `=`, and is not how it is said.
        let sign =
            RELATIONS.iter().rev().find(|(_, relation)| *relation == self.relation).map_or("=", |(sign, _)| sign);
        let space = if self.value.is_empty() { "" } else { " " };
        write!(f, "{} {sign}{space}{}", self.column, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_as_they_say() {
        for (text, holds, fails) in [
            ("state = SUCCEED", &["SUCCEED"][..], &["FAILED", "", "succeed"][..]),
            ("state==\"A B\"", &["A B"], &["A"]),
            ("error =", &[""], &["x"]),
            ("code != 200", &["404", "", "x"], &["200", "200.0"]),
            ("n >= 2", &["2", "10", "2.0"], &["1.9", "", "x"]),
            ("n<2", &["1"], &["2"]),
        ] {
            let condition: Condition = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert!(holds.iter().all(|cell| condition.holds(cell)), "{text}");
            assert!(!fails.iter().any(|cell| condition.holds(cell)), "{text}");
        }
        for text in ["", "state", "= 3", "n < many", "n ! 3"] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
        assert_eq!("a != ''".parse::<Condition>().map(|condition| condition.to_string()), Ok("a !=".to_owned()));
        assert_eq!("a==1".parse::<Condition>().map(|condition| condition.to_string()), Ok("a = 1".to_owned()));
    }
}

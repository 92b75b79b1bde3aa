//! What was read of a log, for people and for programs.

use crate::figures::{count, duration, percent};
use crate::observations::Account;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// For people: a few lines, the first of which says how many rows were used.
#[must_use]
pub fn text(account: &Account, file: &str) -> String {
    let compressed = if account.is_compressed { ", gzip" } else { "" };
    let mut out = format!(
        "read {file} ({}, {}{compressed}): {} of {} rows used\n",
        account.format,
        account.encoding,
        count(account.used),
        count(account.rows)
    );
    let _ = writeln!(out, "  {}", account.times);
    if let Some([least, median, most]) = account.sizes.map(|sizes| sizes.map(|us| duration(us as f64 / 1e3))) {
        let unfinished = match account.unfinished {
            0 => String::new(),
            n => format!("; {} unfinished, right-censored", percent(n as f64 / account.used as f64)),
        };
        let _ = writeln!(out, "  {least} to {most}, median {median}{unfinished}");
    }
    if !account.skipped.is_empty() {
        let _ = writeln!(out, "  left out: {}", account.reasons());
    }
    for note in &account.notes {
        let _ = writeln!(out, "  {note}");
    }
    out
}

/// The same for programs.
#[must_use]
pub fn json(account: &Account) -> Value {
    let left_out = account.skipped.iter().map(
        |left| json!({"why": left.reason.words(), "rows": left.rows, "first_line": left.line, "first_cell": left.cell}),
    );
    json!({
        "rows": account.rows,
        "used": account.used,
        "unfinished": account.unfinished,
        "format": account.format,
        "encoding": account.encoding,
        "gzip": account.is_compressed,
        "times": account.times,
        "least_median_most_ms": account.sizes.map(|sizes| sizes.map(|us| us as f64 / 1e3)),
        "left_out": left_out.collect::<Vec<_>>(),
        "notes": account.notes,
    })
}

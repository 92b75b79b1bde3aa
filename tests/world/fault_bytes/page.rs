//! `docs/fault-bytes.md`: what each fault puts on the socket. `UPDATE_DOCS=1 cargo test --test world fault_bytes` writes it again.

use super::raw::{End, Raw};
use super::{Place, SILENCE};
use pollbench::world::fault::{FaultStage, Kind, Route};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const INTRODUCTION: &str = "\
# Faults on the wire

What a bare socket reads when the first status request of a finished task meets each fault. This page is written from the
mock's answers, by `UPDATE_DOCS=1 cargo test --test world fault_bytes`; ids, dates and times are replaced by fixed ones of the same
length. [Faults](faults.md) says what each is for, and [the reference](scenario-reference.md#faults) has all parameters.

Lines end with CR LF. *FIN*: the server closes the connection. *RST*: it resets it. *Open*: it keeps the connection and sends
nothing more.

Kinds that are not here have no bytes of their own: `refuse` and `outage` accept no connections, `latency-spike`,
`load-latency` and `brownout` delay (the last two with 503s as `status` sends them), `burst-loss` resets as `reset` does, and those of the
webhook concern deliveries.

## Without a fault
";

/// Longest body that is shown whole.
const SHOWN: usize = 700;

/// A fault as a stub has it; short where its default is long.
fn fault(kind: Kind) -> Value {
    match kind.name() {
        "slow-body" => json!({ "kind": "slow-body", "takes": "100ms", "pieces": 4 }),
        "status" => json!({ "kind": "status", "code": 503, "retry_after": "seconds", "retry_in": "20s" }),
        "huge-body" => json!({ "kind": "huge-body", "bytes": 65536 }),
        name => json!({ "kind": name }),
    }
}

/// The kinds that have bytes of their own when a status request meets them.
fn kinds() -> impl Iterator<Item = Kind> {
    let has_bytes = |kind: &Kind| {
        let is_of_an_answer = matches!(kind.stage(), FaultStage::Connection | FaultStage::Http | FaultStage::Payload);
        is_of_an_answer && kind.routes().contains(&Route::Status) && *kind != Kind::Refuse
    };
    Kind::ALL.iter().copied().filter(has_bytes)
}

fn stub(kind: Option<Kind>) -> Value {
    match kind {
        Some(Kind::FailMessageNetwork) => {
            json!({ "completion_ms": 0, "result": "failed", "fail_code": "NSFW", "fail_message": "refused" })
        }
        _ => json!({ "completion_ms": 0 }),
    }
}

/// The bytes as text that is the same in every run.
fn steady(bytes: &[u8], id: &str) -> String {
    let (own, other) = ("task_0123456789abcdef", "task_fedcba9876543210");
    let text = String::from_utf8_lossy(bytes).replace(id, own);
    let mut steady = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (shown, length) = if digits == 13 {
            ("1700000000000", 13)
        } else if rest.starts_with("task_") && !rest.starts_with(own) && rest.len() >= other.len() {
            (other, other.len())
        } else if rest.starts_with("date: ") {
            ("date: Tue, 14 Nov 2023 22:13:20 GMT", rest.find("\r\n").unwrap_or(rest.len()))
        } else {
            (&rest[..digits.max(c.len_utf8())], digits.max(c.len_utf8()))
        };
        steady += shown;
        rest = &rest[length..];
    }
    steady.replace("\r\n", "\n")
}

fn shown(page: &mut String, text: &str, end: End, is_whole: bool) {
    let end = match end {
        End::Closed => "*FIN*",
        End::Reset => "*RST*",
        End::Silent => "*Open*",
    };
    if text.is_empty() {
        let _ = write!(page, "\nNo bytes, then {end}.\n");
        return;
    }
    let body = text.find("\n\n").map_or(0, |head| head + 2);
    let cut = text.len() - body > SHOWN;
    let text = if cut { format!("{}…", &text[..body + 200]) } else { text.trim_end().to_owned() };
    let note = if cut { ", padding left out above" } else { "" };
    let _ = write!(
        page,
        "\n```http\n{text}\n```\n\nThen {end}{note}{}.\n",
        if is_whole { "" } else { ": the answer is incomplete" }
    );
}

fn page() -> String {
    let place = Place::new();
    let cases: Vec<Option<Kind>> = std::iter::once(None).chain(kinds().map(Some)).collect();
    let readers: Vec<_> = cases
        .iter()
        .map(|kind| {
            let id = place.task(stub(*kind), &kind.map_or(json!({ "kind": "ok" }), fault));
            let mut raw: Raw = place.ask(&id);
            std::thread::spawn(move || {
                let (bytes, _, end) = raw.rest(SILENCE);
                (steady(&bytes, &id), end)
            })
        })
        .collect();
    let mut page = INTRODUCTION.to_owned();
    for (kind, reader) in cases.iter().zip(readers) {
        let (text, end) = reader.join().expect("a reader does not panic");
        let halves = ["reset-mid-body", "close-mid-body", "stall-mid-body"];
        if let Some(kind) = kind {
            let rule = fault(*kind);
            let about = kind.about();
            let _ = write!(page, "\n## `{}`\n\n{}{}.", kind.name(), about[..1].to_uppercase(), &about[1..]);
            let extra = if rule.as_object().is_some_and(|fields| fields.len() > 1) {
                format!(" Here: `{rule}`.")
            } else {
                String::new()
            };
            page += &(extra + "\n");
        }
        shown(&mut page, &text, end, kind.is_none_or(|kind| !halves.contains(&kind.name())));
    }
    page
}

#[test]
fn the_page_of_bytes_is_what_the_mock_sends() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fault-bytes.md");
    let wanted = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).expect("a file that can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = wanted.lines().zip(written.lines()).find(|(wanted, written)| wanted != written);
    assert!(
        written == wanted,
        "{} is out of date, run UPDATE_DOCS=1 cargo test --test world fault_bytes; {differs:?}",
        path.display()
    );
}

//! Each mistake is caught by a named property, soon, and shrunk to a few requests.

use super::small::{Mistake, begin, wait};
use crate::soaked;
use pollbench::check::{Call, Kit, Property, TrialReport, timeline, write_case};
use pollbench::time::Micros;

/// Cases in which every mistake is found with the usual seed.
const CASES: u64 = 60;
/// The same with any seed.
const MOST_CASES: u64 = 200;

fn check(mistake: Option<Mistake>, is_called_back: bool, (cases, seed): (u64, u64)) -> TrialReport {
    let program = move |call: Call| {
        begin();
        wait(call, mistake, is_called_back)
    };
    let mut kit =
        Kit::new(Micros::from_secs(120), program).attempt_timeout(Micros::from_secs(10)).told_deadline().seed(seed);
    match mistake {
        Some(Mistake::SubmitRetried | Mistake::EarlyDeliveryBookedTwice) => kit = kit.submits(),
        Some(Mistake::IdsMixedUp | Mistake::LockStepStops) => kit = kit.many(3),
        _ => {}
    }
    if is_called_back {
        kit = kit.webhooks();
    }
    kit.check(cases).expect("a runtime")
}

/// The property that names the mistake, and requests that its shortest story needs.
fn caught_by(mistake: Mistake) -> (Property, usize) {
    use Mistake as M;
    use Property as P;
    match mistake {
        M::DeadlineIgnoresRequestTime => (P::EndsByDeadline, 5),
        M::NotFoundIsFinal | M::HttpErrorEnds | M::ResetEnds => (P::SurvivesGarbage, 1),
        M::ThreeFailuresEnd => (P::SurvivesGarbage, 3),
        M::RetryAfterIgnored | M::RetryAfterInMillis | M::RetryAfterDateMisread => (P::RetryAfterKept, 2),
        M::MalformedSwallowed => (P::FindsTheResult, 1),
        M::PollsOnAfterSuccess => (P::StopsAfterTerminal, 2),
        M::IdsMixedUp => (P::RightResult, 2),
        M::DedupeMissing => (P::HandedOverOnce, 1),
        M::UnknownIsSuccess | M::AnyTwoHundredIsSuccess | M::FailedHasResult => (P::NoFalseSuccess, 1),
        M::UnknownIsFailure => (P::UnknownStateIsOpen, 1),
        M::SubmitRetried => (P::NoBlindResubmit, 0),
        M::FirstPollLate | M::LastLookMissing => (P::LastLook, 2),
        M::NoAttemptTimeout => (P::NoHang, 1),
        // Four that double, and the gaps of nothing up to a deadline in whole seconds.
        M::BackoffOverflows => (P::NoBusyLoop, 25),
        M::BackoffNeverResets => (P::FindsTheResult, 5),
        M::LockStepStops => (P::Isolation, 3),
        M::AsksWithoutWaiting => (P::OneInFlight, 3),
        M::EmptyIsSuccess | M::IdNotCompared => (P::NoFalseSuccess, 1),
        M::DeliveryBookedTwice => (P::HandedOverOnce, 1),
        M::ForgeryBelieved | M::DeliveryIsSuccess | M::OthersDelivery => (P::NoFalseSuccess, 1),
        M::NoFallback => (P::FindsTheResult, 0),
        M::GarbledDeliveryEnds => (P::SurvivesGarbage, 1),
        M::EarlyDeliveryBookedTwice => (P::HandedOverOnce, 1),
    }
}

#[test]
fn the_small_poller_as_it_stands_upholds_everything() {
    for is_called_back in [false, true] {
        let report = check(None, is_called_back, soaked(200));
        assert!(report.is_good(), "called back: {is_called_back}: {report}");
    }
}

#[test]
fn every_mistake_is_caught_and_told_in_a_few_lines() {
    let (campaigns, seed) = soaked(1);
    let (mut table, mut pages, mut missed) = (String::from(HEAD), String::new(), Vec::new());
    for &mistake in Mistake::ALL {
        for campaign in 0..campaigns {
            let cases = if campaigns > 1 { MOST_CASES } else { CASES };
            let of_this = (cases, seed.wrapping_add(campaign));
            match caught(mistake, of_this) {
                Ok((row, page)) => {
                    table.push_str(&row);
                    pages.push_str(&page);
                }
                Err(missing) => missed.push(format!("seed {}: {mistake:?}: {missing}", of_this.1)),
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    if (campaigns, seed) != USUAL {
        return;
    }
    let (file, page) = (concat!(env!("CARGO_MANIFEST_DIR"), "/docs/mistakes.md"), table + &pages);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(file, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(written, page, "write docs/mistakes.md again with INSTA_UPDATE=always");
}

/// One campaign, of the seed that is fixed.
const USUAL: (u64, u64) = (1, 42);

/// The row and the section of a mistake that is caught as it ought to be; else what is wrong with that.
fn caught(mistake: Mistake, cases: (u64, u64)) -> Result<(String, String), String> {
    let (property, most) = caught_by(mistake);
    let report = check(Some(mistake), mistake.is_about_webhooks(), cases);
    let Some(finding) = report.finding(property) else {
        let found: Vec<_> = report.findings.iter().map(|finding| finding.defect.id()).collect();
        return Err(format!("not by {property}, but by {found:?}"));
    };
    let counter_example = &finding.counter_example;
    let requests = counter_example.history.tasks.iter().map(|task| task.requests.len()).sum::<usize>();
    if requests > most.max(5) || finding.trials > 100 {
        return Err(format!("{requests} requests after {} trials\n{report}", finding.trials));
    }
    let (about, trials) = (mistake.about().trim(), finding.trials);
    let number = finding.number.map_or_else(|| "the calm case".to_owned(), |number| format!("case {number}"));
    let needed = finding.number.map_or(1, |number| number + 2);
    let row = format!("| {about} | `{property}` | {needed} | {trials} | {requests} |\n");
    let page = format!(
        "\n## {about}\n\nCaught by `{property}` in {number}, {trials} trials to shrink: {}.\n\n```text\n{}\n```\n\n`{}`\n",
        finding.what(),
        timeline(&counter_example.case, &counter_example.history).join("\n"),
        write_case(&counter_example.case)
    );
    Ok((row, page))
}

const HEAD: &str = "\
# Thirty-three mistakes

Each was planted into a small poller that is correct without it. Each stands here with the property that caught it and
the simplest world in which it does harm. Those about webhooks were planted into the same poller with a receiver.

| mistake | property | cases until it is caught | trials to shrink | requests left |
|:--|:--|--:|--:|--:|
";

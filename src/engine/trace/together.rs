//! The guide's lock-step poller, with tasks added and starts called at given instants.

use crate::engine::trace::case::{CaseError, TraceCase};
use crate::engine::trace::script::{Script, line};
use crate::engine::trace::{ENDLESS, Request, Start, Trace, TracedTask};
use crate::measure::record::detection_delay;
use crate::strategy::composition::Strategy;
use crate::strategy::lock_step::{LockStep, Ticket, Turn};
use crate::strategy::wait::Ending;
use crate::time::Micros;
use std::collections::BTreeMap;

/// What happens at an instant; of one instant in the order of scheduling.
#[derive(Debug, Clone, Copy)]
enum Event {
    Add(usize),
    Start,
    Wake,
    Reply(usize),
}

/// A request in flight, by its line in the trace.
struct Flight {
    ticket: Ticket,
    sent: Micros,
    number: usize,
}

struct Poller<'c> {
    machine: LockStep<'c>,
    scripts: Vec<Script<'c>>,
    agenda: BTreeMap<(Micros, u64), Event>,
    scheduled: u64,
    requests: Vec<Request>,
    flights: Vec<Flight>,
    settled: Vec<Option<(Ending, Micros)>>,
    polled: Vec<usize>,
    starts: Vec<Start>,
    error: Option<String>,
}

pub(super) fn play<'c>(case: &'c TraceCase, strategy: &'c Strategy) -> Result<Trace, CaseError> {
    let scripts: Vec<_> = case.all_tasks()?.into_iter().map(|task| Script::new(case, task)).collect();
    let mut poller = Poller {
        machine: LockStep::new(strategy.pace(&case.model)),
        agenda: BTreeMap::new(),
        scheduled: 0,
        requests: Vec::new(),
        flights: Vec::new(),
        settled: vec![None; scripts.len()],
        polled: vec![0; scripts.len()],
        starts: Vec::new(),
        error: None,
        scripts,
    };
    // A task added at the instant of a start is there when the loop takes stock.
    for task in 0..poller.scripts.len() {
        poller.schedule(poller.scripts[task].task.added_ms.0, Event::Add(task));
    }
    for start in case.starts_ms.clone().unwrap_or_else(|| vec![Default::default()]) {
        poller.schedule(start.0, Event::Start);
    }
    while let Some(((now, _), event)) = poller.agenda.pop_first() {
        poller.happen(now, event)?;
        if poller.requests.len() > ENDLESS {
            break;
        }
    }
    Ok(poller.finish(case))
}

impl Poller<'_> {
    fn schedule(&mut self, at: Micros, event: Event) {
        self.scheduled += 1;
        self.agenda.insert((at, self.scheduled), event);
    }

    fn happen(&mut self, now: Micros, event: Event) -> Result<(), CaseError> {
        let mut send = Vec::new();
        let turn = match event {
            Event::Add(task) => {
                self.machine.add(task as u32);
                Turn::Wait
            }
            Event::Start => {
                if self.machine.is_running() {
                    return Err(CaseError::SecondLoop(now));
                }
                self.starts.push(Start { started_ms: now.as_millis(), settled_ms: None, outcome: "hang" });
                self.machine.start(now, &mut send)
            }
            Event::Wake => self.machine.wake(&mut send),
            Event::Reply(flight) => self.reply(now, flight),
        };
        let end = match turn {
            Turn::Wait => None,
            Turn::Sleep(until) => {
                self.schedule(until, Event::Wake);
                None
            }
            Turn::Finished => Some("ok"),
            Turn::Rejected => Some("error"),
        };
        if let (Some(outcome), Some(start)) = (end, self.starts.last_mut()) {
            (start.settled_ms, start.outcome) = (Some(now.as_millis()), outcome);
        }
        for ticket in send {
            self.send(now, ticket);
        }
        Ok(())
    }

    fn send(&mut self, now: Micros, ticket: Ticket) {
        let task = ticket.task as usize;
        let number = self.polled[task];
        self.polled[task] += 1;
        let id = self.scripts[task].task.id.clone();
        let played = self.scripts[task].play(now, number);
        let (replied, index) = (played.replied, self.requests.len());
        let request = line(&id, now, &played, replied.finite(), false);
        self.requests.push(Request { index, ..request });
        self.flights.push(Flight { ticket, sent: now, number });
        if !replied.is_never() {
            self.schedule(replied, Event::Reply(self.flights.len() - 1));
        }
    }

    fn reply(&mut self, now: Micros, flight: usize) -> Turn {
        let Flight { ticket, sent, number } = self.flights[flight];
        let played = self.scripts[ticket.task as usize].play(sent, number);
        let error = played.reply.error_message();
        let (_, ending, turn) = self.machine.reply(now, ticket, &played.reply);
        if turn == Turn::Rejected {
            self.error = self.error.take().or(error);
        }
        if let Some(ending) = ending {
            self.settled[ticket.task as usize].get_or_insert((ending, now));
        }
        turn
    }

    fn finish(self, case: &TraceCase) -> Trace {
        let rejected = self.starts.last().is_some_and(|start| start.outcome == "error");
        let tasks: Vec<TracedTask> = (0..self.scripts.len())
            .map(|task| {
                let (outcome, settled) = match self.settled[task] {
                    Some((Ending::Success, at)) => ("success", Some(at)),
                    Some((Ending::Failed, at)) => ("failed", Some(at)),
                    Some((Ending::GaveUp | Ending::Error, at)) => ("timeout", Some(at)),
                    None if self.polled[task] == 0 || rejected => ("abandoned", None),
                    None => ("hang", None),
                };
                TracedTask {
                    id: self.scripts[task].task.id.clone(),
                    outcome,
                    settled_ms: settled.map(Micros::as_millis),
                }
            })
            .collect();
        let (outcome, settled_ms) = match (&tasks[..], self.starts.last()) {
            // One task speaks for itself, except that its own error is an error.
            ([task], _) if case.task.is_some() && task.outcome != "abandoned" => (task.outcome, task.settled_ms),
            (_, Some(start)) if start.outcome == "ok" => ("success", start.settled_ms),
            (_, Some(start)) => (start.outcome, start.settled_ms),
            (_, None) => ("abandoned", None),
        };
        let mut delay = None;
        if let ([script], [Some((Ending::Success | Ending::Failed, at))]) = (&self.scripts[..], &self.settled[..]) {
            delay = Some(detection_delay(script.truth.done, *at).as_millis());
        }
        let timed_out = (outcome == "timeout").then(|| "Timeout".to_owned());
        Trace {
            requests: self.requests,
            outcome,
            settled_ms,
            detection_delay_ms: delay,
            error: self.error.or(timed_out),
            tasks: Some(tasks),
            starts: Some(self.starts),
        }
    }
}

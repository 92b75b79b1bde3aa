//! Trials of decisions alone: a poller that says when to ask and what to make of an answer, without connections or a clock.

use super::case::Case;
use super::history::{
    AnswerKind, Conduct, History, PollerAnswer, PollerOutcome, StatusRequest, TaskHistory, is_doubtful, met,
    spoils_the_next, told,
};
use super::weather::{CaseWeather, Passed};
use crate::api::reply::{Loss, Reply};
use crate::strategy::composition::Strategy;
use crate::strategy::wait::{Ending, Policy, Step, Wait};
use crate::time::Micros;
use crate::world::draws::{Draws, Keys, Stream};
use crate::world::fault::{Effect, Timescale};

/// Whatever waits for one task, as decisions: told what came back, it says what to do next.
pub trait Poller {
    /// A wait begins at zero, to end by `deadline`: the first step.
    fn begin(&mut self, deadline: Micros) -> Step;

    /// What came back for the request in flight, at `now`: the next step.
    fn reply(&mut self, now: Micros, reply: &Reply<'_>) -> Step;
}

/// A strategy of this crate as a poller. Its deadline is its own limit: draw cases for [`StrategyPoller::deadline`].
#[derive(Debug, Clone)]
pub struct StrategyPoller<'s> {
    policy: Policy<'s>,
    wait: Option<Wait<'s>>,
    jitter: Draws,
}

impl<'s> StrategyPoller<'s> {
    /// `strategy` as it waits for tasks of `model`.
    #[must_use]
    pub fn new(strategy: &'s Strategy, model: &str) -> Self {
        let jitter = Keys::new(0, 0, model).draws(Stream::Jitter, 0);
        Self { policy: Policy::new(strategy, model), wait: None, jitter }
    }

    /// When it means to have given up; `None` where it has no limit.
    #[must_use]
    pub fn deadline(&self) -> Option<Micros> {
        self.policy.nominal_limit()
    }
}

impl Poller for StrategyPoller<'_> {
    fn begin(&mut self, _deadline: Micros) -> Step {
        let (wait, step) = self.policy.begin(Micros::ZERO, &mut self.jitter);
        self.wait = Some(wait);
        step
    }

    fn reply(&mut self, now: Micros, reply: &Reply<'_>) -> Step {
        match &mut self.wait {
            Some(wait) => wait.reply(now, reply, &mut self.jitter).1,
            None => Step::End { at: now, ending: Ending::Error },
        }
    }
}

/// A trial that sends so many requests is cut off.
const ENDLESS: usize = 10_000;

/// Puts a poller into the world of a case, whose first task it waits for.
pub fn play(poller: &mut impl Poller, case: &Case) -> History {
    let mut of_task = TaskHistory::default();
    let mut weather = CaseWeather::of(case);
    let mut step = poller.begin(case.deadline());
    loop {
        match step {
            // Nobody calls.
            Step::Listen => break,
            Step::End { at, ending } => {
                let outcome = match ending {
                    Ending::Success => PollerOutcome::Success,
                    Ending::Failed => PollerOutcome::Failed,
                    Ending::GaveUp => PollerOutcome::Timeout,
                    Ending::Error => PollerOutcome::Error,
                };
                of_task.answers.push(PollerAnswer { at, outcome, urls: None });
                break;
            }
            Step::Poll { .. } if of_task.requests.len() == ENDLESS => break,
            Step::Poll { at: sent, timeout } => {
                let number = of_task.requests.len() as u32;
                let passed = weather.as_mut().map_or_else(|| Passed::calm(case, sent), |weather| weather.pass(sent));
                let (scripted, truth) = met(case, 0, number, passed.arrival, Timescale::SCENARIO);
                let scripted = scripted.filter(|_| !passed.is_refused);
                let struck = scripted.or(passed.struck);
                let (kind, effect) = struck.map_or((None, Effect::Truth), |(kind, effect)| (Some(kind), effect));
                let back = effect.heard(passed.back);
                let reply = effect.reply(truth, back, Timescale::SCENARIO);
                let (patience, told) = (sent + timeout, told(&effect, truth, &reply));
                let heard = back.min(patience);
                let is_cut = back > patience;
                of_task.requests.push(StatusRequest {
                    sent,
                    ended: heard.finite(),
                    answer: if is_cut && told != AnswerKind::Silence { AnswerKind::Unheard } else { told },
                    retry_after: retry_after(&reply).filter(|_| !is_cut),
                    struck: kind,
                    is_doubtful: is_doubtful(&effect),
                    spoils_the_next: spoils_the_next(&effect),
                });
                if heard.is_never() {
                    break;
                }
                let reply = if is_cut { Reply::Lost(Loss::TimedOut) } else { reply };
                step = poller.reply(heard, &reply);
            }
        }
    }
    let submits = 0;
    History { tasks: vec![of_task], submits, conduct: Conduct::Sound, ..History::default() }
}

/// The delay that a reply asks for.
pub(super) fn retry_after(reply: &Reply<'_>) -> Option<Micros> {
    match reply {
        Reply::Answer { retry_after, .. } => *retry_after,
        Reply::Lost(_) => None,
    }
}

//! The guide's `TaskPoller`: all tasks of a pool are polled at the same instant, and the next round starts when the
//! slowest answer is there and a sleep has passed.
//!
//! The schedule is the loop's: its first wait comes before the first round, its gaps after the rounds, and a loop that is
//! started again begins it again. The limit is each task's own.
//!
//! Bugs included, because they are what the comparison is about: one slow reply delays everyone, one stalled request
//! freezes all, one error ends the loop for all. Replies of an ended loop still settle their tasks.

use crate::api::reply::Reply;
use crate::strategy::composition::{Jitter, Limit, Pace};
use crate::strategy::reading::{Reading, documented_parsing};
use crate::strategy::wait::gaps::Gaps;
use crate::strategy::wait::{Ending, Worth};
use crate::time::Micros;

/// One request in flight: which task it asks for, in which loop, and how often the task had been polled before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The task.
    pub task: u32,
    run: u32,
    attempts: u32,
}

/// What the loop does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It waits for replies, or nothing runs.
    Wait,
    /// It sleeps: call [`LockStep::wake`] at this instant.
    Sleep(Micros),
    /// It ended: no task was left.
    Finished,
    /// It ended with the error of the reply just taken.
    Rejected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loop {
    Stopped,
    Round { outstanding: usize },
    Asleep,
}

/// The poller of one pool.
#[derive(Debug, Clone)]
pub struct LockStep<'s> {
    pace: &'s Pace,
    /// Of the loop that runs.
    gaps: Gaps<'s>,
    /// When it was started.
    began: Micros,
    /// The poll that is a task's last, counted from 1.
    last_attempt: u32,
    /// Tasks in insertion order with the number of polls that said unfinished.
    tasks: Vec<(u32, u32)>,
    run: u32,
    state: Loop,
}

impl<'s> LockStep<'s> {
    /// An empty poller whose rounds follow the schedule of `pace`. A task is given up after as many polls as its limit
    /// has attempts; the other limits are no part of this poller, and nothing limits it under them.
    #[must_use]
    pub fn new(pace: &'s Pace) -> Self {
        let last_attempt = match pace.limit {
            Limit::Attempts(attempts) => attempts.get(),
            Limit::None | Limit::SumOfSleeps(_) | Limit::WallClock(_) => u32::MAX,
        };
        let gaps = Gaps::new(&pace.schedule, Jitter::None);
        Self { pace, gaps, began: Micros::ZERO, last_attempt, tasks: Vec::new(), run: 0, state: Loop::Stopped }
    }

    /// Whether the loop runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state != Loop::Stopped
    }

    /// Adds a task; a running loop polls it in its next round.
    pub fn add(&mut self, task: u32) {
        self.tasks.push((task, 0));
    }

    /// Starts the loop at `now` if none runs: requests to send at once go to `send`.
    pub fn start(&mut self, now: Micros, send: &mut Vec<Ticket>) -> Turn {
        if self.is_running() {
            return Turn::Wait;
        }
        self.run += 1;
        (self.began, self.gaps) = (now, Gaps::new(&self.pace.schedule, Jitter::None));
        let first = self.pace.schedule.first();
        if self.tasks.is_empty() || first == Micros::ZERO {
            return self.round(send);
        }
        self.state = Loop::Asleep;
        Turn::Sleep(now + first)
    }

    /// Ends a sleep.
    pub fn wake(&mut self, send: &mut Vec<Ticket>) -> Turn {
        if self.state == Loop::Asleep { self.round(send) } else { Turn::Wait }
    }

    /// Takes a reply: what it was good for, the end of the task's wait if it is one, and what the loop does next.
    pub fn reply(&mut self, now: Micros, ticket: Ticket, reply: &Reply<'_>) -> (Worth, Option<Ending>, Turn) {
        let (worth, ending) = match documented_parsing(reply) {
            Reading::Nothing(_) => {
                if ticket.run == self.run && self.is_running() {
                    self.state = Loop::Stopped;
                    return (Worth::Failed, None, Turn::Rejected);
                }
                return (Worth::Failed, None, Turn::Wait);
            }
            Reading::Success => (Worth::Useful, Some(Ending::Success)),
            Reading::Failed(_) => (Worth::Useful, Some(Ending::Failed)),
            Reading::Unfinished if ticket.attempts + 1 >= self.last_attempt => (Worth::Wasted, Some(Ending::GaveUp)),
            Reading::Unfinished => (Worth::Wasted, None),
        };
        let at = self.tasks.iter().position(|(task, _)| *task == ticket.task);
        match (ending, at) {
            (Some(_), Some(at)) => {
                self.tasks.remove(at);
            }
            (Some(_), None) => {}
            (None, Some(at)) => self.tasks[at].1 = ticket.attempts + 1,
            // A late reply of an ended loop brings back a task that a later loop has settled.
            (None, None) => self.tasks.push((ticket.task, ticket.attempts + 1)),
        }
        (worth, ending, self.answered(now, ticket))
    }

    fn answered(&mut self, now: Micros, ticket: Ticket) -> Turn {
        match self.state {
            Loop::Round { outstanding } if ticket.run == self.run => {
                if outstanding > 1 {
                    self.state = Loop::Round { outstanding: outstanding - 1 };
                    Turn::Wait
                } else if self.tasks.is_empty() {
                    self.state = Loop::Stopped;
                    Turn::Finished
                } else {
                    self.state = Loop::Asleep;
                    Turn::Sleep(now + self.gaps.nominal(now - self.began).0)
                }
            }
            Loop::Round { .. } | Loop::Stopped | Loop::Asleep => Turn::Wait,
        }
    }

    fn round(&mut self, send: &mut Vec<Ticket>) -> Turn {
        if self.tasks.is_empty() {
            self.state = Loop::Stopped;
            return Turn::Finished;
        }
        send.extend(self.tasks.iter().map(|&(task, attempts)| Ticket { task, run: self.run, attempts }));
        self.state = Loop::Round { outstanding: self.tasks.len() };
        Turn::Wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::reply::{Loss, TaskState};
    use crate::strategy::composition::Schedule;

    const PROCESSING: Reply<'static> = Reply::Answer {
        status: 200,
        payload: crate::api::reply::Payload::State(TaskState::Processing),
        retry_after: None,
    };
    const RESET: Reply<'static> = Reply::Lost(Loss::Reset);

    fn every_3_s(attempts: u32) -> Pace {
        let schedule = Schedule::fixed(Micros::ZERO, Micros::from_secs(3)).expect("a schedule");
        Pace { schedule, limit: Limit::Attempts(attempts.try_into().expect("some attempts")) }
    }

    #[test]
    fn the_next_round_starts_a_sleep_after_the_slowest_reply() {
        let pace = every_3_s(62);
        let (mut poller, mut send) = (LockStep::new(&pace), Vec::new());
        poller.add(0);
        poller.add(1);
        assert_eq!(poller.start(Micros::ZERO, &mut send), Turn::Wait);
        let [first, second] = send[..] else { panic!("two requests") };
        assert_eq!(poller.reply(Micros::from_millis(100), first, &PROCESSING).2, Turn::Wait);
        let slowest = Micros::from_millis(2_000);
        assert_eq!(poller.reply(slowest, second, &PROCESSING).2, Turn::Sleep(Micros::from_millis(5_000)));
    }

    #[test]
    fn one_error_ends_the_loop_and_later_replies_still_settle() {
        let pace = every_3_s(62);
        let (mut poller, mut send) = (LockStep::new(&pace), Vec::new());
        poller.add(0);
        poller.add(1);
        poller.start(Micros::ZERO, &mut send);
        assert_eq!(poller.reply(Micros::ZERO, send[0], &RESET), (Worth::Failed, None, Turn::Rejected));
        let success = Reply::state(TaskState::Success);
        assert_eq!(poller.reply(Micros::ZERO, send[1], &success), (Worth::Useful, Some(Ending::Success), Turn::Wait));
        assert!(!poller.is_running());
    }

    #[test]
    fn a_task_is_given_up_at_its_62nd_poll_without_another_sleep() {
        let pace = every_3_s(62);
        let (mut poller, mut send) = (LockStep::new(&pace), Vec::new());
        poller.add(0);
        poller.start(Micros::ZERO, &mut send);
        for poll in 1..=62 {
            let ticket = send.pop().expect("one request a round");
            let (_, ending, turn) = poller.reply(Micros::ZERO, ticket, &PROCESSING);
            if poll < 62 {
                assert_eq!((ending, turn), (None, Turn::Sleep(Micros::from_secs(3))), "poll {poll}");
                poller.wake(&mut send);
            } else {
                assert_eq!((ending, turn), (Some(Ending::GaveUp), Turn::Finished));
            }
        }
    }

    #[test]
    fn attempts_go_on_after_a_restart_and_the_rejected_poll_is_not_counted() {
        let pace = every_3_s(2);
        let (mut poller, mut send) = (LockStep::new(&pace), Vec::new());
        poller.add(0);
        poller.start(Micros::ZERO, &mut send);
        poller.reply(Micros::ZERO, send.pop().expect("first"), &PROCESSING);
        poller.wake(&mut send);
        poller.reply(Micros::ZERO, send.pop().expect("second"), &RESET);
        assert_eq!(poller.start(Micros::ZERO, &mut send), Turn::Wait);
        let (_, ending, _) = poller.reply(Micros::ZERO, send.pop().expect("after the restart"), &PROCESSING);
        assert_eq!(ending, Some(Ending::GaveUp));
    }

    /// Each loop goes through the schedule from its start: a first wait, then gap after gap, each from the slowest reply.
    #[test]
    fn every_loop_follows_the_whole_schedule() {
        let second = Micros::from_secs;
        let schedule = Schedule::exponential(second(5), second(2), 2.0, second(6)).expect("a schedule");
        let pace = Pace { schedule, limit: Limit::Attempts(99.try_into().expect("some attempts")) };
        let (mut poller, mut send) = (LockStep::new(&pace), Vec::new());
        assert_eq!(poller.start(second(1), &mut send), Turn::Finished, "there is no task");
        poller.add(0);
        for start in [10, 100] {
            let (mut now, mut turn) = (second(start), poller.start(second(start), &mut send));
            for wait in [5, 2, 4, 6, 6] {
                assert_eq!(turn, Turn::Sleep(now + second(wait)), "started at {start} s");
                poller.wake(&mut send);
                now += second(wait + 1);
                turn = poller.reply(now, send.pop().expect("one request a round"), &PROCESSING).2;
            }
            poller.wake(&mut send);
            assert_eq!(poller.reply(now, send.pop().expect("a last one"), &RESET).2, Turn::Rejected);
        }
    }
}

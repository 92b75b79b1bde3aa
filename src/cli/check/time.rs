//! The time that programs on trial live in: that of this machine, real or scaled, or one that is led.

use super::heartbeat::{Heartbeat, Watch};
use crate::check::{Case, History, Stage, StageError};
#[cfg(warp)]
use crate::net::clock::Clock;
#[cfg(warp)]
use crate::net::warp::Warp;
use crate::time::Micros;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::process::{Child, ChildStdout, Command};

/// What every trial shares of time.
#[derive(Debug, Clone)]
pub(super) enum Time {
    /// This machine's, at a scale, and how late the machine is.
    Wall {
        /// Scenario seconds per second.
        scale: f64,
        /// The machine's.
        beats: Arc<Heartbeat>,
    },
    /// Virtual.
    #[cfg(warp)]
    Led {
        /// Whoever leads it.
        warp: Warp,
        /// Its clock.
        clock: Clock,
    },
}

impl Time {
    /// The time of this machine.
    pub(super) fn wall(scale: f64) -> Self {
        Self::Wall { scale, beats: Heartbeat::start() }
    }

    /// Virtual time.
    #[cfg(warp)]
    pub(super) fn led(warp: &Warp) -> Self {
        Self::Led { warp: warp.clone(), clock: Clock::led(warp.agenda()) }
    }

    /// Scenario seconds per second of the program's.
    pub(super) fn scale(&self) -> f64 {
        match self {
            Self::Wall { scale, .. } => *scale,
            #[cfg(warp)]
            Self::Led { .. } => 1.0,
        }
    }

    /// The same at scale 1: for who does not say that it scales its own pauses.
    pub(super) fn unscaled(self) -> Self {
        match self {
            Self::Wall { beats, .. } => Self::Wall { scale: 1.0, beats },
            #[cfg(warp)]
            led @ Self::Led { .. } => led,
        }
    }

    /// The mock of a case.
    pub(super) async fn stage(&self, case: &Case, submits: bool, number: u64) -> Result<Stage, StageError> {
        match self {
            Self::Wall { scale, .. } => Stage::numbered(case, *scale, submits, number).await,
            #[cfg(warp)]
            Self::Led { clock, .. } => Stage::on(case, clock.restarted(), submits, number).await,
        }
    }

    /// Starts a program that lives in it.
    pub(super) fn start(&self, command: &mut Command) -> std::io::Result<Child> {
        match self {
            Self::Wall { .. } => command.spawn(),
            #[cfg(warp)]
            Self::Led { warp, .. } => warp.start(command),
        }
    }

    /// Follows a program that has just been started; on this machine's clock, to know how long it is held up.
    pub(super) fn follow(&self, leader: Option<u32>, output: &ChildStdout) -> Option<Watch> {
        match self {
            Self::Wall { beats, .. } => {
                let _ = output;
                Some(beats.watch(leader))
            }
            #[cfg(warp)]
            Self::Led { warp, .. } => {
                warp.lead(leader);
                warp.watch(output);
                None
            }
        }
    }

    /// What `future` gives within `limit` of the program's time.
    pub(super) async fn within<T>(&self, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::Wall { .. } => tokio::time::timeout(limit, future).await.ok(),
            #[cfg(warp)]
            Self::Led { clock, .. } => {
                let end = clock.now() + Micros::from_f64(limit.as_secs_f64() * 1e6);
                tokio::select! {
                    biased;
                    value = future => Some(value),
                    () = clock.sleep_until(end) => None,
                }
            }
        }
    }

    /// Whether somebody leads it, and nothing is waited for in vain.
    pub(super) fn is_led(&self) -> bool {
        match self {
            Self::Wall { .. } => false,
            #[cfg(warp)]
            Self::Led { .. } => true,
        }
    }

    /// Waits for a while.
    pub(super) async fn pause(&self, span: Duration) {
        let _ = self.within(span, std::future::pending::<()>()).await;
    }

    /// How late this machine was since `from`, in scenario time; where time is led, nobody is ever late.
    pub(super) fn lateness(&self, from: Instant, leader: Option<u32>, window: Duration) -> Micros {
        match self {
            Self::Wall { scale, beats } => beats.since(from, leader, window, *scale),
            #[cfg(warp)]
            Self::Led { .. } => Micros::ZERO,
        }
    }

    /// Whether a machine that was so late took from the program all of the time that it had to `spare`: then nobody knows what
    /// the program would have done.
    pub(super) fn took(&self, spare: Duration, lateness: Micros) -> bool {
        lateness.as_secs() >= spare.as_secs_f64() * self.scale()
    }

    /// What was seen, in words that are the same every time: the port of the mock is not.
    pub(super) fn told(&self, stage: &Stage, history: History) -> History {
        match self {
            Self::Wall { .. } => {
                let _ = stage;
                history
            }
            #[cfg(warp)]
            Self::Led { .. } => without_port(stage, history),
        }
    }
}

#[cfg(warp)]
fn without_port(stage: &Stage, mut history: History) -> History {
    let origin = stage.base_url().trim_end_matches("/api/v1");
    let plain = |text: &mut String| *text = text.replace(origin, "http://mock");
    for task in &mut history.tasks {
        plain(&mut task.result);
        task.answers.iter_mut().filter_map(|answer| answer.urls.as_mut()).flatten().for_each(plain);
    }
    plain(&mut history.log);
    history
}

//! A step: time moves to the next thing that is due, and that one alone happens.

use super::page::{Due, Slot};
use super::tree::{Awake, Sleeper, signal};
use super::{Driver, KICK, Stuck, calls};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Signal, pidfd_getfd, pidfd_open};
use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
use std::io;

impl Driver<'_> {
    /// Moves time to the next thing that is due, and lets that happen.
    pub(super) fn step(&mut self, sleepers: &[Sleeper]) -> Result<(), Stuck> {
        self.leak = None;
        self.effort.steps += 1;
        let rank = |slot: &Slot| {
            sleepers.iter().position(|sleeper| match slot.due {
                Due::Wait => sleeper.tid == slot.tid,
                Due::Alarm | Due::Timer | Due::Descriptor(_) => sleeper.pid == slot.pid,
            })
        };
        let mut first: Option<((u64, usize, u64), Slot)> = None;
        let armed = self.shared.page.armed()?;
        for slot in &armed {
            let Some(place) = rank(slot) else {
                self.shared.page.free(slot)?;
                continue;
            };
            let is_outer = slot.due == Due::Wait
                && armed
                    .iter()
                    .any(|other| other.due == Due::Wait && other.tid == slot.tid && other.order > slot.order);
            // The signal that ended it is lost: it came before its thread slept, or beside another. It is sent once more, at
            // the same instant. Who does not heed that has left this wait by a jump.
            if slot.is_fired && slot.due == Due::Wait && !is_outer && self.again.insert(slot.order) {
                signal(slot.tid, Signal::SYS);
                self.recent = Some(Awake { pid: slot.pid, tid: slot.tid });
                return Ok(());
            }
            let key = (slot.at, place, slot.order);
            if !slot.is_fired
                && !is_outer
                && slot.at < u64::MAX / 2
                && first.as_ref().is_none_or(|(least, _)| key < *least)
            {
                first = Some((key, *slot));
            }
        }
        let served = self.shared.agenda.next();
        match (served, first) {
            (None, None) => Err(Stuck::Still),
            (Some(at), other) if other.as_ref().is_none_or(|((due, ..), _)| at <= *due) => {
                self.shared.page.set_now(at.max(self.shared.agenda.now()))?;
                self.shared.agenda.release();
                self.recent = None;
                Ok(())
            }
            (_, Some((_, slot))) => {
                self.shared.agenda.advance(slot.at);
                self.shared.page.set_now(self.shared.agenda.now())?;
                self.wake(&slot)
            }
            (Some(_), None) => Ok(()),
        }
    }

    fn wake(&mut self, slot: &Slot) -> Result<(), Stuck> {
        let page = &self.shared.page;
        self.recent = None;
        match slot.due {
            Due::Wait => {
                page.fire(slot)?;
                signal(slot.tid, Signal::SYS);
                self.recent = Some(Awake { pid: slot.pid, tid: slot.tid });
            }
            Due::Alarm => {
                page.rearm(slot)?;
                signal(slot.pid, Signal::ALARM);
            }
            Due::Timer => {
                // The program itself sends the signal, with what it carries.
                if slot.interval > 0 {
                    page.rearm(slot)?;
                }
                page.fire(slot)?;
                signal(slot.tid, Signal::SYS);
            }
            Due::Descriptor(descriptor) => {
                page.rearm(slot)?;
                ring(slot.pid, descriptor)?;
            }
        }
        Ok(())
    }

    /// Ends short waits for locks although time stands still: somebody computes and is to be asked to let go.
    ///
    /// Others run meanwhile. So only a thread that is seen in that wait is woken, and what it is told ends that wait and no
    /// other (see [`super::page::Page::fire`]); longer ones end when they are due, though that be soon.
    pub(super) fn kick(&self) -> Result<(), Stuck> {
        for slot in self.shared.page.armed()? {
            if slot.due == Due::Wait
                && calls::is_futex(slot.call)
                && slot.interval <= KICK.as_nanos() as u64
                && self.tree.waits_for_a_lock(slot.pid, slot.tid, slot.depth)
            {
                self.shared.page.fire(&slot)?;
                signal(slot.tid, Signal::SYS);
            }
        }
        Ok(())
    }
}

/// Makes a timer of another process go off: at once, and once.
fn ring(pid: u32, descriptor: i32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let timer = pidfd_getfd(&process, descriptor, PidfdGetfdFlags::empty())?;
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    let soon = Timespec { tv_sec: 0, tv_nsec: 1 };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: none, it_value: soon })?;
    let mut watched = [rustix::event::PollFd::new(&timer, rustix::event::PollFlags::IN)];
    rustix::event::poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 }))?;
    Ok(())
}

//! Timers: alarms, POSIX timers, timerfds. The coordinator makes them go off.

use crate::arch::{nr, syscall};
use crate::page::{ARMED, CLAIMED, FREE, IDLE, ITIMER, Page, Slot, TIMER, TIMERFD};
use crate::sys::{Span, pid};
use crate::waits::instant;
use core::ptr;
use core::sync::atomic::Ordering::SeqCst;

const SIGALRM: i32 = 14;
const ITIMER_REAL: usize = 0;
const ABSTIME: usize = 1;
const SIGEV_THREAD_ID: i32 = 4;
const SIGEV_NONE: i32 = 1;
/// Ids of our timers, above those of the kernel.
const FIRST_ID: usize = 100_000;
/// Absolute times that are later than this are told by the time of day, others by the time since boot.
const UNIX_SECONDS: i64 = 1_500_000_000;

/// An interval and what is left, as timers are set and told.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Setting {
    interval: Span,
    value: Span,
}

fn current(page: &Page, slot: Option<&Slot>) -> (u64, u64) {
    slot.filter(|slot| slot.state.load(SeqCst) == ARMED)
        .map_or((0, 0), |slot| (slot.at.load(SeqCst).saturating_sub(page.now()).max(1), slot.interval.load(SeqCst)))
}

fn told(page: &Page, slot: Option<&Slot>, unit: u64) -> Setting {
    let (value, interval) = current(page, slot);
    let span = |nanos| {
        let span = Span::of(nanos);
        Span { part: span.part / unit as i64, ..span }
    };
    Setting { interval: span(interval), value: span(value) }
}

fn set(page: &Page, slot: &Slot, at: u64, interval: u64) {
    slot.state.store(CLAIMED, SeqCst);
    slot.interval.store(interval, SeqCst);
    slot.fired.store(0, SeqCst);
    page.arm(slot, at);
}

/// Sets the alarm of this process: what was left of the one before, in nanoseconds.
fn alarm_in(page: &Page, value: u64, interval: u64) {
    let slot = page.own(ITIMER).next().map(|(_, slot)| slot);
    if value == 0 {
        if let Some(slot) = slot {
            slot.state.store(FREE, SeqCst);
        }
        return;
    }
    let slot = slot.unwrap_or_else(|| page.claim(ITIMER));
    slot.tid.store(pid(), SeqCst);
    slot.signal.store(SIGALRM, SeqCst);
    set(page, slot, page.now().saturating_add(value), interval);
}

/// `alarm`, `setitimer`, `getitimer`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn alarm(page: &Page, number: usize, a: [usize; 6]) -> isize {
    let before = told(page, page.own(ITIMER).next().map(|(_, slot)| slot), 1_000);
    if number == nr::ALARM {
        alarm_in(page, (a[0] as u64).saturating_mul(1_000_000_000), 0);
        return (before.value.seconds + i64::from(before.value.part > 0)) as isize;
    }
    if a[0] != ITIMER_REAL {
        // SAFETY: the program's own call.
        return unsafe { syscall(number, a) };
    }
    // SAFETY: the program's own pointers.
    unsafe {
        let (new, old) = if number == nr::SETITIMER { (a[1], a[2]) } else { (0, a[1]) };
        if let Some(new) = (new as *const Setting).as_ref() {
            alarm_in(page, new.value.nanos(1_000), new.interval.nanos(1_000));
        }
        if let Some(old) = (old as *mut Setting).as_mut() {
            *old = before;
        }
    }
    0
}

/// `struct sigevent`, as far as it matters.
#[repr(C)]
struct Event {
    value: u64,
    signal: i32,
    notify: i32,
    thread: i32,
}

/// `timer_create`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn create(page: &Page, a: [usize; 6]) -> isize {
    if !crate::clocks::is_virtual(a[0]) {
        // SAFETY: the program's own call.
        return unsafe { syscall(nr::TIMER_CREATE, a) };
    }
    let slot = page.claim(TIMER);
    let number = page.slots.iter().position(|other| ptr::eq(other, slot)).unwrap_or_default();
    // SAFETY: the program's own pointers.
    unsafe {
        let event = (a[1] as *const Event).as_ref();
        let notify = event.map_or(0, |event| event.notify);
        let thread = event.filter(|_| notify == SIGEV_THREAD_ID).map(|event| event.thread as u32);
        slot.tid.store(thread.unwrap_or_else(pid), SeqCst);
        slot.signal.store(event.map_or(SIGALRM, |event| event.signal), SeqCst);
        slot.detail.store(notify, SeqCst);
        slot.value.store(event.map_or(number as u64, |event| event.value), SeqCst);
        slot.clock.store(a[0] as u64, SeqCst);
        slot.state.store(IDLE, SeqCst);
        (a[2] as *mut i32).write((FIRST_ID + number) as i32);
    }
    0
}

/// `timer_settime`, `timer_gettime`, `timer_getoverrun`, `timer_delete`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn timer(page: &Page, number: usize, a: [usize; 6]) -> isize {
    let found = (a[0] & 0xFFFF_FFFF).checked_sub(FIRST_ID).and_then(|at| page.slots.get(at));
    let Some(slot) = found.filter(|slot| slot.kind.load(SeqCst) == TIMER && slot.pid.load(SeqCst) == pid()) else {
        // SAFETY: the program's own call.
        return unsafe { syscall(number, a) };
    };
    if number == nr::TIMER_DELETE {
        slot.state.store(FREE, SeqCst);
        return 0;
    }
    if number == nr::TIMER_GETOVERRUN {
        return 0;
    }
    let before = told(page, Some(slot), 1);
    let (new, old) = if number == nr::TIMER_SETTIME { (a[2], a[3]) } else { (0, a[1]) };
    // SAFETY: the program's own pointers.
    unsafe {
        if let Some(new) = (new as *const Setting).as_ref() {
            let value = new.value.nanos(1);
            slot.state.store(IDLE, SeqCst);
            if value > 0 && slot.detail.load(SeqCst) != SIGEV_NONE {
                let is_absolute = a[1] & ABSTIME != 0;
                let at = if is_absolute {
                    instant(new.value, slot.clock.load(SeqCst) as usize)
                } else {
                    page.now().saturating_add(value)
                };
                set(page, slot, at, new.interval.nanos(1));
            }
        }
        if let Some(old) = (old as *mut Setting).as_mut() {
            *old = before;
        }
    }
    0
}

/// `timerfd_settime`, `timerfd_gettime`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn descriptor(page: &Page, number: usize, a: [usize; 6]) -> isize {
    let of_it = |slot: &&Slot| slot.detail.load(SeqCst) == a[0] as i32;
    let slot = page.own(TIMERFD).map(|(_, slot)| slot).find(of_it);
    let before = told(page, slot, 1);
    let (new, old) = if number == nr::TIMERFD_SETTIME { (a[2], a[3]) } else { (0, a[1]) };
    // SAFETY: the program's own pointers, and one of ours that lives.
    unsafe {
        if let Some(new) = (new as *const Setting).as_ref() {
            // The kernel's own timer stays off, and what it has counted is forgotten.
            let off = Setting::default();
            let result = syscall(nr::TIMERFD_SETTIME, [a[0], 0, ptr::from_ref(&off) as usize, 0, 0, 0]);
            if result < 0 {
                return result;
            }
            let value = new.value.nanos(1);
            if value == 0 {
                if let Some(slot) = slot {
                    slot.state.store(FREE, SeqCst);
                }
            } else {
                let slot = slot.unwrap_or_else(|| page.claim(TIMERFD));
                slot.tid.store(pid(), SeqCst);
                slot.detail.store(a[0] as i32, SeqCst);
                let at = match a[1] & ABSTIME {
                    0 => page.now().saturating_add(value),
                    _ => instant(new.value, usize::from(new.value.seconds < UNIX_SECONDS)),
                };
                set(page, slot, at, new.interval.nanos(1));
            }
        }
        if let Some(old) = (old as *mut Setting).as_mut() {
            *old = before;
        }
    }
    0
}

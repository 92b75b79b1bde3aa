//! The clocks. Reading one makes no system call, so that these functions stand before those of libc.

use crate::arch::{nr, syscall};
use crate::page::{BOOT, Page, UNIX, page};
use crate::sys::Span;
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use core::sync::atomic::{AtomicU32, AtomicU64};

const REALTIME: usize = 0;
const REALTIME_COARSE: usize = 5;
const REALTIME_ALARM: usize = 8;
const TAI: usize = 11;

/// Reads at one instant after which a program is taken to wait for the clock to move.
const PATIENCE: u32 = 50_000;
/// The same for a program that did so just before.
const IMPATIENCE: u32 = 200;
/// How often everybody else comes to rest at one instant before the clock moves for such a program.
const RESTS: u32 = 8;
/// A step of a clock that is waited for, in nanoseconds.
const STEP: u64 = 1_000_000;

/// Whether a clock is one of those that tell the time; the others count what a thread computes.
pub fn is_virtual(clock: usize) -> bool {
    matches!(clock as i32, 0 | 1 | 4..=9 | 11)
}

/// What a clock says at instant zero.
pub fn base(clock: usize) -> u64 {
    match clock {
        REALTIME | REALTIME_COARSE | REALTIME_ALARM | TAI => UNIX,
        _ => BOOT,
    }
}

static SEEN_AT: AtomicU64 = AtomicU64::new(0);
static SEEN: AtomicU32 = AtomicU32::new(0);
static IS_SPINNING: AtomicU32 = AtomicU32::new(0);
static RESTED: AtomicU32 = AtomicU32::new(0);

/// Counts a read. Whoever reads again and again at one instant waits for the next one: that is let come.
fn count(page: &Page) -> u64 {
    let now = page.now();
    if now != SEEN_AT.load(Relaxed) {
        if now != SEEN_AT.load(Relaxed).wrapping_add(STEP) {
            IS_SPINNING.store(0, Relaxed);
        }
        SEEN_AT.store(now, Relaxed);
        SEEN.store(0, Relaxed);
        RESTED.store(0, Relaxed);
        return now;
    }
    let patience = if IS_SPINNING.load(Relaxed) == 0 { PATIENCE } else { IMPATIENCE };
    if SEEN.fetch_add(1, Relaxed) < patience {
        return now;
    }
    SEEN.store(0, Relaxed);
    // What it waits for may be a thread that a busy machine has not let run yet (Java): that one comes first.
    if IS_SPINNING.load(Relaxed) == 0 && RESTED.fetch_add(1, Relaxed) < RESTS {
        crate::waits::rest(page, nr::CLOCK_GETTIME);
        return page.now();
    }
    IS_SPINNING.store(1, Relaxed);
    page.spins.fetch_add(1, Relaxed);
    crate::waits::sleep(page, now + STEP, nr::CLOCK_GETTIME);
    page.now()
}

/// `clock_gettime` as a system call.
///
/// # Safety
///
/// `into` is the program's own pointer.
pub unsafe fn get(clock: usize, into: *mut Span) -> isize {
    match page() {
        Some(page) if is_virtual(clock) && !into.is_null() => {
            let time = Span::of(count(page) + base(clock));
            // SAFETY: as the caller warrants.
            unsafe { into.write(time) };
            0
        }
        // SAFETY: the program's own call.
        Some(_) | None => unsafe { syscall(nr::CLOCK_GETTIME, [clock, into as usize, 0, 0, 0, 0]) },
    }
}

/// Unix time.
fn unix() -> Span {
    let mut time = Span::default();
    // SAFETY: a pointer of ours that lives.
    unsafe { get(REALTIME, &mut time) };
    time
}

/// `gettimeofday` as a system call.
///
/// # Safety
///
/// `into` is the program's own pointer.
pub unsafe fn time_of_day(into: *mut Span) -> isize {
    let time = unix();
    if !into.is_null() {
        // SAFETY: as the caller warrants.
        unsafe { into.write(Span { seconds: time.seconds, part: time.part / 1_000 }) };
    }
    0
}

/// `time` as a system call.
///
/// # Safety
///
/// `into` is the program's own pointer.
pub unsafe fn seconds(into: *mut i64) -> isize {
    let time = unix();
    if !into.is_null() {
        // SAFETY: as the caller warrants.
        unsafe { into.write(time.seconds) };
    }
    time.seconds as isize
}

unsafe extern "C" {
    fn __errno_location() -> *mut i32;
}

/// A result as functions of libc give it.
pub fn told(result: isize) -> isize {
    if result < 0 {
        // SAFETY: libc gives the address of this thread's own variable.
        unsafe { __errno_location().write(-result as i32) };
        return -1;
    }
    result
}

#[unsafe(no_mangle)]
extern "C" fn clock_gettime(clock: i32, into: *mut Span) -> i32 {
    // SAFETY: the program's own pointer.
    told(unsafe { get(clock as isize as usize, into) }) as i32
}

#[unsafe(no_mangle)]
extern "C" fn gettimeofday(into: *mut Span, zone: *mut u64) -> i32 {
    if !zone.is_null() {
        // SAFETY: the program's own pointer to two numbers of 32 bits.
        unsafe { zone.write_unaligned(0) };
    }
    // SAFETY: the program's own pointer.
    unsafe { time_of_day(into) as i32 }
}

#[unsafe(no_mangle)]
extern "C" fn time(into: *mut i64) -> i64 {
    // SAFETY: the program's own pointer.
    unsafe { seconds(into) as i64 }
}

#[unsafe(no_mangle)]
extern "C" fn timespec_get(into: *mut Span, base: i32) -> i32 {
    const UTC: i32 = 1;
    if base != UTC || into.is_null() {
        return 0;
    }
    // SAFETY: the program's own pointer.
    unsafe { ptr::write(into, unix()) };
    base
}

//! Waits with a time limit: announced, and then made without one.

use crate::arch::{nr, stack, syscall};
use crate::page::{FREE, Page, WAIT};
use crate::signals::unmasked;
use crate::sys::{EAGAIN, EINTR, EINVAL, ETIMEDOUT, Span};
use core::ptr;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::sync::atomic::{AtomicU32, AtomicU64};

const TIMER_ABSTIME: usize = 1;
pub const FUTEX_WAIT: usize = 0;
pub const FUTEX_LOCK_PI: usize = 6;
pub const FUTEX_WAIT_BITSET: usize = 9;
pub const FUTEX_LOCK_PI2: usize = 13;
const FUTEX_REALTIME: usize = 256;
const REALTIME: usize = 0;
const MONOTONIC: usize = 1;

/// Makes `call`, which blocks without a limit, until `at`: what it returned, and whether the time was up.
pub fn until(page: &Page, at: u64, number: usize, call: impl FnOnce() -> isize) -> (isize, bool) {
    page.forget_left();
    let slot = page.claim(WAIT);
    slot.call.store(number as u32, SeqCst);
    slot.value.store(stack() as u64, SeqCst);
    slot.interval.store(at.saturating_sub(page.now()), SeqCst);
    let order = page.arm(slot, at);
    let result = call();
    let is_up = slot.fired.load(SeqCst) == order && result == EINTR;
    slot.state.store(FREE, SeqCst);
    (result, is_up)
}

/// Sleeps until `at`; whether nothing interrupted it.
pub fn sleep(page: &Page, at: u64, number: usize) -> bool {
    at <= page.now() || pause(page, at, number)
}

/// Sleeps until everybody else rests, at this instant.
pub fn rest(page: &Page, number: usize) {
    pause(page, page.now(), number);
}

fn pause(page: &Page, at: u64, number: usize) -> bool {
    let call = || {
        // SAFETY: waits for nothing but a signal.
        unsafe { syscall(nr::PPOLL, [0, 0, 0, 0, 8, 0]) }
    };
    until(page, at, number, call).1
}

/// The instant of an absolute time on a clock.
pub fn instant(time: Span, clock: usize) -> u64 {
    time.nanos(1).saturating_sub(crate::clocks::base(clock))
}

/// What is left until `at`.
fn left(page: &Page, at: u64) -> Span {
    Span::of(at.saturating_sub(page.now()))
}

/// `nanosleep`, `clock_nanosleep`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn nanosleep(page: &Page, number: usize, a: [usize; 6]) -> isize {
    let (clock, flags, request, rest) =
        if number == nr::NANOSLEEP { (MONOTONIC, 0, a[0], a[1]) } else { (a[0], a[1], a[2], a[3]) };
    if !crate::clocks::is_virtual(clock) {
        // SAFETY: the program's own call.
        return unsafe { syscall(number, a) };
    }
    // SAFETY: the program's own pointer.
    let request = unsafe { (request as *const Span).read() };
    if !request.is_valid() {
        return EINVAL;
    }
    let is_absolute = flags & TIMER_ABSTIME != 0;
    let at = if is_absolute { instant(request, clock) } else { page.now().saturating_add(request.nanos(1)) };
    if sleep(page, at, number) {
        return 0;
    }
    if rest != 0 && !is_absolute {
        // SAFETY: the program's own pointer.
        unsafe { (rest as *mut Span).write(left(page, at)) };
    }
    EINTR
}

/// Calls that wait for descriptors: `limit` in nanoseconds, and the same call with a limit of none or of zero.
fn descriptors(page: &Page, number: usize, limit: Option<u64>, call: impl Fn(bool) -> isize) -> isize {
    let Some(limit) = limit else { return call(false) };
    if limit == 0 {
        let result = call(true);
        if result == 0 {
            looked_in_vain(page, number);
        }
        return result;
    }
    let (result, is_up) = until(page, page.now().saturating_add(limit), number, || call(false));
    if is_up { call(true) } else { result }
}

/// Looks in vain at one instant after which a nanosecond passes.
const LOOKS: u32 = 64;
static LOOKED_AT: AtomicU64 = AtomicU64::new(0);
static LOOKED: AtomicU32 = AtomicU32::new(0);

/// Counts a wait of no time that found nothing. Whoever does so again and again waits for the clock to be past the very
/// instant at which a wait has ended (Ruby): the kernel is always a little late.
fn looked_in_vain(page: &Page, number: usize) {
    let now = page.now();
    if LOOKED_AT.swap(now, Relaxed) != now {
        LOOKED.store(0, Relaxed);
    }
    if LOOKED.fetch_add(1, Relaxed) >= LOOKS {
        sleep(page, now + 1, number);
    }
}

fn of_ms(ms: usize) -> Option<u64> {
    let ms = ms as i32;
    (ms >= 0).then_some(ms as u64 * 1_000_000)
}

static NONE: Span = Span { seconds: 0, part: 0 };

fn zero() -> usize {
    ptr::from_ref(&NONE) as usize
}

/// `poll`, `ppoll`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn poll(page: &Page, number: usize, a: [usize; 6]) -> isize {
    let (limit, mask) = if number == nr::POLL {
        (of_ms(a[2]), None)
    } else {
        // SAFETY: the program's own pointers.
        unsafe { (read(a[2]).map(|span| span.nanos(1)), unmasked(a[3])) }
    };
    let began = page.now();
    let mask = mask.as_ref().map_or(0, |mask| ptr::from_ref(mask) as usize);
    let result = descriptors(page, number, limit, |is_zero| {
        // A limit of zero is copied, since the kernel writes what is left into it.
        let zero = Span::default();
        let limit = if is_zero { ptr::from_ref(&zero) as usize } else { 0 };
        // SAFETY: the program's own pointers, and two of ours that live.
        unsafe { syscall(nr::PPOLL, [a[0], a[1], limit, mask, 8, 0]) }
    });
    if let (true, Some(limit)) = (number == nr::PPOLL, limit) {
        // SAFETY: the program's own pointer, which the kernel would write too.
        unsafe { (a[2] as *mut Span).write(left(page, began.saturating_add(limit))) };
    }
    result
}

/// `epoll_wait`, `epoll_pwait`, `epoll_pwait2`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn epoll(page: &Page, number: usize, a: [usize; 6]) -> isize {
    // SAFETY: the program's own pointers.
    let (limit, mask) = unsafe {
        match number {
            nr::EPOLL_PWAIT2 => (read(a[3]).map(|span| span.nanos(1)), unmasked(a[4])),
            nr::EPOLL_PWAIT => (of_ms(a[3]), unmasked(a[4])),
            _ => (of_ms(a[3]), None),
        }
    };
    let mask = mask.as_ref().map_or(0, |mask| ptr::from_ref(mask) as usize);
    descriptors(page, number, limit, |is_zero| {
        let limit = if is_zero { 0 } else { usize::MAX };
        // SAFETY: the program's own pointers, and one of ours that lives.
        unsafe { syscall(nr::EPOLL_PWAIT, [a[0], a[1], a[2], limit, mask, 8]) }
    })
}

/// `select`, `pselect6`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn select(page: &Page, number: usize, a: [usize; 6]) -> isize {
    let unit = if number == nr::SELECT { 1_000 } else { 1 };
    // SAFETY: the program's own pointers.
    let limit = unsafe { read(a[4]).map(|span| span.nanos(unit)) };
    let mask = match (number == nr::PSELECT6, a[5] as *const usize) {
        // SAFETY: `pselect6` takes a pointer to a pointer to a mask.
        (true, pair) if !pair.is_null() => unsafe { unmasked(pair.read()) },
        _ => None,
    };
    let began = page.now();
    let pair = [mask.as_ref().map_or(0, |mask| ptr::from_ref(mask) as usize), 8];
    let result = descriptors(page, number, limit, |is_zero| {
        let none = Span::default();
        let limit = if is_zero { ptr::from_ref(&none) as usize } else { 0 };
        // SAFETY: the program's own pointers, and two of ours that live.
        unsafe { syscall(nr::PSELECT6, [a[0], a[1], a[2], a[3], limit, pair.as_ptr() as usize]) }
    });
    if let Some(limit) = limit {
        let rest = left(page, began.saturating_add(limit));
        // SAFETY: the program's own pointer, which the kernel would write too.
        unsafe { (a[4] as *mut Span).write(Span { seconds: rest.seconds, part: rest.part / unit as i64 }) };
    }
    result
}

/// `futex`, where it has a time limit.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn futex(page: &Page, a: [usize; 6]) -> isize {
    let operation = a[1] & 127;
    // SAFETY: the filter stops calls whose fourth argument is a time.
    let Some(time) = (unsafe { read(a[3]) }) else { return EINVAL };
    let clock = if a[1] & FUTEX_REALTIME != 0 || operation == FUTEX_LOCK_PI { REALTIME } else { MONOTONIC };
    let at = if operation == FUTEX_WAIT { page.now().saturating_add(time.nanos(1)) } else { instant(time, clock) };
    if at <= page.now() {
        // No time at all, or an instant that has passed for the kernel too.
        // SAFETY: the program's own pointers, and one of ours that lives.
        return unsafe { syscall(nr::FUTEX, [a[0], a[1], a[2], zero(), a[4], a[5]]) };
    }
    // Without a limit there is no clock to choose.
    let plain = if operation == FUTEX_LOCK_PI { a[1] } else { a[1] & !FUTEX_REALTIME };
    let (result, is_up) = until(page, at, nr::FUTEX, || {
        // SAFETY: the program's own pointers.
        unsafe { syscall(nr::FUTEX, [a[0], plain, a[2], 0, a[4], a[5]]) }
    });
    if is_up { ETIMEDOUT } else { result }
}

/// `rt_sigtimedwait`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn signal(page: &Page, a: [usize; 6]) -> isize {
    // SAFETY: the program's own pointers.
    let (time, set) = unsafe { (read(a[2]), unmasked(a[0])) };
    let set = set.as_ref().map_or(0, |set| ptr::from_ref(set) as usize);
    let call = |limit| {
        // SAFETY: the program's own pointers, and two of ours that live.
        unsafe { syscall(nr::RT_SIGTIMEDWAIT, [set, a[1], limit, a[3], 0, 0]) }
    };
    match time.map(|time| time.nanos(1)) {
        None => call(0),
        Some(0) => call(zero()),
        Some(limit) => {
            let at = page.now().saturating_add(limit);
            let (result, is_up) = until(page, at, nr::RT_SIGTIMEDWAIT, || call(0));
            if is_up { EAGAIN } else { result }
        }
    }
}

/// The time at an address, if there is one.
///
/// # Safety
///
/// The address is null or that of a time.
unsafe fn read(address: usize) -> Option<Span> {
    // SAFETY: as the caller warrants.
    unsafe { (address as *const Span).as_ref().copied() }
}

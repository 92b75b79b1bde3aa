//! The filter: which system calls of libc are stopped. All others pass, and so do all that are made elsewhere.
//!
//! A filter outlives `exec`, its handler does not: what the next program maps where this libc was, would be stopped before
//! that program can handle it, which ends it. The range of libc's code alone meets the loader of one program in a million;
//! so a call passes unless it comes from the very instructions that make calls in libc, whose places within a page are
//! others than those of the loader.

use crate::arch::{AUDIT_ARCH, nr, syscall};
use crate::sites::Sites;
use crate::waits::{FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_WAIT, FUTEX_WAIT_BITSET};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// An instruction of classic BPF as it lies in memory: what to do, how far to jump where that holds and where not, a value.
type Op = u64;

const fn op(code: u16, yes: u8, no: u8, value: u32) -> Op {
    code as u64 | (yes as u64) << 16 | (no as u64) << 24 | (value as u64) << 32
}

#[repr(C)]
struct Program {
    length: u16,
    code: *const AtomicU64,
}

/// Where `struct seccomp_data` has what is asked for.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FROM: u32 = 8;
const ARGUMENTS: u32 = 16;

const ALLOW: u32 = 0x7FFF_0000;
const TRAP: u32 = 0x0003_0000;
const SET_MODE_FILTER: usize = 1;
/// All threads at once.
const TSYNC: usize = 1;
const PR_SET_NO_NEW_PRIVS: usize = 38;

/// Places that are looked through one by one.
const BLOCK: usize = 24;
/// E2BIG.
const TOO_LONG: u32 = 7;
const EACCES: isize = -13;

/// The longest filter that the kernel takes.
const MOST: usize = 4096;

/// The filter that is written, or else the one for sockets: no room for it on the stack of a signal handler.
static CODE: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];
/// The length of the filter for sockets.
static FOR_SOCKETS: AtomicUsize = AtomicUsize::new(0);

/// Writes [`CODE`].
struct Filter {
    length: usize,
}

const fn load(at: u32) -> Op {
    op(0x20, 0, 0, at)
}

const fn and(value: u32) -> Op {
    op(0x54, 0, 0, value)
}

const fn equal(value: u32, yes: u8, no: u8) -> Op {
    op(0x15, yes, no, value)
}

const fn minus(value: u32) -> Op {
    op(0x14, 0, 0, value)
}

const fn at_least(value: u32, yes: u8, no: u8) -> Op {
    op(0x35, yes, no, value)
}

const fn skip(count: u32) -> Op {
    op(0x05, 0, 0, count)
}

const fn end(value: u32) -> Op {
    op(0x06, 0, 0, value)
}

const fn low(argument: u32) -> u32 {
    ARGUMENTS + 8 * argument
}

const fn high(argument: u32) -> u32 {
    low(argument) + 4
}

impl Filter {
    /// Lets pass what was not called from one of these places in the code of libc.
    fn of_calls_from(libc: &Sites<'_>) -> Self {
        let mut filter = Self { length: 0 };
        let stop = libc.start + libc.length as usize;
        let (low, high) = (libc.start as u32, [libc.start, stop].map(|at| (at >> 32) as u32));
        filter.add(&[load(ARCH), equal(AUDIT_ARCH, 1, 0), end(ALLOW)]);
        // The text may cross a line of 4 GiB; within it, the lower half tells where.
        filter.add(&[load(FROM + 4), equal(high[0], 2, 0), equal(high[1], 1, 0), end(ALLOW)]);
        filter.add(&[load(FROM), minus(low), at_least(libc.length, 0, 1), end(ALLOW)]);
        let blocks = || libc.places.chunks(BLOCK);
        for (number, block) in blocks().enumerate() {
            let count = block.len() as u8;
            let after = blocks().nth(number + 1).map_or(u32::MAX, |next| next[0]);
            filter.add(&[at_least(after, count + 2, 0)]);
            for (place, site) in block.iter().enumerate() {
                filter.add(&[equal(*site, count - place as u8, 0)]);
            }
            let rest = blocks().skip(number + 1).map(|block| block.len() as u32 + 3).sum();
            filter.add(&[end(ALLOW), skip(rest)]);
        }
        filter
    }

    fn add(&mut self, code: &[Op]) {
        for op in code {
            if let Some(place) = CODE.get(self.length) {
                place.store(*op, SeqCst);
            }
            self.length += 1;
        }
    }

    /// For this call only: `code`, which ends.
    fn on(&mut self, number: usize, code: &[Op]) {
        self.add(&[load(NUMBER), equal(number as u32, 0, code.len() as u8)]);
        self.add(code);
    }

    fn always(&mut self, number: usize) {
        self.on(number, &[end(TRAP)]);
    }

    /// Where a pointer is not null.
    fn with_pointer(&mut self, number: usize, argument: u32) {
        let code = [load(low(argument)), equal(0, 0, 2), load(high(argument)), equal(0, 1, 0), end(TRAP), end(ALLOW)];
        self.on(number, &code);
    }

    /// Where one of two pointers is not null.
    fn with_pointers(&mut self, number: usize, one: u32, other: u32) {
        let code = [
            load(low(one)),
            equal(0, 0, 6),
            load(high(one)),
            equal(0, 0, 4),
            load(low(other)),
            equal(0, 0, 2),
            load(high(other)),
            equal(0, 1, 0),
            end(TRAP),
            end(ALLOW),
        ];
        self.on(number, &code);
    }

    /// Where a number of 32 bits is positive.
    fn with_time(&mut self, number: usize, argument: u32) {
        let code = [load(low(argument)), equal(0, 2, 0), at_least(0x8000_0000, 1, 0), end(TRAP), end(ALLOW)];
        self.on(number, &code);
    }

    /// Where a pointer is not null, or a number of 32 bits is positive.
    fn with_pointer_or_time(&mut self, number: usize, pointer: u32, time: u32) {
        let code = [
            load(low(pointer)),
            equal(0, 0, 5),
            load(high(pointer)),
            equal(0, 0, 3),
            load(low(time)),
            equal(0, 2, 0),
            at_least(0x8000_0000, 1, 0),
            end(TRAP),
            end(ALLOW),
        ];
        self.on(number, &code);
    }

    /// Puts it into force; the number of the error where that cannot be.
    fn install(&self) -> Result<(), u32> {
        if self.length > MOST {
            return Err(TOO_LONG);
        }
        let program = Program { length: self.length as u16, code: CODE.as_ptr() };
        let install = || {
            let at = core::ptr::from_ref(&program) as usize;
            // SAFETY: the program and its code live for the call, which copies them.
            unsafe { syscall(nr::SECCOMP, [SET_MODE_FILTER, TSYNC, at, 0, 0, 0]) }
        };
        let mut result = install();
        if result == EACCES {
            // Without privileges a filter is allowed to those who give up gaining any.
            // SAFETY: takes no pointer.
            unsafe { syscall(nr::PRCTL, [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0]) };
            result = install();
        }
        if result == 0 { Ok(()) } else { Err(result.unsigned_abs() as u32) }
    }
}

/// Stops what waits and what tells the time, and gets ready to stop more.
pub fn install(libc: &Sites<'_>) -> Result<(), u32> {
    of_waits(libc).install()?;
    let mut filter = Filter::of_calls_from(libc);
    for number in
        [nr::READ, nr::WRITE, nr::RECVFROM, nr::RECVMSG, nr::SENDTO, nr::SENDMSG, nr::ACCEPT, nr::ACCEPT4, nr::CLOSE]
    {
        filter.always(number);
    }
    filter.add(&[end(ALLOW)]);
    FOR_SOCKETS.store(filter.length, SeqCst);
    Ok(())
}

/// Stops what limits of sockets bind.
pub fn install_for_sockets() {
    let filter = Filter { length: FOR_SOCKETS.load(SeqCst) };
    // What cannot be watched waits without a limit, which the coordinator tells as a hang.
    let _ = filter.install();
}

/// What stops what waits and what tells the time.
fn of_waits(libc: &Sites<'_>) -> Filter {
    let mut filter = Filter::of_calls_from(libc);
    let trap = {
        let [wait, lock, bits, lock2] =
            [FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI2].map(|operation| operation as u32);
        [
            load(low(1)),
            and(127),
            equal(wait, 4, 0),
            equal(bits, 3, 0),
            equal(lock, 2, 0),
            equal(lock2, 1, 0),
            end(ALLOW),
            load(low(3)),
            equal(0, 0, 2),
            load(high(3)),
            equal(0, 1, 0),
            end(TRAP),
            end(ALLOW),
        ]
    };
    filter.on(nr::FUTEX, &trap);
    for number in [
        nr::RT_SIGACTION,
        nr::RT_SIGSUSPEND,
        nr::NANOSLEEP,
        nr::CLOCK_NANOSLEEP,
        nr::CLOCK_GETTIME,
        nr::OPENAT,
        nr::GETTIMEOFDAY,
        nr::TIME,
        nr::GETRANDOM,
        nr::ALARM,
        nr::SETITIMER,
        nr::GETITIMER,
        nr::TIMER_CREATE,
        nr::TIMER_SETTIME,
        nr::TIMER_GETTIME,
        nr::TIMER_GETOVERRUN,
        nr::TIMER_DELETE,
        nr::TIMERFD_SETTIME,
        nr::TIMERFD_GETTIME,
    ] {
        filter.always(number);
    }
    filter.with_pointer(nr::RT_SIGPROCMASK, 1);
    filter.with_time(nr::POLL, 2);
    filter.with_pointers(nr::PPOLL, 2, 3);
    filter.with_time(nr::EPOLL_WAIT, 3);
    filter.with_pointer_or_time(nr::EPOLL_PWAIT, 4, 3);
    filter.with_pointers(nr::EPOLL_PWAIT2, 3, 4);
    filter.with_pointer(nr::SELECT, 4);
    filter.with_pointers(nr::PSELECT6, 4, 5);
    filter.with_pointer(nr::RT_SIGTIMEDWAIT, 2);
    let level = [load(low(1)), equal(1, 0, 6), load(low(2))];
    filter.on(
        nr::SETSOCKOPT,
        &[
            level[0],
            level[1],
            level[2],
            equal(20, 3, 0),
            equal(21, 2, 0),
            equal(66, 1, 0),
            equal(67, 0, 1),
            end(TRAP),
            end(ALLOW),
        ],
    );
    filter.add(&[end(ALLOW)]);
    filter
}

//! Time limits of sockets, `SO_RCVTIMEO` and `SO_SNDTIMEO`: the kernel would count them in real time, so it never learns of
//! them. With the first one, the calls that they bind are stopped too.

use crate::arch::{nr, syscall};
use crate::page::Page;
use crate::sys::{EAGAIN, EINTR, EINVAL, Span};
use crate::waits::until;
use core::ptr;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::SeqCst;

const SOL_SOCKET: usize = 1;
const RECEIVE: [usize; 2] = [20, 66];
const SEND: [usize; 2] = [21, 67];
const FILES: usize = 4096;
const F_GETFL: usize = 3;
const O_NONBLOCK: isize = 0o4000;
const MSG_DONTWAIT: usize = 0x40;
const POLLIN: i16 = 1;
const POLLOUT: i16 = 4;

/// Limits of each descriptor for receiving and for sending, in nanoseconds.
static LIMITS: [[AtomicU64; 2]; FILES] = [const { [const { AtomicU64::new(0) }; 2] }; FILES];
static IS_WATCHED: AtomicU64 = AtomicU64::new(0);

/// `setsockopt`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn set_option(a: [usize; 6]) -> isize {
    let side = match a[2] {
        option if RECEIVE.contains(&option) => 0,
        option if SEND.contains(&option) => 1,
        _ => usize::MAX,
    };
    let limits = LIMITS.get(a[0]).and_then(|limits| limits.get(side));
    let (Some(limit), SOL_SOCKET) = (limits, a[1]) else {
        // SAFETY: the program's own call.
        return unsafe { syscall(nr::SETSOCKOPT, a) };
    };
    if a[4] < size_of::<Span>() {
        return EINVAL;
    }
    // SAFETY: the program's own pointer, long enough.
    let time = unsafe { (a[3] as *const Span).read_unaligned() };
    limit.store(time.nanos(1_000), SeqCst);
    if IS_WATCHED.swap(1, SeqCst) == 0 {
        crate::filter::install_for_sockets();
    }
    0
}

/// Calls on a descriptor that may have a limit.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn call(page: &Page, number: usize, a: [usize; 6]) -> isize {
    // SAFETY: the program's own call.
    let plain = || unsafe { syscall(number, a) };
    let (side, event, flags) = match number {
        nr::WRITE => (1, POLLOUT, 0),
        nr::SENDTO => (1, POLLOUT, a[3]),
        nr::SENDMSG => (1, POLLOUT, a[2]),
        nr::RECVFROM => (0, POLLIN, a[3]),
        nr::RECVMSG => (0, POLLIN, a[2]),
        _ => (0, POLLIN, 0),
    };
    let limit = LIMITS.get(a[0]).map_or(0, |limits| limits[side].load(SeqCst));
    if number == nr::CLOSE {
        if let Some(limits) = LIMITS.get(a[0]) {
            limits.iter().for_each(|limit| limit.store(0, SeqCst));
        }
        return plain();
    }
    if limit == 0 || flags & MSG_DONTWAIT != 0 {
        return plain();
    }
    // SAFETY: takes no pointer.
    let status = unsafe { syscall(nr::FCNTL, [a[0], F_GETFL, 0, 0, 0, 0]) };
    if status < 0 || status & O_NONBLOCK != 0 {
        return plain();
    }
    /// `struct pollfd`.
    #[repr(C)]
    struct Watched {
        descriptor: i32,
        events: i16,
        happened: i16,
    }
    let mut watched = Watched { descriptor: a[0] as i32, events: event, happened: 0 };
    let (result, is_up) = until(page, page.now().saturating_add(limit), number, || {
        // SAFETY: a pointer of ours that lives.
        unsafe { syscall(nr::PPOLL, [ptr::from_mut(&mut watched) as usize, 1, 0, 0, 8, 0]) }
    });
    match result {
        _ if is_up => EAGAIN,
        EINTR => EINTR,
        _ => plain(),
    }
}

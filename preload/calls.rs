//! What stands in for each system call that the filter stops.

use crate::arch::{nr, syscall};
use crate::page::page;
use crate::sys::Span;
use crate::{clocks, random, signals, sockets, timers, uptime, waits};

/// Does what the system call would, in virtual time.
///
/// # Safety
///
/// The arguments are those of a call that the filter stopped, the context is that of the handler.
pub unsafe fn stand_in(number: usize, a: [usize; 6], context: *mut usize) -> isize {
    // SAFETY: for all of them, the pointers are the program's own, and the context is that of this handler.
    unsafe {
        let Some(page) = page() else { return syscall(number, a) };
        match number {
            nr::RT_SIGACTION => signals::action(a),
            nr::RT_SIGPROCMASK => signals::mask(a, context),
            nr::RT_SIGSUSPEND => signals::suspend(a),
            nr::CLOCK_GETTIME => clocks::get(a[0], a[1] as *mut Span),
            nr::GETTIMEOFDAY => clocks::time_of_day(a[0] as *mut Span),
            nr::TIME => clocks::seconds(a[0] as *mut i64),
            nr::GETRANDOM => random::get(a),
            nr::OPENAT => uptime::open(page, a),
            nr::NANOSLEEP | nr::CLOCK_NANOSLEEP => waits::nanosleep(page, number, a),
            nr::POLL | nr::PPOLL => waits::poll(page, number, a),
            nr::EPOLL_WAIT | nr::EPOLL_PWAIT | nr::EPOLL_PWAIT2 => waits::epoll(page, number, a),
            nr::SELECT | nr::PSELECT6 => waits::select(page, number, a),
            nr::FUTEX => waits::futex(page, a),
            nr::RT_SIGTIMEDWAIT => waits::signal(page, a),
            nr::ALARM | nr::SETITIMER | nr::GETITIMER => timers::alarm(page, number, a),
            nr::TIMER_CREATE => timers::create(page, a),
            nr::TIMER_SETTIME | nr::TIMER_GETTIME | nr::TIMER_GETOVERRUN | nr::TIMER_DELETE => {
                timers::timer(page, number, a)
            }
            nr::TIMERFD_SETTIME | nr::TIMERFD_GETTIME => timers::descriptor(page, number, a),
            nr::SETSOCKOPT => sockets::set_option(a),
            nr::READ
            | nr::WRITE
            | nr::RECVFROM
            | nr::RECVMSG
            | nr::SENDTO
            | nr::SENDMSG
            | nr::ACCEPT
            | nr::ACCEPT4
            | nr::CLOSE => sockets::call(page, number, a),
            _ => syscall(number, a),
        }
    }
}

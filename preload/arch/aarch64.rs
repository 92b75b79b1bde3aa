//! aarch64: how a system call is made, where a signal's context keeps registers, and the numbers of calls.

use core::arch::asm;

pub const AUDIT_ARCH: u32 = 0xC000_00B7;
/// The instruction that makes a system call, `svc #0`.
pub const CALL: [u8; 4] = [0x01, 0x00, 0x00, 0xD4];

/// A system call.
///
/// # Safety
///
/// That of the call: pointers among its arguments are valid for what it does with them.
pub unsafe fn syscall(number: usize, a: [usize; 6]) -> isize {
    let result;
    // SAFETY: the kernel keeps all registers but x0; memory is clobbered as the caller warrants.
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a[0] => result, in("x1") a[1], in("x2") a[2],
            in("x3") a[3], in("x4") a[4], in("x5") a[5], options(nostack));
    }
    result
}

/// Offsets in `ucontext_t`, in words: the mask of signals, and x0.
pub const MASK: usize = 5;
const X0: usize = 23;

/// The arguments of the system call that was stopped.
///
/// # Safety
///
/// `context` is the third argument of a signal handler.
pub unsafe fn arguments(context: *const usize) -> [usize; 6] {
    // SAFETY: the words lie within the `ucontext_t` that the kernel wrote.
    [0, 1, 2, 3, 4, 5].map(|at| unsafe { context.add(X0 + at).read() })
}

/// Lets the system call that was stopped return this.
///
/// # Safety
///
/// `context` is the third argument of a signal handler.
pub unsafe fn set_result(context: *mut usize, result: isize) {
    // SAFETY: as above; the handler owns the context.
    unsafe { context.add(X0).write(result as usize) }
}

/// Where a signal handler returns to: the kernel has a place of its own.
pub fn restorer() -> usize {
    0
}

/// Where the stack is.
pub fn stack() -> usize {
    let at: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) at, options(nomem, nostack, preserves_flags)) }
    at
}

pub mod nr {
    /// Calls that only older machines have: no call has such a number.
    const NONE: usize = 0x7FFF_0000;
    pub const POLL: usize = NONE;
    pub const SELECT: usize = NONE + 1;
    pub const ALARM: usize = NONE + 2;
    pub const TIME: usize = NONE + 3;
    pub const EPOLL_WAIT: usize = NONE + 4;
    pub const EPOLL_PWAIT: usize = 22;
    pub const FCNTL: usize = 25;
    pub const OPENAT: usize = 56;
    pub const CLOSE: usize = 57;
    pub const READ: usize = 63;
    pub const WRITE: usize = 64;
    pub const PWRITE64: usize = 68;
    pub const MEMFD_CREATE: usize = 279;
    pub const PSELECT6: usize = 72;
    pub const PPOLL: usize = 73;
    pub const TIMERFD_SETTIME: usize = 86;
    pub const TIMERFD_GETTIME: usize = 87;
    pub const EXIT_GROUP: usize = 94;
    pub const FUTEX: usize = 98;
    pub const NANOSLEEP: usize = 101;
    pub const GETITIMER: usize = 102;
    pub const SETITIMER: usize = 103;
    pub const TIMER_CREATE: usize = 107;
    pub const TIMER_GETTIME: usize = 108;
    pub const TIMER_GETOVERRUN: usize = 109;
    pub const TIMER_SETTIME: usize = 110;
    pub const TIMER_DELETE: usize = 111;
    pub const CLOCK_GETTIME: usize = 113;
    pub const CLOCK_NANOSLEEP: usize = 115;
    pub const RT_SIGSUSPEND: usize = 133;
    pub const RT_SIGACTION: usize = 134;
    pub const RT_SIGPROCMASK: usize = 135;
    pub const RT_SIGTIMEDWAIT: usize = 137;
    pub const RT_SIGQUEUEINFO: usize = 138;
    pub const GETPGID: usize = 155;
    pub const PRCTL: usize = 167;
    pub const GETTIMEOFDAY: usize = 169;
    pub const GETPID: usize = 172;
    pub const GETTID: usize = 178;
    pub const ACCEPT: usize = 202;
    pub const SENDTO: usize = 206;
    pub const RECVFROM: usize = 207;
    pub const SETSOCKOPT: usize = 208;
    pub const SENDMSG: usize = 211;
    pub const RECVMSG: usize = 212;
    pub const MMAP: usize = 222;
    pub const RT_TGSIGQUEUEINFO: usize = 240;
    pub const ACCEPT4: usize = 242;
    pub const SECCOMP: usize = 277;
    pub const GETRANDOM: usize = 278;
    pub const EPOLL_PWAIT2: usize = 441;
}

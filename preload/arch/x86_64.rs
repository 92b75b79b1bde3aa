//! x86-64: how a system call is made, where a signal's context keeps registers, and the numbers of calls.

use core::arch::{asm, global_asm};

pub const AUDIT_ARCH: u32 = 0xC000_003E;
/// The instruction that makes a system call, `syscall`.
pub const CALL: [u8; 2] = [0x0F, 0x05];

/// A system call.
///
/// # Safety
///
/// That of the call: pointers among its arguments are valid for what it does with them.
pub unsafe fn syscall(number: usize, a: [usize; 6]) -> isize {
    let result;
    // SAFETY: the kernel keeps all registers but rax, rcx and r11; memory is clobbered as the caller warrants.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a[0], in("rsi") a[1], in("rdx") a[2],
            in("r10") a[3], in("r8") a[4], in("r9") a[5], lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// Offsets in `ucontext_t`, in words: the general registers, and the mask of signals.
const REGISTERS: usize = 5;
pub const MASK: usize = 37;
const RAX: usize = REGISTERS + 13;
/// rdi, rsi, rdx, r10, r8, r9.
const ARGUMENTS: [usize; 6] = [REGISTERS + 8, REGISTERS + 9, REGISTERS + 12, REGISTERS + 2, REGISTERS, REGISTERS + 1];

/// The arguments of the system call that was stopped.
///
/// # Safety
///
/// `context` is the third argument of a signal handler.
pub unsafe fn arguments(context: *const usize) -> [usize; 6] {
    // SAFETY: the words lie within the `ucontext_t` that the kernel wrote.
    ARGUMENTS.map(|at| unsafe { context.add(at).read() })
}

/// Lets the system call that was stopped return this.
///
/// # Safety
///
/// `context` is the third argument of a signal handler.
pub unsafe fn set_result(context: *mut usize, result: isize) {
    // SAFETY: as above; the handler owns the context.
    unsafe { context.add(RAX).write(result as usize) }
}

// How a signal handler returns: these very bytes, by which those who unwind stacks know the frame of a signal.
global_asm!(
    ".pushsection .text",
    "nop",
    "pollbench_restore:",
    ".byte 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05",
    ".popsection",
);

/// Where a signal handler returns to.
pub fn restorer() -> usize {
    let at: usize;
    // SAFETY: takes an address.
    unsafe { asm!("lea {}, [rip + pollbench_restore]", out(reg) at, options(nomem, nostack, preserves_flags)) }
    at
}

/// Where the stack is.
pub fn stack() -> usize {
    let at: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) at, options(nomem, nostack, preserves_flags)) }
    at
}

pub mod nr {
    pub const READ: usize = 0;
    pub const POLL: usize = 7;
    pub const RT_SIGACTION: usize = 13;
    pub const RT_SIGPROCMASK: usize = 14;
    pub const SELECT: usize = 23;
    pub const NANOSLEEP: usize = 35;
    pub const GETITIMER: usize = 36;
    pub const ALARM: usize = 37;
    pub const SETITIMER: usize = 38;
    pub const GETPID: usize = 39;
    pub const SENDTO: usize = 44;
    pub const RECVFROM: usize = 45;
    pub const SENDMSG: usize = 46;
    pub const RECVMSG: usize = 47;
    pub const ACCEPT: usize = 43;
    pub const ACCEPT4: usize = 288;
    pub const WRITE: usize = 1;
    pub const CLOSE: usize = 3;
    pub const MMAP: usize = 9;
    pub const PWRITE64: usize = 18;
    pub const MEMFD_CREATE: usize = 319;
    pub const SETSOCKOPT: usize = 54;
    pub const FCNTL: usize = 72;
    pub const GETTIMEOFDAY: usize = 96;
    pub const RT_SIGTIMEDWAIT: usize = 128;
    pub const RT_SIGSUSPEND: usize = 130;
    pub const PRCTL: usize = 157;
    pub const GETTID: usize = 186;
    pub const TIME: usize = 201;
    pub const FUTEX: usize = 202;
    pub const TIMER_CREATE: usize = 222;
    pub const TIMER_SETTIME: usize = 223;
    pub const TIMER_GETTIME: usize = 224;
    pub const TIMER_GETOVERRUN: usize = 225;
    pub const TIMER_DELETE: usize = 226;
    pub const CLOCK_GETTIME: usize = 228;
    pub const CLOCK_NANOSLEEP: usize = 230;
    pub const EXIT_GROUP: usize = 231;
    pub const EPOLL_WAIT: usize = 232;
    pub const OPENAT: usize = 257;
    pub const PSELECT6: usize = 270;
    pub const PPOLL: usize = 271;
    pub const EPOLL_PWAIT: usize = 281;
    pub const TIMERFD_SETTIME: usize = 286;
    pub const TIMERFD_GETTIME: usize = 287;
    pub const RT_SIGQUEUEINFO: usize = 129;
    pub const RT_TGSIGQUEUEINFO: usize = 297;
    pub const GETPGID: usize = 121;
    pub const SECCOMP: usize = 317;
    pub const GETRANDOM: usize = 318;
    pub const EPOLL_PWAIT2: usize = 441;
}

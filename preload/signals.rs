//! SIGSYS is how the filter stops a call and how the coordinator wakes a wait: nobody may block it, or take it over.

use crate::arch::{self, MASK, nr, syscall};
use crate::page::{IDLE, TIMER, page};
use crate::sys::{EINVAL, SIGSYS};
use core::ptr;
use core::sync::atomic::Ordering::SeqCst;

/// The bit of SIGSYS in a mask.
const BIT: u64 = 1 << (SIGSYS - 1);
const SIG_BLOCK: usize = 0;
const SIG_UNBLOCK: usize = 1;
const SIG_SETMASK: usize = 2;
/// Why a SIGSYS came: the filter sent it.
const SYS_SECCOMP: i32 = 1;
const SI_TIMER: i32 = -2;

const SA_SIGINFO: usize = 4;
const SA_RESTORER: usize = 0x0400_0000;
const SA_ONSTACK: usize = 0x0800_0000;
const SA_NODEFER: usize = 0x4000_0000;

/// `struct sigaction` of the kernel.
#[repr(C)]
#[derive(Clone, Copy)]
struct KernelAction {
    handler: usize,
    flags: usize,
    restorer: usize,
    mask: u64,
}

/// Handles SIGSYS from now on, and lets it through. libc is not asked: what it calls, the filter of the program before this
/// one may stop.
pub fn take() -> bool {
    let handler = handle as extern "C" fn(i32, *const i32, *mut usize) as usize;
    // No SA_RESTART: a futex without a limit would be waited for again.
    let flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    let restorer = arch::restorer();
    let flags = if restorer == 0 { flags } else { flags | SA_RESTORER };
    let action = KernelAction { handler, flags, restorer, mask: 0 };
    // SAFETY: the structure is that of the kernel and lives for the call, as does the mask, and the handler has the signature
    // that SA_SIGINFO wants.
    unsafe {
        let is_taken = syscall(nr::RT_SIGACTION, [SIGSYS, ptr::from_ref(&action) as usize, 0, 8, 0, 0]) == 0;
        syscall(nr::RT_SIGPROCMASK, [SIG_UNBLOCK, ptr::from_ref(&BIT) as usize, 0, 8, 0, 0]);
        is_taken
    }
}

extern "C" fn handle(_signal: i32, info: *const i32, context: *mut usize) {
    // SAFETY: the kernel hands a `siginfo_t`: number, error, code; for this code the system call at byte 24.
    let (code, number) = unsafe { (info.add(2).read(), info.add(6).read()) };
    if code != SYS_SECCOMP {
        return deliver();
    }
    // SAFETY: the context is that of this handler.
    unsafe {
        let arguments = arch::arguments(context);
        let result = crate::calls::stand_in(number as usize, arguments, context);
        arch::set_result(context, result);
    }
}

/// Sends this process the signals of its timers that are due.
fn deliver() {
    let Some(page) = page() else { return };
    for (_, slot) in page.own(TIMER) {
        if slot.fired.swap(0, SeqCst) == 0 {
            continue;
        }
        // Before the signal, whose handler may set the timer again.
        if slot.interval.load(SeqCst) == 0 {
            slot.state.store(IDLE, SeqCst);
        }
        let (signal, tid) = (slot.signal.load(SeqCst) as usize, slot.tid.load(SeqCst) as usize);
        let pid = slot.pid.load(SeqCst) as usize;
        // `siginfo_t`: number, error, code; timer and overruns at byte 16, the value at byte 24.
        let mut info = [0_u64; 16];
        info[0] = signal as u64;
        info[1] = u64::from(SI_TIMER as u32);
        info[3] = slot.value.load(SeqCst);
        let info = info.as_ptr() as usize;
        // SAFETY: the structure lives for the call.
        unsafe {
            if tid == pid {
                syscall(nr::RT_SIGQUEUEINFO, [pid, signal, info, 0, 0, 0]);
            } else {
                syscall(nr::RT_TGSIGQUEUEINFO, [pid, tid, signal, info, 0, 0]);
            }
        }
    }
}

/// The mask at an address without SIGSYS, if there is one.
///
/// # Safety
///
/// The address is null or that of a mask.
pub unsafe fn unmasked(address: usize) -> Option<u64> {
    // SAFETY: as the caller warrants.
    unsafe { (address as *const u64).as_ref().map(|mask| mask & !BIT) }
}

/// `rt_sigaction`: as it is, but for SIGSYS, which stays ours.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn action(a: [usize; 6]) -> isize {
    // SAFETY: the program's own pointers, and one of ours that lives.
    unsafe {
        if a[0] == SIGSYS {
            if let Some(old) = (a[2] as *mut KernelAction).as_mut() {
                *old = KernelAction { handler: 0, flags: 0, restorer: 0, mask: 0 };
            }
            return 0;
        }
        let new = (a[1] as *const KernelAction).as_ref().map(|new| KernelAction { mask: new.mask & !BIT, ..*new });
        let new = new.as_ref().map_or(0, |new| ptr::from_ref(new) as usize);
        syscall(nr::RT_SIGACTION, [a[0], new, a[2], a[3], 0, 0])
    }
}

/// `rt_sigprocmask`: the mask that this handler's return puts back is changed, since the handler's own would be lost.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call, the context is that of this handler.
pub unsafe fn mask(a: [usize; 6], context: *mut usize) -> isize {
    // SAFETY: the mask lies within the context; the others are the program's own pointers.
    unsafe {
        let current = context.add(MASK).cast::<u64>();
        let old = current.read();
        if let Some(set) = unmasked(a[1]) {
            let new = match a[0] {
                SIG_BLOCK => old | set,
                SIG_UNBLOCK => old & !set,
                SIG_SETMASK => set,
                _ => return EINVAL,
            };
            current.write(new);
        }
        if let Some(told) = (a[2] as *mut u64).as_mut() {
            *told = old;
        }
    }
    0
}

/// `rt_sigsuspend`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn suspend(a: [usize; 6]) -> isize {
    // SAFETY: the program's own pointer, and one of ours that lives.
    unsafe {
        let mask = unmasked(a[0]);
        let mask = mask.as_ref().map_or(0, |mask| ptr::from_ref(mask) as usize);
        syscall(nr::RT_SIGSUSPEND, [mask, a[1], 0, 0, 0, 0])
    }
}

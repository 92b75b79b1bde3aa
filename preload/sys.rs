//! System calls of this library itself, which no filter stops.

use crate::arch::{nr, syscall};

pub const EINTR: isize = -4;
pub const EIO: isize = -5;
pub const EAGAIN: isize = -11;
pub const EINVAL: isize = -22;
pub const ETIMEDOUT: isize = -110;

pub const SIGSYS: usize = 31;

/// A time as the kernel has it: seconds, and a part of one.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Span {
    pub seconds: i64,
    pub part: i64,
}

impl Span {
    /// From nanoseconds.
    pub fn of(nanos: u64) -> Self {
        Self { seconds: (nanos / 1_000_000_000) as i64, part: (nanos % 1_000_000_000) as i64 }
    }

    /// In nanoseconds, where `part` counts units of `unit` of them; what is negative is zero.
    pub fn nanos(self, unit: u64) -> u64 {
        if self.seconds < 0 || self.part < 0 {
            return 0;
        }
        (self.seconds as u64).saturating_mul(1_000_000_000).saturating_add((self.part as u64).saturating_mul(unit))
    }

    pub fn is_valid(self) -> bool {
        self.seconds >= 0 && (0..1_000_000_000).contains(&self.part)
    }
}

pub fn exit(code: usize) -> ! {
    loop {
        // SAFETY: takes no pointer, and does not return.
        unsafe { syscall(nr::EXIT_GROUP, [code, 0, 0, 0, 0, 0]) };
    }
}

pub fn pid() -> u32 {
    // SAFETY: takes no pointer.
    unsafe { syscall(nr::GETPID, [0; 6]) as u32 }
}

pub fn tid() -> u32 {
    // SAFETY: takes no pointer.
    unsafe { syscall(nr::GETTID, [0; 6]) as u32 }
}

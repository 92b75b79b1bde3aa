//! What a thread does that sleeps, by its `/proc/…/syscall`: whether the kernel ends that by itself in real time.

/// Whether a thread that is said to sleep really sits in a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sleep {
    /// It runs.
    Awake,
    /// Until something happens.
    Untimed,
    /// Until a time that the kernel keeps.
    Timed,
}

#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const FUTEX: u64 = 202;
    /// Waits whose argument of that place is a number of milliseconds.
    pub(super) const MILLISECONDS: [(u64, usize); 3] = [(7, 2), (232, 3), (281, 3)];
    /// Waits whose argument of that place is null or points to a time: select, ppoll, pselect6, epoll_pwait2,
    /// rt_sigtimedwait, semtimedop, mq_timedsend, mq_timedreceive, recvmmsg.
    pub(super) const POINTERS: [(u64, usize); 9] =
        [(23, 4), (271, 2), (270, 4), (441, 3), (128, 2), (220, 3), (242, 4), (243, 4), (299, 4)];
    /// nanosleep, clock_nanosleep, restart_syscall, connect, io_uring_enter.
    pub(super) const ALWAYS: [u64; 5] = [35, 230, 219, 42, 426];
}

#[cfg(target_arch = "aarch64")]
mod number {
    pub(super) const FUTEX: u64 = 98;
    /// Waits whose argument of that place is a number of milliseconds.
    pub(super) const MILLISECONDS: [(u64, usize); 1] = [(22, 3)];
    /// Waits whose argument of that place is null or points to a time: ppoll, pselect6, epoll_pwait2, rt_sigtimedwait,
    /// semtimedop, mq_timedsend, mq_timedreceive, recvmmsg.
    pub(super) const POINTERS: [(u64, usize); 8] =
        [(73, 2), (72, 4), (441, 3), (137, 2), (192, 3), (182, 4), (183, 4), (243, 4)];
    /// nanosleep, clock_nanosleep, restart_syscall, connect, io_uring_enter.
    pub(super) const ALWAYS: [u64; 5] = [101, 115, 128, 203, 426];
}

/// Operations of futexes that wait: WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2.
const FUTEX_WAITS: [u64; 5] = [0, 6, 9, 11, 13];

/// Whether a wait for a lock is what this call is.
pub(super) fn is_futex(call: u32) -> bool {
    u64::from(call) == number::FUTEX
}

/// Reads the line: a number, then arguments, hexadecimal.
pub(super) fn sleep(line: &str) -> Sleep {
    let mut words = line.split_whitespace();
    let Some(call) = words.next().and_then(|word| word.parse::<i64>().ok()) else { return Sleep::Awake };
    // Blocked, but in no system call: a page that is being read.
    let Ok(call) = u64::try_from(call) else { return Sleep::Awake };
    let mut arguments = [0; 6];
    for (argument, word) in arguments.iter_mut().zip(words) {
        *argument = u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap_or(0);
    }
    let place = |table: &[(u64, usize)]| table.iter().find(|(number, _)| *number == call).map(|(_, place)| *place);
    let is_timed = if call == number::FUTEX {
        FUTEX_WAITS.contains(&(arguments[1] & 127)) && arguments[3] != 0
    } else if let Some(at) = place(&number::MILLISECONDS) {
        arguments[at] as i32 > 0
    } else if let Some(at) = place(&number::POINTERS) {
        arguments[at] != 0
    } else {
        number::ALWAYS.contains(&call)
    };
    if is_timed { Sleep::Timed } else { Sleep::Untimed }
}

/// The stack pointer in the line: the last number but one.
pub(super) fn stack(line: &str) -> u64 {
    let word = line.split_whitespace().rev().nth(1);
    word.and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok()).unwrap_or(0)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn a_wait_with_an_end_is_told_from_one_without() {
        for (line, expected) in [
            ("running", Sleep::Awake),
            ("-1 0x7ffd 0x7f00", Sleep::Awake),
            ("202 0x7f00 0x80 0x2 0x0 0x0 0x0 0x7ffd 0x7f00", Sleep::Untimed),
            ("202 0x7f00 0x189 0x2 0x7ffd 0x0 0x0 0x7ffd 0x7f00", Sleep::Timed),
            ("202 0x7f00 0x81 0x1 0x7ffd 0x0 0x0 0x7ffd 0x7f00", Sleep::Untimed),
            ("7 0x7f00 0x1 0xffffffff 0x0 0x0 0x0 0x7ffd 0x7f00", Sleep::Untimed),
            ("7 0x7f00 0x1 0xbb8 0x0 0x0 0x0 0x7ffd 0x7f00", Sleep::Timed),
            ("230 0x0 0x0 0x7ffd 0x7ffd 0x0 0x0 0x7ffd 0x7f00", Sleep::Timed),
            ("61 0xffffffff 0x7ffd 0x0 0x0 0x0 0x0 0x7ffd 0x7f00", Sleep::Untimed),
        ] {
            assert_eq!(sleep(line), expected, "{line}");
            assert_eq!(stack(line), if line == "running" { 0 } else { 0x7ffd }, "{line}");
        }
    }
}

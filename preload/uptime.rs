//! `/proc/uptime` is a clock too: whoever opens it gets a file that tells the instant at which it was opened.

use crate::arch::{nr, syscall};
use crate::page::{BOOT, Page};

const PATH: &[u8] = b"/proc/uptime\0";
const O_CLOEXEC: usize = 0o2000000;
const MFD_CLOEXEC: usize = 1;

/// `openat`.
///
/// # Safety
///
/// The pointers are those that a program handed to the system call.
pub unsafe fn open(page: &Page, a: [usize; 6]) -> isize {
    // SAFETY: the program's own pointers.
    unsafe { if is_uptime(a[1] as *const u8) { made(page, a[2]) } else { syscall(nr::OPENAT, a) } }
}

/// Whether the path is that of the clock; none is read beyond its end.
///
/// # Safety
///
/// The path is one that a program handed to a system call.
unsafe fn is_uptime(path: *const u8) -> bool {
    // An address that nobody can read is for the kernel to refuse: paths are not on the first page.
    path as usize >= 4096
        && PATH.iter().enumerate().all(|(at, letter)| {
            // SAFETY: all bytes before this one were those of the clock's path, so none of them ended it.
            unsafe { path.add(at).read() == *letter }
        })
}

/// A file with the seconds since boot, twice: nobody was ever busy.
fn made(page: &Page, flags: usize) -> isize {
    let hundredths = (page.now() + BOOT) / 10_000_000;
    let mut text = *b"00000000000.00 00000000000.00\n";
    for start in [0, 15] {
        let mut rest = hundredths;
        for at in (start..start + 14).rev().filter(|at| *at != start + 11) {
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
    // Without leading zeros, as the kernel writes it; one digit stays before the point.
    let skipped = text[..10].iter().take_while(|digit| **digit == b'0').count();
    let mut line = [b' '; 30];
    let width = 14 - skipped;
    line[..width].copy_from_slice(&text[skipped..14]);
    line[width + 1..2 * width + 1].copy_from_slice(&text[15 + skipped..29]);
    line[2 * width + 1] = b'\n';
    let length = 2 * width + 2;
    let close = if flags & O_CLOEXEC == 0 { 0 } else { MFD_CLOEXEC };
    // SAFETY: name and text live for the calls.
    unsafe {
        let file = syscall(nr::MEMFD_CREATE, [c"uptime".as_ptr() as usize, close, 0, 0, 0, 0]);
        if file >= 0 {
            syscall(nr::PWRITE64, [file as usize, line.as_ptr() as usize, length, 0, 0, 0]);
        }
        file
    }
}

//! Randomness that the seed decides: what the kernel would give, where a key is set.

use crate::arch::{nr, syscall};
use crate::page::page;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::SeqCst;

/// Numbers that this process has drawn.
static DRAWN: AtomicU64 = AtomicU64::new(0);
/// Which program this is, in the order in which they began.
static ORDINAL: AtomicU64 = AtomicU64::new(0);

pub fn set_ordinal(ordinal: u32) {
    ORDINAL.store(u64::from(ordinal), SeqCst);
}

/// SplitMix64's output function.
fn mixed(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `getrandom` as a system call.
///
/// # Safety
///
/// The pointer is the program's own.
pub unsafe fn get(a: [usize; 6]) -> isize {
    let seed = page().map_or(0, |page| page.seed.load(SeqCst));
    if seed == 0 {
        // SAFETY: the program's own call.
        return unsafe { syscall(nr::GETRANDOM, a) };
    }
    let key = mixed(mixed(seed) ^ ORDINAL.load(SeqCst));
    let (mut at, end) = (a[0] as *mut u8, a[1].min(isize::MAX as usize));
    let mut word = 0;
    for number in 0..end {
        if number % 8 == 0 {
            word = mixed(key ^ mixed(DRAWN.fetch_add(1, SeqCst)));
        }
        // SAFETY: the program's own buffer, which is as long as it says.
        unsafe {
            at.write(word as u8);
            at = at.add(1);
        }
        word >>= 8;
    }
    end as isize
}

#[unsafe(no_mangle)]
extern "C" fn getrandom(into: *mut u8, length: usize, flags: u32) -> isize {
    // SAFETY: the program's own buffer.
    crate::clocks::told(unsafe { get([into as usize, length, flags as usize, 0, 0, 0]) })
}

#[unsafe(no_mangle)]
extern "C" fn getentropy(into: *mut u8, length: usize) -> i32 {
    // SAFETY: the program's own buffer; so short a one is always filled.
    let got = unsafe { get([into as usize, length.min(256), 0, 0, 0, 0]) };
    if got == length as isize { 0 } else { crate::clocks::told(crate::sys::EIO) as i32 }
}

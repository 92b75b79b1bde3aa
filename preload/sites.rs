//! Where in libc system calls are made.

use crate::arch::CALL;

/// Places that are kept: more than twice as many as glibc has.
pub const MOST: usize = 1536;

/// The code of libc, and the places after its calls.
pub struct Sites<'a> {
    pub start: usize,
    pub length: u32,
    /// Distances from the start, in order; none where there are too many.
    pub places: &'a [u32],
}

impl<'a> Sites<'a> {
    /// Reads the code of libc. Bytes that look like a call and are none do no harm.
    pub fn of(code: &[u8], room: &'a mut [u32; MOST]) -> Self {
        let mut count = 0;
        let last = code.len().saturating_sub(CALL.len() - 1);
        for from in (0..last).step_by(PIECE) {
            let heads = &code[from..last.min(from + PIECE)];
            // Without a way out the compiler compares many at once.
            if !heads
                .iter()
                .zip(&code[from + 1..])
                .fold(false, |any, pair| any | (*pair.0 == CALL[0] && *pair.1 == CALL[1]))
            {
                continue;
            }
            for at in from..from + heads.len() {
                if code[at..].starts_with(&CALL) {
                    if let Some(place) = room.get_mut(count) {
                        *place = (at + CALL.len()) as u32;
                    }
                    count += 1;
                }
            }
        }
        let places = room.get(..count).unwrap_or_default();
        Self { start: code.as_ptr() as usize, length: code.len() as u32, places }
    }
}

/// Bytes that are looked at together.
const PIECE: usize = 256;

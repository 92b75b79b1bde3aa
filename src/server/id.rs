//! Task ids: opaque to clients, a slot number to the server.
//!
//! An id is sixteen hexadecimal digits of a scrambled number, so that nothing has to be kept to find a task by its id.

/// What every id starts with.
const TASK: &str = "task_";
const BATCH: &str = "batch_";
/// Keeps the first id from being all zeros.
const SALT: u64 = 0x5851_f42d_4c95_7f2d;
/// Odd, so that multiplying by it can be undone.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// `FACTOR * INVERSE == 1` modulo 2⁶⁴.
const INVERSE: u64 = 0xf1de_83e1_9937_733d;
/// Bits of the slot number; the rest is the generation, so that ids from before a reset are unknown.
const SLOT_BITS: u32 = 40;

/// The id of the task in `slot`.
pub(super) fn write(slot: usize, generation: u32) -> String {
    written(TASK, slot, generation)
}

/// The slot of an id of this generation.
pub(super) fn read(id: &str, generation: u32) -> Option<usize> {
    numbered(id.strip_prefix(TASK)?, generation)
}

/// The id of a batch by its number.
pub(super) fn write_batch(number: usize, generation: u32) -> String {
    written(BATCH, number, generation)
}

/// The number of the batch with an id of this generation.
pub(super) fn read_batch(id: &str, generation: u32) -> Option<usize> {
    numbered(id.strip_prefix(BATCH)?, generation)
}

fn written(prefix: &str, slot: usize, generation: u32) -> String {
    let number = ((u64::from(generation) << SLOT_BITS) | slot as u64) ^ SALT;
    let number = (number ^ (number >> 32)).wrapping_mul(FACTOR);
    let number = (number ^ (number >> 32)).wrapping_mul(FACTOR);
    format!("{prefix}{number:016x}")
}

fn numbered(digits: &str, generation: u32) -> Option<usize> {
    if digits.len() != 16 || !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let number = u64::from_str_radix(digits, 16).ok()?.wrapping_mul(INVERSE);
    let number = (number ^ (number >> 32)).wrapping_mul(INVERSE);
    let number = number ^ (number >> 32) ^ SALT;
    let slot = number & ((1 << SLOT_BITS) - 1);
    (number >> SLOT_BITS == u64::from(generation)).then_some(slot as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        #[test]
        fn an_id_leads_back_to_its_slot(slot in 0_usize..1 << 40, generation in 0_u32..1 << 24) {
            let id = write(slot, generation);
            prop_assert_eq!(read(&id, generation), Some(slot));
            prop_assert_eq!(read(&id, generation + 1), None);
        }

        #[test]
        fn other_texts_are_no_ids(text in "\\PC{0,40}") {
            prop_assert!(read(&text, 0).is_none_or(|slot| write(slot, 0) == text));
        }
    }
}

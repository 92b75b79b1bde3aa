//! Where the page that programs share with the coordinator has what, in bytes, and what its numbers mean. Both sides are
//! compiled with this file.

pub(super) const MAGIC: u64 = 0x3150_5241_5742_4C50;
/// Bytes before the first slot, bytes of a slot, and how many there are.
pub(super) const HEADER: usize = 128;
pub(super) const SLOT: usize = 128;
pub(super) const SLOTS: usize = 2048;

/// In the header.
pub(super) const NOW: usize = 8;
pub(super) const SEED: usize = 16;
pub(super) const USED: usize = 32;
pub(super) const ATTACHED: usize = 36;
pub(super) const SPINS: usize = 40;
pub(super) const REFUSED: usize = 48;
pub(super) const FULL: usize = 52;

/// In a slot.
pub(super) const STATE: usize = 0;
pub(super) const KIND: usize = 4;
pub(super) const PID: usize = 8;
pub(super) const TID: usize = 12;
pub(super) const CALL: usize = 16;
pub(super) const DETAIL: usize = 28;
pub(super) const AT: usize = 32;
pub(super) const ORDER: usize = 40;
pub(super) const INTERVAL: usize = 48;
pub(super) const VALUE: usize = 56;
pub(super) const FIRED: usize = 72;

/// What a slot is: nobody's, or it has an instant at which something is due.
pub(super) const FREE: u32 = 0;
pub(super) const ARMED: u32 = 2;

/// What is due: the end of a wait, an alarm, a timer's signal, a descriptor that becomes readable.
pub(super) const WAIT: u32 = 1;
pub(super) const ITIMER: u32 = 2;
pub(super) const TIMER: u32 = 3;
pub(super) const TIMERFD: u32 = 4;

//! The memory that programs share with the coordinator, which reads and writes it as a file (`src/net/warp/page.rs`).

use crate::arch::stack;
use crate::layout;
pub(crate) use crate::layout::{ARMED, FREE, ITIMER, MAGIC, SLOTS, TIMER, TIMERFD, WAIT};
use crate::sys;
use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64};

/// Unix time of instant zero, and what other clocks say then, in nanoseconds.
pub const UNIX: u64 = 1_767_225_600_000_000_000;
pub const BOOT: u64 = 1_000_000_000_000;
/// The exit code of a program that cannot be held in virtual time.
pub const EXIT: usize = 118;

/// A slot that is somebody's, with nothing due yet.
pub const CLAIMED: u32 = 1;
/// A timer that is not set.
pub const IDLE: u32 = 3;

#[repr(C)]
pub struct Page {
    pub magic: AtomicU64,
    /// Nanoseconds since the start.
    pub now: AtomicU64,
    /// Key of randomness; none is changed where it is 0.
    pub seed: AtomicU64,
    /// Counts armed slots.
    pub order: AtomicU64,
    /// Slots that were ever used.
    pub used: AtomicU32,
    /// Programs that have begun to live in virtual time.
    pub attached: AtomicU32,
    /// Steps of a clock that was read again and again.
    pub spins: AtomicU64,
    /// Why a program could not begin: the number of an error.
    pub refused: AtomicU32,
    /// More waits at a time than there are slots.
    pub full: AtomicU32,
    reserved: [u64; 9],
    pub slots: [Slot; SLOTS],
}

#[repr(C)]
pub struct Slot {
    pub state: AtomicU32,
    pub kind: AtomicU32,
    pub pid: AtomicU32,
    pub tid: AtomicU32,
    /// The system call.
    pub call: AtomicU32,
    unused: u32,
    pub signal: AtomicI32,
    /// The descriptor of a timerfd, how a timer notifies.
    pub detail: AtomicI32,
    pub at: AtomicU64,
    pub order: AtomicU64,
    /// After which a timer goes off again; for a wait, its length.
    pub interval: AtomicU64,
    /// The value that a timer's signal carries; for a wait, where the stack was.
    pub value: AtomicU64,
    pub clock: AtomicU64,
    /// The order of what is due now. What was meant for whoever had the slot before has another.
    pub fired: AtomicU64,
    reserved: [u64; 6],
}

/// The coordinator goes by numbers.
const _: () = {
    assert!(offset_of!(Page, magic) == 0 && offset_of!(Page, slots) == layout::HEADER);
    assert!(size_of::<Slot>() == layout::SLOT);
    assert!(offset_of!(Page, now) == layout::NOW && offset_of!(Page, seed) == layout::SEED);
    assert!(offset_of!(Page, used) == layout::USED && offset_of!(Page, attached) == layout::ATTACHED);
    assert!(offset_of!(Page, spins) == layout::SPINS && offset_of!(Page, refused) == layout::REFUSED);
    assert!(offset_of!(Page, full) == layout::FULL);
    assert!(offset_of!(Slot, state) == layout::STATE && offset_of!(Slot, kind) == layout::KIND);
    assert!(offset_of!(Slot, pid) == layout::PID && offset_of!(Slot, tid) == layout::TID);
    assert!(offset_of!(Slot, call) == layout::CALL && offset_of!(Slot, detail) == layout::DETAIL);
    assert!(offset_of!(Slot, at) == layout::AT && offset_of!(Slot, order) == layout::ORDER);
    assert!(offset_of!(Slot, interval) == layout::INTERVAL && offset_of!(Slot, value) == layout::VALUE);
    assert!(offset_of!(Slot, fired) == layout::FIRED);
};

static PAGE: AtomicPtr<Page> = AtomicPtr::new(ptr::null_mut());

/// The page, once this program lives in virtual time.
pub fn page() -> Option<&'static Page> {
    // SAFETY: the pointer is null or that of a mapping of a whole page which is never unmapped; all fields are atomic.
    unsafe { PAGE.load(SeqCst).as_ref() }
}

/// From now on this is the page.
///
/// # Safety
///
/// It is a mapping of a whole page that stays.
pub unsafe fn adopt(page: *mut Page) {
    PAGE.store(page, SeqCst);
}

pub fn leave() {
    PAGE.store(ptr::null_mut(), SeqCst);
}

impl Page {
    pub fn now(&self) -> u64 {
        self.now.load(SeqCst)
    }

    /// A free slot, claimed for this thread.
    pub fn claim(&self, kind: u32) -> &Slot {
        for (number, slot) in self.slots.iter().enumerate() {
            if slot.state.load(SeqCst) == FREE && slot.state.compare_exchange(FREE, CLAIMED, SeqCst, SeqCst).is_ok() {
                self.used.fetch_max(number as u32 + 1, SeqCst);
                slot.kind.store(kind, SeqCst);
                slot.pid.store(sys::pid(), SeqCst);
                slot.tid.store(sys::tid(), SeqCst);
                slot.fired.store(0, SeqCst);
                slot.interval.store(0, SeqCst);
                return slot;
            }
        }
        self.full.store(1, SeqCst);
        sys::exit(EXIT)
    }

    /// Announces that something is due at `at`; the number by which its end is told.
    pub fn arm(&self, slot: &Slot, at: u64) -> u64 {
        let order = self.order.fetch_add(1, SeqCst) + 1;
        slot.at.store(at, SeqCst);
        slot.order.store(order, SeqCst);
        slot.state.store(ARMED, SeqCst);
        order
    }

    /// The slots in use of this process.
    pub fn own(&self, kind: u32) -> impl Iterator<Item = (usize, &Slot)> {
        let (pid, used) = (sys::pid(), self.used.load(SeqCst) as usize);
        self.slots.iter().take(used).enumerate().filter(move |(_, slot)| {
            slot.state.load(SeqCst) >= ARMED && slot.kind.load(SeqCst) == kind && slot.pid.load(SeqCst) == pid
        })
    }

    /// Waits of this thread that a jump out of a signal handler has left: their stack is gone.
    pub fn forget_left(&self) {
        let (tid, here) = (sys::tid(), stack() as u64);
        for (_, slot) in self.own(WAIT) {
            if slot.tid.load(SeqCst) == tid && slot.value.load(SeqCst) <= here {
                slot.state.store(FREE, SeqCst);
            }
        }
    }
}

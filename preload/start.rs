//! Before `main`: is there a coordinator, and can this program live in its time?

use crate::arch::{nr, syscall};
use crate::page::{ARMED, FREE, ITIMER, MAGIC, Page, adopt, leave};
use crate::sites::{self, Sites};
use crate::sys::pid;
use crate::{filter, random, signals};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::SeqCst;

const AT_FDCWD: usize = -100_isize as usize;
const O_RDWR: usize = 2;
const O_NONBLOCK: usize = 0o4000;
const O_CLOEXEC: usize = 0o2000000;
const O_ASYNC: usize = 0o20000;
const PROT_READ_WRITE: usize = 3;
const MAP_SHARED: usize = 1;
const F_DUPFD_CLOEXEC: usize = 1030;
const F_SETFL: usize = 4;
const F_SETOWN: usize = 8;
const F_SETSIG: usize = 10;
const SIGKILL: usize = 9;
const VARIABLE: &[u8] = b"POLLBENCH_WARP=";
/// The lifeline's descriptor is at least this, out of the way of a program's own.
const HIGH: usize = 500;

#[repr(C)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    physical: u64,
    in_file: u64,
    in_memory: u64,
    align: u64,
}

#[repr(C)]
struct Object {
    base: usize,
    name: *const c_char,
    segments: *const Segment,
    count: u16,
}

unsafe extern "C" {
    fn dl_iterate_phdr(visit: extern "C" fn(*const Object, usize, *mut c_void) -> c_int, data: *mut c_void) -> c_int;
    fn pthread_atfork(
        before: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = start;

/// Finds the code of libc; `data` is a place for where it starts and how long it is.
extern "C" fn visit(object: *const Object, _size: usize, data: *mut c_void) -> c_int {
    const LOAD: u32 = 1;
    const EXECUTABLE: u32 = 1;
    // SAFETY: libc hands a structure that lives for the call, with its name and its segments, and the pointer that
    // `start` gave it.
    unsafe {
        let object = &*object;
        if object.name.is_null() {
            return 0;
        }
        let name = CStr::from_ptr(object.name).to_bytes();
        let file = name.rsplit(|byte| *byte == b'/').next().unwrap_or(name);
        if !(file.starts_with(b"libc.so") || file.starts_with(b"libc-")) {
            return 0;
        }
        for number in 0..usize::from(object.count) {
            let segment = &*object.segments.add(number);
            if segment.kind == LOAD && segment.flags & EXECUTABLE != 0 {
                *data.cast() = (object.base + segment.address as usize, segment.in_memory as usize);
                return 1;
            }
        }
    }
    0
}

/// The value of [`VARIABLE`]. libc cannot be asked yet: this comes before its own start, see `build.rs`.
///
/// # Safety
///
/// The environment is one: strings, and a null at the end.
unsafe fn variable<'a>(environment: *const *const c_char) -> Option<&'a [u8]> {
    // SAFETY: as the caller warrants.
    let strings = (0..).map(|number| unsafe { *environment.add(number) }).take_while(|string| !string.is_null());
    // SAFETY: as above.
    strings.map(|string| unsafe { CStr::from_ptr(string) }.to_bytes()).find_map(|text| text.strip_prefix(VARIABLE))
}

extern "C" fn start(_count: c_int, _words: *const *const c_char, environment: *const *const c_char) {
    // SAFETY: the loader of glibc hands what `main` will get.
    let Some(value) = (unsafe { variable(environment) }) else { return };
    let mut numbers = value.split(|byte| *byte == b':').map(number);
    let (Some(Some(harness)), Some(Some(memory)), Some(Some(line))) = (numbers.next(), numbers.next(), numbers.next())
    else {
        return;
    };
    let Some(page) = map(harness, memory) else { return };
    // SAFETY: what is mapped stays so, and is as long as a page.
    let shared = unsafe { &*page };
    if shared.magic.load(SeqCst) != MAGIC {
        return;
    }
    // SAFETY: takes no pointer.
    hold_on(harness, line, -unsafe { syscall(nr::GETPGID, [0; 6]) });
    HARNESS.store(harness, SeqCst);
    LINE.store(line, SeqCst);
    // SAFETY: the function has the signature that is asked for, and makes nothing but system calls.
    unsafe { pthread_atfork(None, None, Some(forked)) };
    let mut text = (0_usize, 0_usize);
    // SAFETY: the function has the signature that is asked for, and what it writes to lives for the call.
    unsafe { dl_iterate_phdr(visit, (&raw mut text).cast()) };
    if text.0 == 0 {
        shared.refused.store(u32::MAX, SeqCst);
        return;
    }
    // SAFETY: the loader mapped this code to be read, and libc stays.
    let code = unsafe { core::slice::from_raw_parts(text.0 as *const u8, text.1) };
    let mut room = [0; sites::MOST];
    // What this process armed as another program is void, but for its alarm, which outlives `exec`.
    let pid = pid();
    for slot in shared.slots.iter().take(shared.used.load(SeqCst) as usize) {
        let is_own = slot.state.load(SeqCst) >= ARMED && slot.pid.load(SeqCst) == pid;
        if is_own && slot.kind.load(SeqCst) != ITIMER {
            slot.state.store(FREE, SeqCst);
        }
    }
    random::set_ordinal(shared.attached.fetch_add(1, SeqCst));
    let is_taken = signals::take();
    // SAFETY: as above.
    unsafe { adopt(page) };
    let installed = if is_taken { filter::install(&Sites::of(code, &mut room)) } else { Err(1) };
    if let Err(error) = installed {
        leave();
        shared.refused.store(error, SeqCst);
    }
}

fn number(digits: &[u8]) -> Option<usize> {
    let digit = |sum: Option<usize>, byte: &u8| match byte {
        b'0'..=b'9' => sum?.checked_mul(10)?.checked_add(usize::from(byte - b'0')),
        _ => None,
    };
    digits.iter().fold((!digits.is_empty()).then_some(0), digit)
}

/// Opens what another process has open.
fn open(process: usize, descriptor: usize, flags: usize) -> Option<usize> {
    let mut path = [0_u8; 64];
    let mut length = 0;
    let mut write = |text: &[u8]| {
        path[length..length + text.len()].copy_from_slice(text);
        length += text.len();
    };
    let decimal = |mut number: usize, write: &mut dyn FnMut(&[u8])| {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        write(&digits[at..]);
    };
    write(b"/proc/");
    decimal(process, &mut write);
    write(b"/fd/");
    decimal(descriptor, &mut write);
    // SAFETY: the path ends with a zero and lives for the call.
    let opened = unsafe { syscall(nr::OPENAT, [AT_FDCWD, path.as_ptr() as usize, flags | O_CLOEXEC, 0, 0, 0]) };
    usize::try_from(opened).ok()
}

fn close(descriptor: usize) {
    // SAFETY: takes no pointer.
    unsafe { syscall(nr::CLOSE, [descriptor, 0, 0, 0, 0, 0]) };
}

/// Maps the coordinator's page.
fn map(harness: usize, memory: usize) -> Option<*mut Page> {
    let descriptor = open(harness, memory, O_RDWR)?;
    let length = size_of::<Page>();
    // SAFETY: a new mapping at an address that the kernel chooses.
    let at = unsafe { syscall(nr::MMAP, [0, length, PROT_READ_WRITE, MAP_SHARED, descriptor, 0]) };
    close(descriptor);
    (at > 0).then_some(at as *mut Page)
}

/// Where the lifeline is found, and this process's own end of it.
static HARNESS: AtomicUsize = AtomicUsize::new(0);
static LINE: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);

/// Ends `owner`, a process or a negative number of a group, when the coordinator's end of the lifeline is closed, which
/// happens at the latest when it is killed: without it, nobody would ever wake who waits.
fn hold_on(harness: usize, line: usize, owner: isize) {
    let Some(low) = open(harness, line, O_NONBLOCK) else { return };
    // SAFETY: none of these takes a pointer.
    unsafe {
        let high = syscall(nr::FCNTL, [low, F_DUPFD_CLOEXEC, HIGH, 0, 0, 0]);
        close(low);
        let Ok(line) = usize::try_from(high) else { return };
        HELD.store(line, SeqCst);
        syscall(nr::FCNTL, [line, F_SETOWN, owner as usize, 0, 0, 0]);
        syscall(nr::FCNTL, [line, F_SETSIG, SIGKILL, 0, 0, 0]);
        syscall(nr::FCNTL, [line, F_SETFL, O_ASYNC | O_NONBLOCK, 0, 0, 0]);
    }
}

/// A child holds on by itself: it may leave the group of its parent.
extern "C" fn forked() {
    close(HELD.load(SeqCst));
    hold_on(HARNESS.load(SeqCst), LINE.load(SeqCst), pid() as isize);
}

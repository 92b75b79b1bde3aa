//! Ctrl-C: the program ends at once with exit code 130, and leaves no half-written file.

use crate::cli::console::note;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

/// The exit code of an interrupted program: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

/// Time for a process that was ended to be gone.
#[cfg(target_os = "linux")]
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// The file that is being written, under the name that it has until it is whole.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on Ctrl-C ends the program.
pub(super) fn watch() {
    let handler = || {
        // The lock is never given back: no file can be begun or finished any more.
        let unfinished = unfinished();
        if let Some(path) = unfinished.as_deref() {
            let _ = fs::remove_file(path);
        }
        Group::kill_all();
        note("interrupted");
        std::process::exit(INTERRUPTED);
    };
    // A handler that cannot be set leaves the default: the process ends too, with what it has not finished.
    let _ = ctrlc::set_handler(handler);
}

/// Makes a file with `make`, which is removed if the program is interrupted before [`undisturbed`].
pub(super) fn begin<T>(path: &Path, make: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
    let mut unfinished = unfinished();
    *unfinished = Some(path.to_owned());
    make()
}

/// Does a step that an interruption waits for, and after which no file is unfinished.
pub(super) fn undisturbed(step: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<()> {
    let mut unfinished = unfinished();
    *unfinished = None;
    step()
}

/// Process groups of programs that run for this one, which end with it.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// The process group of a program.
#[derive(Debug)]
pub(super) struct Group(u32);

impl Group {
    /// The group that the process `leader` leads.
    pub(super) fn new(leader: u32) -> Self {
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).insert(leader);
        Self(leader)
    }

    /// Asks all of it to end.
    pub(super) fn ask(&self) {
        signal(self.0, Sign::Terminate);
    }

    /// Ends all of it.
    pub(super) fn kill(&self) {
        signal(self.0, Sign::Kill);
    }

    /// Whether any of it is still there.
    pub(super) fn is_alive(&self) -> bool {
        signal(self.0, Sign::Test)
    }

    fn kill_all() {
        for group in GROUPS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            signal(*group, Sign::Kill);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// What a group is told.
#[derive(Debug, Clone, Copy)]
enum Sign {
    Terminate,
    Kill,
    Test,
}

/// Whether there was anybody to tell.
#[cfg(unix)]
fn signal(group: u32, sign: Sign) -> bool {
    use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
    let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) else { return false };
    let told = match sign {
        Sign::Terminate => kill_process_group(group, Signal::TERM),
        Sign::Kill => kill_process_group(group, Signal::KILL),
        Sign::Test => test_kill_process_group(group),
    };
    told.is_ok()
}

/// Elsewhere there are no groups: only the program itself is ended.
#[cfg(not(unix))]
fn signal(_group: u32, _sign: Sign) -> bool {
    false
}

/// From now on processes that programs of this one leave behind become its own, so that they can be found and ended.
pub(super) fn adopt() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Ends what programs of this one have left behind, after all of them have ended: what, in words.
#[cfg(target_os = "linux")]
pub(super) fn sweep() -> Option<String> {
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
    // Whoever was ended just now needs a moment to be gone; whoever was left behind stays.
    let begun = Instant::now();
    let left: Vec<(Pid, String)> = loop {
        let left: Vec<_> = children().collect();
        if left.is_empty() || begun.elapsed() > LAST_MOMENT {
            break left;
        }
        std::thread::sleep(LAST_MOMENT / 50);
    };
    for (pid, _) in &left {
        let _ = kill_process(*pid, Signal::KILL);
        let _ = waitpid(Some(*pid), WaitOptions::empty());
    }
    let names: Vec<&str> = left.iter().map(|(_, name)| name.as_str()).collect();
    (!left.is_empty()).then(|| {
        format!(
            "{} ({})",
            if left.len() == 1 { "a process".to_owned() } else { format!("{} processes", left.len()) },
            names.join(", ")
        )
    })
}

/// Elsewhere nothing is adopted.
#[cfg(not(target_os = "linux"))]
pub(super) fn sweep() -> Option<String> {
    None
}

/// The living children of this process, with their names.
#[cfg(target_os = "linux")]
fn children() -> impl Iterator<Item = (rustix::process::Pid, String)> {
    let own = std::process::id().to_string();
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(move |entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        // `PID (NAME) STATE PARENT …`, where the name may hold anything.
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace();
        let is_alive = fields.next()? != "Z";
        let is_own = fields.next()? == own;
        let name = head.split_once('(').map_or("?", |(_, name)| name).to_owned();
        (is_alive && is_own).then_some((rustix::process::Pid::from_raw(pid)?, name))
    })
}

//! Starting programs. Until a new process has become its program, it holds everything that this process has open: what a server
//! closes meanwhile stays open, and its client does not hear of the end. The server may belong to another program, which is led
//! beside it.

use super::thread::Thread;
use super::{Requirement, Warp};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Processes of this one that have not become their programs yet.
static STARTING: AtomicUsize = AtomicUsize::new(0);
/// No process takes longer for the last of its steps, and for the one before, unless nobody can see that it has taken it.
const LONGEST: Duration = Duration::from_secs(30);
const DOUBTFUL: Duration = Duration::from_millis(100);
/// How often it is looked whether all have been started.
const BREATH: Duration = Duration::from_micros(50);

struct Starting;

impl Starting {
    fn begin() -> Self {
        STARTING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        STARTING.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Warp {
    /// Starts a program that lives in this time, in a process group of its own: the kernel ends that group when the last
    /// `Warp` of this time is dropped. No time that is led in this process moves meanwhile.
    ///
    /// # Errors
    ///
    /// Those of starting it.
    pub fn start(&self, command: &mut Command) -> io::Result<Child> {
        command.envs(self.environment()).process_group(0);
        alone(|| command.spawn())
    }
}

/// Whether a process of this one holds what others close.
fn is_any() -> bool {
    STARTING.load(Ordering::SeqCst) > 0 && Requirement::Start.is_met()
}

/// Waits until nothing that has been closed by now is held.
pub(super) fn await_others() {
    while is_any() {
        sleep(BREATH);
    }
}

fn alone(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    let _starting = Starting::begin();
    let child = start()?;
    // The kernel lets a parent go on when the child has memory of its own, and closes what is not to be kept after that.
    let from = Instant::now();
    while child.id().is_some_and(|pid| is_becoming(pid, from.elapsed())) {
        yield_now();
    }
    Ok(child)
}

/// Whether the program of a process that was started so long ago has not been loaded yet: it still runs the code of this one, or
/// none.
fn is_becoming(pid: u32, ago: Duration) -> bool {
    let image = |pid| {
        let stat = Thread::open(pid, pid).ok()?.stat().filter(|stat| !matches!(stat.state, b'Z' | b'X'))?;
        Some(stat.image)
    };
    match image(pid) {
        None => false,
        Some((0, _)) => ago < LONGEST,
        // Without random addresses this program may have become itself.
        Some(other) => Some(other) == image(std::process::id()) && ago < DOUBTFUL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// Promise: whoever leads a program waits while a process is being started, for whichever program that is, and goes on when
    /// it has become one.
    #[test]
    fn all_wait_while_a_process_is_being_started() {
        let (begun, has_begun) = channel();
        let (go_on, may_go_on) = channel();
        let starting = std::thread::spawn(move || {
            alone(|| {
                begun.send(()).expect("somebody waits");
                may_go_on.recv().expect("somebody says so");
                Err(io::ErrorKind::NotFound.into())
            })
        });
        has_begun.recv().expect("it starts");
        assert!(is_any());
        let (goes_on, has_gone_on) = channel();
        std::thread::spawn(move || {
            await_others();
            goes_on.send(()).expect("somebody waits");
        });
        assert!(has_gone_on.recv_timeout(Duration::from_millis(50)).is_err());
        go_on.send(()).expect("it waits");
        assert!(starting.join().expect("no panic").is_err());
        has_gone_on.recv().expect("it goes on");
    }

    /// Promise: whoever is started has become its program, and holds nothing of this process.
    #[tokio::test]
    async fn who_has_been_started_holds_nothing_of_others() {
        for _ in 0..50 {
            let held = std::fs::File::open("/proc/self/stat").expect("a file");
            let mut child = alone(|| Command::new("sleep").arg("60").kill_on_drop(true).spawn()).expect("it starts");
            let open = std::fs::read_dir(format!("/proc/{}/fd", child.id().expect("it runs"))).expect("it runs");
            let files: Vec<_> = open.flatten().filter_map(|fd| std::fs::read_link(fd.path()).ok()).collect();
            drop(held);
            assert!(files.iter().all(|file| !file.ends_with("stat")), "{files:?}");
            child.kill().await.expect("it runs");
        }
    }
}

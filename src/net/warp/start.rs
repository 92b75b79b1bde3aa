//! Starting programs. Until a new process has become its program, it holds everything that this process has open: what a server
//! closes meanwhile stays open, and its client does not hear of the end. The server may belong to another program, which is led
//! beside it.

use super::thread::Thread;
use super::{Requirement, Warp};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::yield_now;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// Processes of this one that have not become their programs yet.
static STARTING: AtomicUsize = AtomicUsize::new(0);
/// No process takes longer for the last of its steps, unless nobody can see that it has.
const LONGEST: Duration = Duration::from_millis(100);

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
    /// Starts a program that lives in this time. No time that is led in this process moves meanwhile.
    ///
    /// # Errors
    ///
    /// Those of starting it.
    pub fn start(&self, command: &mut Command) -> io::Result<Child> {
        command.envs(self.environment());
        alone(|| command.spawn())
    }
}

/// Whether a process of this one holds what others close.
pub(super) fn is_any() -> bool {
    STARTING.load(Ordering::SeqCst) > 0 && Requirement::Start.is_met()
}

fn alone(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    let _starting = Starting::begin();
    let child = start()?;
    // The kernel lets a parent go on when the child has memory of its own, and closes what is not to be kept after that.
    let from = Instant::now();
    while child.id().is_some_and(is_becoming) && from.elapsed() < LONGEST {
        yield_now();
    }
    Ok(child)
}

/// Whether a process still runs the code of this one, or none: its program has not been loaded yet.
fn is_becoming(pid: u32) -> bool {
    let image = |pid| {
        Thread::open(pid, pid).ok()?.stat().filter(|stat| !matches!(stat.state, b'Z' | b'X')).map(|stat| stat.image)
    };
    image(pid).is_some_and(|(code, stack)| code == 0 || Some((code, stack)) == image(std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::super::quiet::{Quiet, Unrest};
    use super::*;
    use std::sync::mpsc::channel;

    /// Promise: no time moves while a process is being started, for whichever program that is, and all do when it has become one.
    #[tokio::test]
    async fn time_stands_still_while_a_process_is_being_started() {
        let warp = Warp::new(1).expect("what virtual time needs");
        let mut driver = warp.driver().expect("this process");
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
        assert!(matches!(driver.look(), Ok(Quiet::No(Unrest::Running))));
        go_on.send(()).expect("it waits");
        assert!(starting.join().expect("no panic").is_err());
        // Others may start programs beside this test.
        while !matches!(driver.look(), Ok(Quiet::Yes(_))) {
            yield_now();
        }
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

//! The program under test as a process: in a group of its own, with bounded output, and ended with all that it started.

use super::time::Time;
use crate::cli::console::Failure;
use crate::cli::interrupt;
use crate::suggest;
use std::collections::VecDeque;
#[cfg(warp)]
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a program may take to end after its answer, or a stream program after the end of its input.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
#[cfg(warp)]
const LED_TO_DEATH: &str =
    "a process was ended by SIGSYS, the signal that leads it in virtual time, which it blocks without libc";
/// Bytes of a log that are kept.
const MOST_LOG: usize = 16 << 10;
/// Longest line that is read as an answer.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// The end of what a program writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<VecDeque<u8>>>);

impl Log {
    pub(super) fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&bytes[bytes.len().saturating_sub(MOST_LOG)..]);
        let surplus = kept.len().saturating_sub(MOST_LOG);
        kept.drain(..surplus);
    }

    pub(super) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept.iter().copied().collect::<Vec<u8>>()).into_owned()
    }
}

/// A running program, ended with its whole group when dropped.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    group: Option<interrupt::Group>,
    /// What it writes to standard error.
    pub(super) log: Log,
}

/// Whether the program can be started, and asks for nothing that is not there, before anything is tried with it.
pub(in crate::cli) fn startable(command: &[String]) -> Result<(), Failure> {
    let program = &command[0];
    let found = if program.contains(std::path::MAIN_SEPARATOR) {
        Some(PathBuf::from(program)).filter(|path| path.exists())
    } else {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let there = || std::env::split_paths(&paths).map(|folder| folder.join(program)).filter(|path| path.is_file());
        there().find(|path| is_executable(path)).or_else(|| there().next())
    };
    let why = match found {
        None => format!("there is no program `{program}`: check its name, its path, and PATH"),
        Some(path) if path.is_dir() => format!("`{program}` is a folder, not a program"),
        Some(path) if !is_executable(&path) => {
            format!("`{program}` is not executable: try chmod +x, or name its interpreter")
        }
        Some(_) => return command.iter().try_for_each(|word| placeholders(word)),
    };
    Err(Failure::Input(why))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

/// Refuses what is nearly one of the words that are replaced, and so is not.
fn placeholders(word: &str) -> Result<(), Failure> {
    const KNOWN: [&str; 4] = ["base_url", "model", "task_id", "deadline_ms"];
    // What stands after a dollar sign is the shell's, or JavaScript's.
    let pieces: Vec<&str> = word.split('{').collect();
    let own = pieces.windows(2).filter(|pair| !pair[0].ends_with('$'));
    let names = own.filter_map(|pair| Some(pair[1].split_once('}')?.0));
    for name in names.filter(|name| !KNOWN.contains(name) && name.to_lowercase() == *name) {
        if let Some(near) = suggest::closest(name, KNOWN) {
            return Err(Failure::Input(format!("there is no placeholder {{{name}}}; did you mean {{{near}}}?")));
        }
    }
    Ok(())
}

impl Program {
    /// Starts it.
    pub(super) fn start(
        words: &[String],
        environment: &[(&str, String)],
        time: &Time,
        takes_input: bool,
    ) -> std::io::Result<(Self, ChildStdout, Option<ChildStdin>)> {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(if takes_input { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = time.start(&mut command)?;
        let group = child.id().map(interrupt::Group::new);
        let (output, input) = (child.stdout.take(), child.stdin.take());
        let log = Log::default();
        if let Some(errors) = child.stderr.take() {
            tokio::spawn(drain(errors, log.clone()));
        }
        let output = output.ok_or_else(|| std::io::Error::other("the program has no standard output"))?;
        Ok((Self { child, group, log }, output, input))
    }

    /// The number of its process, while it has one.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Why nobody knows what it would have done, if it has ended so: in virtual time SIGSYS comes from whoever leads it, and ends
    /// those who block that signal without libc, as a shell tells of its child.
    #[cfg(warp)]
    pub(super) fn doubt(&mut self, time: &Time) -> Option<String> {
        const TOLD: i32 = 128;
        let status = self.child.try_wait().ok().flatten().filter(|_| time.is_led())?;
        let signal = rustix::process::Signal::SYS.as_raw();
        let is_led_to_death = status.signal() == Some(signal) || status.code() == Some(TOLD + signal);
        is_led_to_death.then(|| format!("{LED_TO_DEATH} ({status})"))
    }

    #[cfg(not(warp))]
    pub(super) fn doubt(&mut self, _time: &Time) -> Option<String> {
        None
    }

    /// Ends it: first asked, then, after a while, told. Whether it had to be told.
    pub(super) async fn stop(&mut self, time: &Time) -> bool {
        if let Some(group) = &self.group {
            group.ask();
        }
        let is_slow = time.within(GRACE, self.child.wait()).await.is_none();
        self.kill();
        let _ = self.child.wait().await;
        is_slow
    }

    /// Ends it, and all of its group, at once.
    pub(super) fn kill(&mut self) {
        if let Some(group) = &self.group {
            group.kill();
        }
        let _ = self.child.start_kill();
    }

    /// Whether processes that it started are still there after its own end.
    pub(super) fn leaves_others(&self) -> bool {
        self.group.as_ref().is_some_and(interrupt::Group::is_alive)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads to the end, and keeps the last of it.
async fn drain(mut from: impl AsyncRead + Unpin, log: Log) {
    let mut bytes = vec![0; 8 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        log.push(&bytes[..count]);
    }
}

/// How a program ended, in words.
pub(super) fn ending(status: &std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

//! Peers: the lossy, adaptive workload in Python, by a process that takes turns with the contenders here.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Packages that do the workload, as `benches/peers/lockstep.py` knows them, and how.
const PACKAGES: [(&str, &str); 2] = [("numpy", "all tasks in lock-step"), ("numba", "one task after another")];

/// A Python process that waits for tasks as often as it is asked to.
pub(crate) struct Peer {
    pub(crate) name: String,
    child: Child,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
}

/// Sums over some tasks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) polls: f64,
    pub(crate) known: f64,
    pub(crate) delay: f64,
}

/// Those that `python3` has, and a paragraph on what they run on or why they are left out.
pub(crate) fn peers() -> (Vec<Peer>, String) {
    let (mut found, mut words) = (Vec::new(), String::new());
    for (package, how) in PACKAGES {
        match Peer::start(package, how) {
            Some((peer, versions)) => {
                words = format!("\n*Peers:* {versions}, on one core.\n");
                found.push(peer);
            }
            None => {
                words += &format!("\n*{package}* is left out: `python3` here has none (`pip install numpy numba`).\n");
            }
        }
    }
    (found, words)
}

impl Peer {
    fn start(package: &str, how: &str) -> Option<(Self, String)> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/lockstep.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(package).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Nothing in it asks for more than one thread; this says so to those that would start some anyway.
        let one = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"];
        let mut child = command.envs(one.map(|name| (name, "1"))).spawn().ok()?;
        let (asked, told) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        let name = format!("{package}, {how}, lossy, adaptive");
        let mut peer = Self { name, child, asked, told };
        let versions = peer.line()?;
        Some((peer, versions))
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.told.read_line(&mut line).ok()?;
        (length > 0).then(|| line.trim_end().to_owned())
    }

    /// Lets it wait for so many tasks.
    pub(crate) fn wait_for(&mut self, tasks: u64) -> Told {
        writeln!(self.asked, "{tasks}").expect("the peer listens");
        let line = self.line().expect("the peer answers");
        let sums: Vec<f64> = line.split(' ').map(|sum| sum.parse().expect("a number")).collect();
        let [polls, known, delay] = sums[..] else { panic!("{}: {line}", self.name) };
        Told { polls, known, delay }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The library that programs preload, carried as bytes, and what tells a program to take it.

use super::Missing;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::pipe::{PipeFlags, pipe_with};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, OwnedFd};

/// `preload/` as `build.rs` compiled it.
const LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/preload.so"));

/// The variable that tells where the page is.
pub(super) const VARIABLE: &str = "POLLBENCH_WARP";
const PRELOAD: &str = "LD_PRELOAD";
const NODE: &str = "NODE_OPTIONS";
const BASH: &str = "BASH_ENV";

/// What programs need of this process while they live: it is gone with it.
#[derive(Debug)]
pub(super) struct Library {
    file: File,
    /// What bash runs first; `None` where somebody has something else for it.
    bash: Option<File>,
    /// Ends the programs when the other end is closed.
    lifeline: OwnedFd,
    _held: OwnedFd,
}

impl Library {
    pub(super) fn new(seed: u64) -> Result<Self, Missing> {
        let file = in_memory("pollbench-preload", LIBRARY)?;
        let bash = match std::env::var_os(BASH) {
            None => Some(in_memory("pollbench-bash", format!("RANDOM={}\n", seed % 32_768).as_bytes())?),
            Some(_) => None,
        };
        let (lifeline, held) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| Missing::Memory(error.into()))?;
        Ok(Self { file, bash, lifeline, _held: held })
    }

    /// The value of [`VARIABLE`]: this process, and its descriptors of the page and of the lifeline.
    pub(super) fn mark(&self, page: i32) -> String {
        format!("{}:{page}:{}", std::process::id(), self.lifeline.as_raw_fd())
    }

    /// What a program finds in its environment. Whoever preloads something already keeps it, and keeps it first.
    pub(super) fn environment(&self, page: i32, seed: u64) -> Vec<(&'static str, OsString)> {
        let path = |file: &File| format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        let library = path(&self.file);
        let preload = match std::env::var_os(PRELOAD) {
            Some(mut others) if !others.is_empty() => {
                others.push(":");
                others.push(library);
                others
            }
            Some(_) | None => library.into(),
        };
        let bash = self.bash.as_ref().map(|file| (BASH, path(file).into()));
        let own = [
            (VARIABLE, self.mark(page).into()),
            (PRELOAD, preload),
            // Rings of the kernel wait where nobody can see it.
            ("UV_USE_IO_URING", "0".into()),
            ("PYTHONHASHSEED", (seed % 4_294_967_295).to_string().into()),
            ("PERL_HASH_SEED", "0".into()),
            ("PERL_RAND_SEED", (seed % 4_294_967_295).to_string().into()),
            (NODE, node_options(seed)),
        ];
        own.into_iter().chain(bash).collect()
    }
}

fn in_memory(name: &str, bytes: &[u8]) -> Result<File, Missing> {
    let made = memfd_create(name, MemfdFlags::CLOEXEC).map_err(|error| Missing::Memory(error.into()));
    let mut file = File::from(made?);
    file.write_all(bytes).map_err(Missing::Memory)?;
    Ok(file)
}

/// What Node is started with: `Math.random` that the seed decides (mulberry32), beside what others want of it.
fn node_options(seed: u64) -> OsString {
    let script = format!(
        "let s={};Math.random=()=>{{s=s+0x6D2B79F5|0;let t=Math.imul(s^s>>>15,1|s);t=t+Math.imul(t^t>>>7,61|t)^t;\
         return((t^t>>>14)>>>0)/4294967296}}",
        seed % 4_294_967_296
    );
    let mut options = std::env::var_os(NODE).unwrap_or_default();
    options.push(" --import=data:text/javascript,");
    options.push(utf8_percent_encode(&script, NON_ALPHANUMERIC).to_string());
    options
}

//! What virtual time needs of a system, and whether it is there.

use super::rules::Requirement;
use std::fs;
use std::io;

/// What virtual time needs and this system does not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Missing {
    /// Memory to share.
    #[error("programs cannot share memory with this one: {0}")]
    Memory(io::Error),
    /// Filters for system calls.
    #[error("the kernel has no seccomp filters that stop system calls (SECCOMP_RET_TRAP)")]
    Seccomp,
    /// What `/proc` tells of threads.
    #[error("{file} cannot be read: {error}")]
    Threads {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// What the kernel tells of sockets.
    #[error("the kernel does not tell of sockets (inet_diag): {0}")]
    Sockets(io::Error),
}

/// Whether the system tells what must be known.
pub(super) fn probe() -> Result<(), Missing> {
    let actions = fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail").unwrap_or_default();
    if !Requirement::Seccomp.is_met() || !actions.split_whitespace().any(|action| action == "trap") {
        return Err(Missing::Seccomp);
    }
    for name in ["stat", "schedstat", "syscall", "children"] {
        let file = format!("/proc/thread-self/{name}");
        Requirement::Threads.met().and_then(|()| fs::read(&file)).map_err(|error| Missing::Threads { file, error })?;
    }
    Ok(())
}

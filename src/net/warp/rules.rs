//! What virtual time stands on. A test build can do without each of these, by `POLLBENCH_WARP_WITHOUT`, to show what then
//! goes wrong, or what is said; any other build never asks.

/// A rule of quiescence, or something that the system must offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requirement {
    /// Everybody sleeps, in a system call.
    Rest,
    /// What one end of a connection has sent the other has received.
    Flight,
    /// What has come the server has read.
    Bell,
    /// Nobody sleeps until a real time.
    Leak,
    /// Each process has the library.
    Stranger,
    /// Memory that is shared.
    Memory,
    /// Filters for system calls.
    Seccomp,
    /// What `/proc` tells of threads.
    Threads,
    /// What the kernel tells of sockets.
    Sockets,
}

impl Requirement {
    /// Whether it is there, or kept.
    #[cfg(not(debug_assertions))]
    pub(super) fn is_met(self) -> bool {
        let _ = self;
        true
    }

    /// Whether it is there, or kept: all but what a test takes away.
    #[cfg(debug_assertions)]
    pub(super) fn is_met(self) -> bool {
        static WITHOUT: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| std::env::var("POLLBENCH_WARP_WITHOUT").unwrap_or_default());
        WITHOUT.is_empty() || *WITHOUT != format!("{self:?}").to_lowercase()
    }

    /// An error where it is not.
    pub(super) fn met(self) -> std::io::Result<()> {
        if self.is_met() { Ok(()) } else { Err(std::io::ErrorKind::Unsupported.into()) }
    }
}

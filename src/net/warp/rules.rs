//! What virtual time stands on: rules of quiescence, and what the system must offer. A test build can do without one of them,
//! which `POLLBENCH_WARP_WITHOUT` names, to show what then goes wrong or what is said; any other build never asks.

/// A rule of quiescence, or something that the system must offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requirement {
    /// The server has done all that it can.
    Turns,
    /// No process is being started, which holds what others close.
    Start,
    /// Every thread is said to sleep.
    State,
    /// Every thread sits in a system call.
    Call,
    /// No thread has run between the two looks.
    Runs,
    /// No thread is about to run at the second look.
    Again,
    /// A process has no more threads than were looked at.
    Whole,
    /// What one end of a connection has sent the other has received.
    Flight,
    /// No packet is queued between sockets.
    Backlog,
    /// What has come the server has read.
    Bell,
    /// The server has heard of the program's end.
    News,
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

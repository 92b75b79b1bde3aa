//! Where and how a plan is run with the real client, and why it could not be.

use crate::client::InvalidClient;
use crate::net::clock::InvalidScale;
use std::io;

/// Where a plan is run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LiveTarget {
    /// In memory, on a paused clock.
    Virtual,
    /// Against the mock over sockets of this machine.
    Wire {
        /// Scenario seconds per real second.
        scale: f64,
    },
    /// Against somebody else's server, in real time.
    Remote {
        /// Its base URL, with or without `/api/v1`.
        base_url: String,
        /// The key to send.
        api_key: String,
        /// Scenario seconds per real second, for a server that runs at such a scale.
        scale: f64,
    },
}

/// How to run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveOptions {
    /// Worlds at a time, at least 1.
    pub worlds: usize,
    /// Keep a few tasks of the first replicate request by request.
    pub sample: bool,
}

/// Why a plan could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// A strategy that real clients of this version cannot follow.
    #[error(
        "the strategy `{strategy}` shares a limit and listens for webhooks; this engine runs such limits with the channel \"poll\" only"
    )]
    Unsupported {
        /// The strategy.
        strategy: String,
    },
    /// A webhook needs a server that can reach this machine.
    #[error(
        "the strategy `{strategy}` waits for webhooks, which a server elsewhere cannot deliver here; leave it out with --strategies"
    )]
    Webhook {
        /// The strategy.
        strategy: String,
    },
    /// Time cannot run at this pace.
    #[error(transparent)]
    Scale(#[from] InvalidScale),
    /// The base URL or the key cannot be used.
    #[error(transparent)]
    Client(#[from] InvalidClient),
    /// A server elsewhere is not there, or does not take the key.
    #[error("{base_url} cannot be used: {message}; no task was submitted")]
    Refused {
        /// Its base URL.
        base_url: String,
        /// What it said, or why it said nothing.
        message: String,
    },
    /// A runtime or a socket could not be had.
    #[error("cannot start a server and a client: {0}")]
    Start(#[from] io::Error),
}

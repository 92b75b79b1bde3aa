//! Strategies: how a client waits. Pure state machines, without clock, I/O or randomness of their own.

pub mod composition;

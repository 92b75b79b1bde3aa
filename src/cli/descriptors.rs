//! How many connections this process may have open.

/// Files that are open beside connections: output, runtimes, listeners.
const OTHERS: u64 = 64;

/// Raises the limit of open files as far as the system lets it, and says how many connections fit under it. A server that
/// runs out of descriptors can not even say that it is full.
#[cfg(unix)]
pub(super) fn most_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Some systems name a maximum that they do not grant; then the limit stays what it was.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let granted = if raised.is_ok() { limit.maximum } else { limit.current };
    granted.map_or(usize::MAX, |files| usize::try_from(files.saturating_sub(OTHERS).max(1)).unwrap_or(usize::MAX))
}

/// There is no such limit to ask for.
#[cfg(not(unix))]
pub(super) fn most_connections() -> usize {
    usize::MAX
}

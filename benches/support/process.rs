//! What the system says of this process. Only Linux does, in `/proc`; elsewhere there is no figure.

use crate::support::arguments::Arguments;
use std::process::Command;

/// The argument by which a bench tells its child what to weigh.
const WEIGH: &str = "--weigh";

/// Seconds of CPU that threads of this name, of at most 15 bytes, have used; `None` also where there is no such thread.
pub(crate) fn cpu_of(name: &str) -> Option<f64> {
    let mut nanos: Option<f64> = None;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let folder = thread.ok()?.path();
        // Threads come and go.
        let Ok(own) = std::fs::read_to_string(folder.join("comm")) else { continue };
        if own.trim_end() == name {
            let times = std::fs::read_to_string(folder.join("schedstat")).ok()?;
            nanos = Some(nanos.unwrap_or(0.0) + times.split(' ').next()?.parse::<f64>().ok()?);
        }
    }
    nanos.map(|nanos| nanos * 1e-9)
}

/// A size of this process in bytes, by its name in `/proc`.
fn size(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? * 1_024.0)
}

/// Something that is weighed: made of so many parts, in a process of its own.
pub(crate) struct Load {
    pub(crate) name: &'static str,
    /// Makes a few parts, so that what comes once is there; then says how to make `parts` more, and keeps all of them.
    pub(crate) make: fn(parts: usize, weigh: &mut dyn FnMut()),
}

/// Bytes by which a process grew for each of `parts` parts, where the system tells.
pub(crate) fn bytes_each(name: &str, parts: usize) -> Option<f64> {
    let (grown, _) = weighed(name, parts)?;
    Some(grown / parts as f64)
}

/// Bytes of a process that made `parts` parts, at its largest.
pub(crate) fn bytes_at_most(name: &str, parts: usize) -> Option<f64> {
    let (_, peak) = weighed(name, parts)?;
    Some(peak)
}

/// Growth and peak of a child process that makes so many parts: here, what others let go of before would hide them.
fn weighed(name: &str, parts: usize) -> Option<(f64, f64)> {
    let child = Command::new(std::env::current_exe().ok()?).args([WEIGH, name, &parts.to_string()]).output();
    let output = child.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let (grown, peak) = text.trim().split_once(' ')?;
    Some((grown.parse().ok()?, peak.parse().ok()?))
}

/// Weighs and prints what the parent asks for; whether this process is such a child.
pub(crate) fn is_child(arguments: &Arguments, loads: &[Load]) -> bool {
    let Some([name, parts, ..]) = arguments.after(WEIGH) else { return false };
    let load = loads.iter().find(|load| load.name == name).unwrap_or_else(|| panic!("no load `{name}`"));
    let mut sizes = Vec::new();
    (load.make)(parts.parse().expect("the parent wrote a number"), &mut || sizes.push(size("VmRSS")));
    if let ([Some(before), Some(after)], Some(peak)) = (&sizes[..], size("VmHWM")) {
        println!("{} {peak}", after - before);
    }
    true
}

//! The program on a terminal: lines that fit, help that can be copied, warnings, and Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

fn program(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pollbench"));
    command.args(arguments.split_whitespace()).current_dir(folder).env_remove("COLUMNS");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(mut command: Command, input: &str) -> (i32, String, String) {
    let mut child = command.spawn().expect("the program starts");
    // Who refuses its arguments does not read.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code().expect("no signal"), text(stdout), text(stderr))
}

fn at_width(folder: &Path, arguments: &str, width: usize) -> String {
    let mut command = program(folder, arguments);
    command.env("COLUMNS", width.to_string());
    let (code, out, err) = run(command, "");
    assert_eq!(code, 0, "{arguments}: {err}");
    out
}

#[test]
fn no_line_for_people_is_longer_than_the_terminal() {
    let folder = TempDir::new().expect("a temporary folder");
    let of = |arguments: &str, width| at_width(folder.path(), arguments, width);
    of("compare documented --tasks 40 --replicates 4 --models sora-2,suno --quiet --out report", 120);
    for width in [60, 80, 120] {
        for command in [
            "compare documented --tasks 40 --replicates 4 --models sora-2,suno --quiet",
            "diff report report",
            "tune --model sora-2",
            "trace --strategy adaptive --model sora-2 --completes-at 94s --rtt 80ms",
            "list strategies",
            "list scenarios",
            "list models",
            "list faults",
            "list distributions",
        ] {
            let text = of(command, width);
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{command} at {width}: {line}");
            }
            // Nothing but figures that can be done without is left out.
            if command.starts_with("compare") {
                for kept in ["exponential-hardened", "polls/task", "delay p95", "lost", "cost/task", "seed 42"] {
                    assert!(text.contains(kept), "{kept} at {width}: {text}");
                }
            }
        }
    }
}

/// What users copy from help works: examples are not broken into lines.
#[test]
fn examples_in_help_are_the_same_on_any_terminal() {
    let folder = TempDir::new().expect("a temporary folder");
    let examples = |command: &str, width| -> Vec<String> {
        let text = at_width(folder.path(), &format!("{command} --help"), width);
        assert!(!text.contains('\u{a0}'), "{text}");
        let from = text.find("Example").unwrap_or_else(|| panic!("{command}: no examples"));
        text[from..].lines().filter(|line| line.starts_with("  ")).map(str::to_owned).collect()
    };
    for command in ["", "compare", "serve", "lab", "trace", "tune", "diff", "list", "validate", "schema"] {
        let wide = examples(command, 300);
        assert!(wide.iter().any(|line| line.contains("pollbench")), "{command}: {wide:?}");
        for width in [60, 80, 100] {
            assert_eq!(examples(command, width), wide, "{command} at {width}");
        }
    }
}

const SMALL: &str =
    "schema_version = 1\nname = \"small\"\ntasks = 30\nreplicates = 2\n[models.m]\ncompletion = \"94s\"\n";

#[test]
fn what_is_hardly_meant_is_valid_with_a_warning() {
    let folder = TempDir::new().expect("a temporary folder");
    let sleeps = "[[strategies]]\nname = \"x\"\nschedule = { kind = \"fixed\", first = \"60s\", interval = \"5s\" }\n";
    for (text, warning) in [
        (format!("{SMALL}[[strategies]]\npreset = \"basic\"\n"), None),
        (
            format!("horizon = \"1m\"\n{SMALL}[[strategies]]\npreset = \"basic\"\n"),
            Some(
                "model `m`: 0 % of its tasks end within the horizon of 1m, half of those that end take longer than 94s",
            ),
        ),
        (
            format!("{SMALL}{sleeps}limit = {{ kind = \"sum-of-sleeps\", max = \"59s\" }}\n"),
            Some("strategy `x` never polls on `m`: its limit of 59s is reached before its first poll"),
        ),
        (format!("{SMALL}{sleeps}limit = {{ kind = \"sum-of-sleeps\", max = \"61s\" }}\n"), None),
        (format!("{SMALL}{sleeps}limit = {{ kind = \"wall-clock\", deadline = \"59s\" }}\n"), None),
        (
            format!("horizon = \"95s\"\n{SMALL}{sleeps}limit = {{ kind = \"none\" }}\n").replace("60s", "96s"),
            Some("strategy `x` never polls on `m`: its first poll, at 96s, comes after the horizon, 95s"),
        ),
    ] {
        std::fs::write(folder.path().join("s.toml"), &text).expect("a file");
        let (code, out, err) = run(program(folder.path(), "validate s.toml"), "");
        assert_eq!(code, 0, "{err}");
        assert!(out.starts_with("s.toml: ok"), "{out}");
        assert_eq!(err.trim_end(), warning.map_or_else(String::new, |warning| format!("s.toml: warning: {warning}")));
    }
}

#[test]
fn observed_times_may_come_from_standard_input() {
    let folder = TempDir::new().expect("a temporary folder");
    let times: String = (0..40).map(|i| format!("{}\n", 60 + 7 * i % 90)).collect();
    let tune = "tune --observed - --column took_s";
    let (code, out, err) = run(program(folder.path(), tune), &format!("took_s\n{times}"));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("fitted to 40 observations"), "{out}");
    for (input, message) in [
        (format!("took\n{times}"), "there is no column `took_s`: did you mean `took`?"),
        ("took_s\n90\n\n\nlong\n".to_owned(), "line 5: `long` is not a duration"),
    ] {
        let (code, _, err) = run(program(folder.path(), tune), &input);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(message), "{err}");
    }
    let (code, _, err) = run(program(folder.path(), "tune --observed - --column took"), &format!("took\n{times}"));
    assert!(code == 2 && err.contains("what is the unit of `took`?"), "{err}");
}

#[test]
fn a_server_may_be_told_a_port_only() {
    let folder = TempDir::new().expect("a temporary folder");
    for address in ["0", "localhost:0", "127.0.0.1:0"] {
        let mut served = Ended(program(folder.path(), &format!("serve --addr {address}")).spawn().expect("it starts"));
        let mut first = String::new();
        BufReader::new(served.0.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
        assert!(first.starts_with("listening on http://127.0.0.1:"), "{address}: {first}");
    }
}

/// A process that does not outlive the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(target_os = "linux")]
mod interrupted {
    use super::*;

    /// Waits until the process has a handler for SIGINT, as the kernel says.
    fn listens(process: &Child) {
        loop {
            let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("it runs");
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask of signals");
            if u64::from_str_radix(caught.trim(), 16).expect("hexadecimal") & 0b10 != 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    fn interrupt(process: &Child) {
        let sent = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
        assert!(sent.expect("there is such a program").success());
    }

    fn files(folder: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut names = Vec::new();
        for entry in entries.flatten() {
            match entry.path() {
                path if path.is_dir() => names.extend(files(&path)),
                path => names.push(path.display().to_string()),
            }
        }
        names
    }

    #[test]
    fn any_run_ends_with_130_and_writes_nothing() {
        for engine in [
            "--engine sim --tasks 100000 --replicates 1000",
            "--engine virtual --tasks 100000",
            "--engine wire --tasks 20",
        ] {
            let folder = TempDir::new().expect("a temporary folder");
            let run = format!("compare documented --models sora-2 --out report {engine}");
            let mut running = Ended(program(folder.path(), &run).spawn().expect("it starts"));
            listens(&running.0);
            interrupt(&running.0);
            assert_eq!(running.0.wait().expect("it ends").code(), Some(130), "{engine}");
            assert_eq!(files(folder.path()), Vec::<String>::new(), "{engine}");
            let mut told = String::new();
            running.0.stderr.take().expect("piped").read_to_string(&mut told).expect("UTF-8");
            assert_eq!(told, "interrupted\n", "{engine}");
        }
    }

    /// However far the writing had come: what has its name is whole, and nothing else is there.
    #[test]
    fn no_file_is_left_half_written() {
        let folder = TempDir::new().expect("a temporary folder");
        let run =
            "compare documented --models sora-2 --strategies basic --tasks 100000 --replicates 1 --per-task --out .";
        let mut running = Ended(program(folder.path(), run).spawn().expect("it starts"));
        while !files(folder.path()).iter().any(|name| name.contains("tasks.")) {
            assert!(running.0.try_wait().expect("it can be asked").is_none(), "it ended");
            std::thread::yield_now();
        }
        interrupt(&running.0);
        let code = running.0.wait().expect("it ends").code();
        assert!(code == Some(130) || code == Some(0), "{code:?}");
        for name in files(folder.path()) {
            assert!(!name.contains("tmp-"), "{name}");
            if name.ends_with("tasks.csv") {
                let lines = std::fs::read_to_string(&name).expect("text").lines().count();
                assert_eq!(lines, 100_001);
            }
        }
    }

    #[test]
    fn a_server_with_a_stalled_request_ends_at_once() {
        let folder = TempDir::new().expect("a temporary folder");
        let stalling = format!(
            "{SMALL}[[strategies]]\npreset = \"basic\"\n[[faults]]\nkind = \"stall\"\nprobability = 1.0\nroute = \"submit\"\n"
        );
        std::fs::write(folder.path().join("s.toml"), stalling).expect("a file");
        let mut served = Ended(program(folder.path(), "serve s.toml --addr 0").spawn().expect("it starts"));
        let mut first = String::new();
        BufReader::new(served.0.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
        let address = first.trim().strip_prefix("listening on http://").expect("where it listens");
        let mut stalled = std::net::TcpStream::connect(address).expect("it listens");
        stalled
            .write_all(b"POST /api/v1/generateTask/m HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: 24\r\n\r\n{\"input\":{\"prompt\":\"x\"}}")
            .expect("it reads");
        interrupt(&served.0);
        assert_eq!(served.0.wait().expect("it ends").code(), Some(130));
        // The journal would tell that the request was there; the connection tells that nothing answered.
        let mut answer = Vec::new();
        let _ = stalled.read_to_end(&mut answer);
        assert_eq!(answer, b"");
    }
}

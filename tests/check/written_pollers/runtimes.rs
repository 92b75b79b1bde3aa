//! A poller in any of the languages as a process: how a file becomes one, what it is run for, and what it says.

use crate::interpreter::direct;
use pollbench::mock::MockApixo;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Scenario seconds per real one.
pub(crate) const SCALE: f64 = 100.0;
/// A language: its name, what a file of it is called, how it is run, and how its runtime is asked for.
pub(crate) struct Runtime {
    pub(crate) language: &'static str,
    pub(crate) file: &'static str,
    run: Run,
    present: &'static str,
}

/// How a file becomes a process.
enum Run {
    /// This program takes it.
    Read(&'static str),
    /// These words make a program of it, the one that is named after them.
    Compiled(&'static [&'static str]),
}

impl Runtime {
    /// Whether its programs can be led through virtual time: those of Go make system calls of their own.
    pub(crate) fn lives_in_virtual_time(&self) -> bool {
        self.language != "go"
    }

    /// The words that run a file. What has to be compiled is compiled into `folder`, once for all tasks.
    pub(crate) fn words(&self, file: &Path, folder: &Path) -> Vec<PathBuf> {
        match self.run {
            Run::Read(program) => vec![direct(program).into(), file.into()],
            Run::Compiled(words) => {
                let program = folder.join(format!("poller-{}", self.language));
                let output =
                    Command::new(words[0]).args(&words[1..]).arg(&program).arg(file).output().expect("it starts");
                assert!(output.status.success(), "{}: {}", self.language, String::from_utf8_lossy(&output.stderr));
                vec![program]
            }
        }
    }
}

pub(crate) const RUNTIMES: [Runtime; 6] = [
    Runtime {
        language: "js",
        file: "poller.mjs",
        run: Run::Read("node"),
        present: "node --version | grep -qE '^v(2[0-9]|[3-9])'",
    },
    Runtime {
        language: "ts",
        file: "poller.ts",
        run: Run::Read("node"),
        present: "node --version | grep -qE '^v(22\\.(1[89]|[2-9])|2[3-9]|[3-9])'",
    },
    Runtime { language: "python", file: "poller.py", run: Run::Read("python3"), present: "python3 --version" },
    Runtime { language: "go", file: "poller.go", run: Run::Compiled(&["go", "build", "-o"]), present: "go version" },
    Runtime { language: "sh", file: "poller.sh", run: Run::Read("sh"), present: "curl --version && jq --version" },
    Runtime {
        language: "rust",
        file: "poller.rs",
        run: Run::Compiled(&["rustc", "--edition", "2021", "-D", "warnings", "-o"]),
        present: "rustc --version && curl --version",
    },
];

pub(crate) fn present() -> Vec<&'static Runtime> {
    let (here, missing): (Vec<_>, Vec<_>) = RUNTIMES.iter().partition(|runtime| {
        let asked =
            Command::new("sh").args(["-c", runtime.present]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    });
    for runtime in missing {
        eprintln!("{} is left out: its runtime is not here", runtime.language);
    }
    assert!(!here.is_empty(), "there is no runtime of any language");
    here
}

/// Runs the program, and gives what it prints.
pub(crate) fn pollbench(arguments: &[&str], folder: &Path, input: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pollbench"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it listens");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a poller for a task, and gives its last line.
pub(crate) async fn poll(runtime: &Runtime, words: &[PathBuf], mock: &MockApixo, model: &str, id: &str) -> Value {
    poll_and_hear(runtime, words, mock, (model, id), (0, None, SCALE)).await
}

/// The same for one that hears webhooks at `port`, any free one where that is 0, until a deadline in its own milliseconds, at
/// a time scale.
pub(crate) async fn poll_and_hear(
    runtime: &Runtime,
    words: &[PathBuf],
    mock: &MockApixo,
    (model, id): (&str, &str),
    (port, deadline_ms, scale): (u16, Option<u32>, f64),
) -> Value {
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .args([model, id])
        .env("APIXO_BASE_URL", mock.base_url())
        .env("APIXO_API_KEY", "any")
        .env("POLLBENCH_TIME_SCALE", scale.to_string())
        .env("APIXO_WEBHOOK_PORT", port.to_string())
        .envs(deadline_ms.map(|ms| ("POLLBENCH_DEADLINE_MS", ms.to_string())))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    for _ in 0..3_000 {
        if child.try_wait().expect("a child").is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // A minute is enough for anything: who is not done by then hangs, and is ended.
    let hangs = child.try_wait().expect("a child").is_none();
    child.kill().expect("a child");
    assert!(!hangs, "{} hangs", runtime.language);
    let output = child.wait_with_output().expect("it ended");
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| {
        let (status, errors) = (output.status, String::from_utf8_lossy(&output.stderr));
        panic!("{}: {error}: {status}: {text}{errors}", runtime.language)
    })
}

pub(crate) async fn submit(mock: &MockApixo, model: &str) -> String {
    submit_with(mock, model, r#"{"input":{"prompt":"a lighthouse"}}"#).await
}

pub(crate) async fn submit_with(mock: &MockApixo, model: &str, body: &str) -> String {
    let request = format!(
        "POST /api/v1/generateTask/{model} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer any\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(mock.base_url().trim_start_matches("http://")).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("text");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    let body: Value = serde_json::from_str(body).expect("JSON");
    body["data"]["taskId"].as_str().expect("an id").to_owned()
}

//! The documents keep their word: commands run as written, print what is shown, links lead somewhere, nothing is left out.
//!
//! In a `console` block `$ ` begins a command and the lines after it are what it prints; a line `...` stands for any lines,
//! `…` inside a line for any text. In a `sh` block every line is a command. A block whose fence names a file, as in
//! ```` ```toml grid.toml ````, is that file. `pollbench serve` runs in the background, on a port of its own, until the page
//! ends. A check in real time is cut to one short case, one in virtual time to eight. Of `cargo` commands only the names of examples, benches and tests are checked.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where the documents say that the mock listens.
const SAID: &str = "127.0.0.1:8787";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, by its path from the root.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "PERFORMANCE.md"].map(str::to_owned).into();
    pages.extend(["SECURITY.md", "RELEASING.md", "tests/README.md", "examples/README.md"].map(str::to_owned));
    let docs =
        fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    pages.extend(docs.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")));
    pages.sort();
    pages
}

fn text(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// A fenced block: its language, the file that it is, and its lines, without the indentation of the fence.
struct Block<'t> {
    language: &'t str,
    file: Option<&'t str>,
    lines: Vec<&'t str>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(fence) = lines.next() {
        let Some(info) = fence.trim_start().strip_prefix("```") else { continue };
        let indent = fence.len() - fence.trim_start().len();
        let mut words = info.split_whitespace();
        let (language, file) = (words.next().unwrap_or_default(), words.next());
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        blocks.push(Block { language, file, lines: inside.map(|line| line.get(indent..).unwrap_or("")).collect() });
    }
    blocks
}

/// A command, and the lines that it is said to print; `None` where nothing is said.
type Said<'t> = (&'t str, Option<Vec<&'t str>>);

fn commands<'t>(blocks: &[Block<'t>]) -> Vec<Said<'t>> {
    let mut commands: Vec<Said<'t>> = Vec::new();
    for block in blocks {
        match block.language {
            "sh" => commands.extend(block.lines.iter().filter(|line| !line.is_empty()).map(|line| (*line, None))),
            "console" => {
                for line in &block.lines {
                    match line.strip_prefix("$ ") {
                        Some(command) => commands.push((command, Some(Vec::new()))),
                        None => commands.last_mut().unwrap().1.as_mut().unwrap().push(*line),
                    }
                }
            }
            _ => {}
        }
    }
    commands
}

/// Whether `lines` are those of `pattern`.
fn fits(pattern: &[&str], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((&"...", rest)) => (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..])),
        Some((line, rest)) => lines.first().is_some_and(|first| fits_line(line, first)) && fits(rest, &lines[1..]),
    }
}

/// Whether a line is that of `pattern`, in which `…` stands for any text.
fn fits_line(pattern: &str, line: &str) -> bool {
    match pattern.split_once('…') {
        None => pattern == line,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|line| {
            line.char_indices().map(|(at, _)| at).chain([line.len()]).any(|at| fits_line(rest, &line[at..]))
        }),
    }
}

/// Programs beside the shell's own and pollbench that commands on pages need, where they are installed.
const TOOLS: &[&str] = &["node", "python3", "curl"];

/// Runs the commands of a page in a folder of its own.
struct Shell {
    folder: tempfile::TempDir,
    path: std::ffi::OsString,
    /// Mocks that run until the page ends, and where the last of them listens.
    mocks: Vec<Child>,
    address: Option<String>,
}

impl Shell {
    fn new() -> Self {
        let bin = Path::new(env!("CARGO_BIN_EXE_pollbench")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([bin.to_owned()].into_iter().chain(std::env::split_paths(&path))).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), path, mocks: Vec::new(), address: None }
    }

    fn lacks(&self, command: &str) -> bool {
        let is_there = |tool: &&str| std::env::split_paths(&self.path).any(|folder| folder.join(tool).exists());
        TOOLS.iter().any(|tool| command.split_whitespace().any(|word| word == *tool) && !is_there(tool))
    }

    fn sh(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.folder.path()).env("PATH", &self.path);
        shell
    }

    /// What a command prints. It may end with another code than 0 where its last line is `# exit code N`.
    fn run(&mut self, page: &str, command: &str) -> String {
        let command = command.replace("cargo run --release -- ", "pollbench ");
        let command = command.replace("pollbench check -- ", "pollbench check --cases 1 --deadline 3s -- ");
        let command = command.replace("pollbench check --clock virtual ", "pollbench check --clock virtual --cases 8 ");
        let command = command.replace(" --cases 40 ", " --cases 10 ");
        if command.starts_with("pollbench serve") {
            return self.serve(&command);
        }
        let here = |command: String| match &self.address {
            Some(address) => command.replace(SAID, address).replace("localhost:8787", address),
            None => command,
        };
        let output = self.sh(&here(command.clone())).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        let wanted = command.split_once("# exit code ").map_or(0, |(_, code)| code.trim().parse().unwrap());
        assert_eq!(output.status.code(), Some(wanted), "{page}: `{command}` failed:\n{out}{err}");
        match &self.address {
            Some(address) => out.replace(address, SAID),
            None => out,
        }
    }

    fn serve(&mut self, command: &str) -> String {
        let command = command.replace(&format!("--addr {SAID}"), "").replace("--addr 8787", "") + " --addr 127.0.0.1:0";
        // `exec`, so that ending the child ends the mock.
        let mut mock =
            self.sh(&format!("exec {command}")).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(mock.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.mocks.push(mock);
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_else(|| panic!("`{command}`: {line}"));
        self.address = Some(address.to_owned());
        line.replace(address, SAID)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for mock in &mut self.mocks {
            let _ = mock.kill();
            let _ = mock.wait();
        }
    }
}

/// Runs a text of a page; the number of commands that ran.
fn keep_word(page: &str, text: &str) -> usize {
    let blocks = blocks(text);
    let mut shell = Shell::new();
    std::os::unix::fs::symlink(root().join("examples"), shell.folder.path().join("examples")).unwrap();
    for poller in ["poller.mjs", "poller.py"] {
        fs::copy(root().join("examples/pollers").join(poller), shell.folder.path().join(poller)).unwrap();
    }
    for (file, block) in blocks.iter().filter_map(|block| Some((block.file?, block))) {
        fs::write(shell.folder.path().join(file), block.lines.join("\n") + "\n").unwrap();
    }
    let mut ran = 0;
    for (command, expected) in commands(&blocks) {
        let is_cargo = command.split_whitespace().any(|word| word == "cargo");
        if is_cargo && !command.starts_with("cargo run --release -- ") {
            names_what_is_there(page, command);
            continue;
        }
        if command.starts_with('.') || shell.lacks(command) {
            continue;
        }
        let printed = shell.run(page, command);
        if let Some(expected) = expected {
            let lines: Vec<_> = printed.lines().collect();
            assert!(
                fits(&expected, &lines),
                "{page}: `{command}` printed\n{printed}\nand the page has\n{}",
                expected.join("\n")
            );
        }
        ran += 1;
    }
    ran
}

/// Examples, benches and tests that a `cargo` command names exist.
fn names_what_is_there(page: &str, command: &str) {
    let words: Vec<_> = command.split_whitespace().collect();
    for (flag, folder) in [("--example", "examples"), ("--bench", "benches"), ("--test", "tests")] {
        for pair in words.windows(2).filter(|pair| pair[0] == flag) {
            let (file, dir) = (format!("{folder}/{}.rs", pair[1]), format!("{folder}/{}/main.rs", pair[1]));
            assert!(root().join(&file).exists() || root().join(dir).exists(), "{page}: `{command}` names no {file}");
        }
    }
}

/// Runs the commands of texts, each with the page that it is of, spread over a few threads, and counts them.
fn keep_their_word(texts: &[(&str, &str)]) -> usize {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut ran = 0;
        while let Some((page, text)) = texts.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            ran += keep_word(page, text);
        }
        ran
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).sum()
    })
}

#[test]
fn commands_of_the_readme_print_what_it_shows() {
    // No section needs what another one made.
    let (page, text) = ("README.md", text("README.md"));
    let ran = keep_their_word(&text.split("\n## ").map(|section| (page, section)).collect::<Vec<_>>());
    assert!(ran >= 5, "only {ran} commands were found");
}

#[test]
#[ignore = "slow: the commands of all pages but the README run"]
fn commands_of_all_pages_print_what_they_show() {
    let pages: Vec<String> = pages().into_iter().filter(|page| page != "README.md").collect();
    let texts: Vec<String> = pages.iter().map(|page| text(page)).collect();
    let pages = pages.iter().zip(&texts).map(|(page, text)| (page.as_str(), text.as_str()));
    let ran = keep_their_word(&pages.collect::<Vec<_>>());
    assert!(ran >= 30, "only {ran} commands were found");
}

#[test]
fn the_documents_name_all_that_can_be_listed() {
    let all: String = pages().iter().map(|page| text(page)).collect();
    for what in ["strategies", "scenarios", "faults", "distributions", "properties"] {
        let listed = Shell::new().run("list", &format!("pollbench list {what}"));
        for name in listed.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()) {
            assert!(all.contains(&format!("`{name}`")), "{what}: {name}");
        }
    }
}

#[test]
fn the_readme_can_be_read_at_once() {
    let lines = text("README.md").lines().count();
    assert!(lines < 200, "{lines} lines");
}

#[test]
fn every_page_is_in_the_index() {
    let index = text("docs/README.md");
    for page in pages() {
        let Some(name) = page.strip_prefix("docs/").filter(|name| *name != "README.md") else { continue };
        assert!(index.contains(&format!("]({name}")), "docs/README.md does not lead to {name}");
    }
}

/// The anchors that a forge makes of headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let Some(title) = (!fenced).then(|| line.trim_start_matches('#')).filter(|title| title.len() < line.len())
        else {
            continue;
        };
        let kept = title.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        found.insert(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    found
}

/// The targets of links, outside of blocks and code.
fn links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced {
            // Every second piece between backticks is code.
            prose.extend(line.split('`').step_by(2));
            prose.push('\n');
        }
    }
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

#[test]
fn links_lead_somewhere() {
    // A published package has no reports.
    let is_package = !root().join("reports/documented").exists();
    let mut checked = 0;
    for page in pages() {
        let text = text(&page);
        let folder = root().join(&page).parent().map(PathBuf::from).unwrap();
        for link in links(&text).iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (path, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let target = if path.is_empty() { root().join(&page) } else { folder.join(path) };
            if is_package && (link.contains("reports/") || link.contains("cluster/")) {
                continue;
            }
            assert!(target.exists(), "{page}: {link}");
            if let Some(anchor) = anchor {
                let there = anchors(&fs::read_to_string(&target).unwrap());
                assert!(there.contains(anchor), "{page}: {link}; there are {there:?}");
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} links were found");
}

/// Promise: a file of the source that a page names is there.
#[test]
fn named_files_exist() {
    let mut checked = 0;
    for page in pages() {
        let text = text(&page);
        let is_path = |word: &&str| {
            ["src/", "tests/", "docs/", "examples/", ".ci/", "scenarios/"].iter().any(|root| word.starts_with(root))
                && word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
        };
        // Every second piece between backticks is code.
        for path in text.split('`').skip(1).step_by(2).filter(is_path) {
            let stem = root().join(path);
            assert!(stem.exists() || stem.with_extension("rs").exists(), "{page}: {path}");
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} files were named");
}

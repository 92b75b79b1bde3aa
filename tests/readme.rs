//! The README keeps its word: its commands run as written, print what it shows, and it leaves nothing out.
//!
//! In a `console` block `$ ` begins a command and the lines after it are what it prints; `...` stands for any lines. In
//! a `sh` block every line is a command. The TOML and JSON blocks are the files that the commands name.
#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::Command;

const README: &str = include_str!("../README.md");

/// A fenced block: its language and its lines, without the indentation of the fence.
struct Block {
    language: &'static str,
    lines: Vec<&'static str>,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(fence) = lines.next() {
        let Some(language) = fence.trim_start().strip_prefix("```") else { continue };
        let indent = fence.len() - fence.trim_start().len();
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        blocks.push(Block { language, lines: inside.map(|line| line.get(indent..).unwrap_or("")).collect() });
    }
    blocks
}

/// The text of the only block in `language`.
fn only(language: &str) -> String {
    let found: Vec<_> = blocks().into_iter().filter(|block| block.language == language).collect();
    assert_eq!(found.len(), 1, "blocks in {language}");
    found[0].lines.join("\n") + "\n"
}

/// Commands with the lines that they are said to print.
fn commands() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for block in blocks() {
        match block.language {
            "sh" => commands.extend(block.lines.iter().map(|line| (*line, vec!["..."]))),
            "console" => {
                for line in block.lines {
                    match line.strip_prefix("$ ") {
                        Some(command) => commands.push((command, Vec::new())),
                        None => commands.last_mut().unwrap().1.push(line),
                    }
                }
            }
            _ => {}
        }
    }
    commands
}

/// Whether `lines` are those of `pattern`, in which `...` stands for any lines.
fn fits(pattern: &[&str], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((&"...", rest)) => (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..])),
        Some((line, rest)) => lines.first() == Some(line) && fits(rest, &lines[1..]),
    }
}

/// Runs a command of the README in `folder`; the program's own folder comes first in the path.
fn run(command: &str, folder: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_pollbench")).parent().unwrap();
    let path = std::env::join_paths(
        [bin.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("sh").args(["-c", command]).current_dir(folder).env("PATH", path.unwrap()).output();
    let output = output.unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "`{command}` failed:\n{out}{err}");
    out
}

#[test]
fn its_commands_print_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    // A file that says its name is that file.
    for block in blocks().into_iter().filter(|block| block.language == "toml") {
        let said = block.lines[0].strip_prefix("# ").filter(|name| name.ends_with(".toml"));
        fs::write(folder.path().join(said.unwrap_or("my-models.toml")), block.lines.join("\n") + "\n").unwrap();
    }
    fs::write(folder.path().join("case.json"), only("json")).unwrap();
    let mut ran = 0;
    for (command, expected) in commands() {
        let command = command.replace("cargo run --release -- ", "pollbench ");
        if command.starts_with("cargo ") {
            continue;
        }
        let printed = run(&command, folder.path());
        let lines: Vec<_> = printed.lines().collect();
        assert!(fits(&expected, &lines), "`{command}` printed\n{printed}\nand the README has\n{}", expected.join("\n"));
        ran += 1;
    }
    assert!(ran >= 10, "only {ran} commands were found");
}

#[test]
fn it_names_all_that_can_be_listed() {
    for what in ["strategies", "scenarios", "faults", "distributions"] {
        let listed = run(&format!("pollbench list {what}"), Path::new("."));
        for name in listed.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()) {
            assert!(README.contains(&format!("`{name}`")), "{what}: {name}");
        }
    }
}

#[test]
fn its_links_lead_somewhere() {
    let targets = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for target in targets.filter(|target| !target.starts_with('#')) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        // A published package has no reports.
        let left_out = target.starts_with("reports/")
            && !Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/documented").exists();
        assert!(left_out || path.exists(), "{target}");
    }
}

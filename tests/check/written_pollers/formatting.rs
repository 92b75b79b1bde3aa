//! Templates and written pollers are as the formatters of their languages would have them.

use super::runtimes::{RUNTIMES, Runtime, pollbench};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Its language's formatter, where one is here, would change nothing: Prettier (3.10) and Black (26.10) as they come, shfmt
/// (3.14) with two spaces and indented cases, as the template is written.
fn are_formatted(language: &str, files: &[PathBuf]) {
    let formatter: &[&str] = match language {
        "js" | "ts" => &["prettier", "--check"],
        "python" => &["black", "--quiet", "--check"],
        "go" => &["gofmt", "-l"],
        "sh" => &["shfmt", "-i", "2", "-ci", "-d"],
        "rust" => &["rustfmt", "--edition", "2021", "--check"],
        other => panic!("{other}: a language without a formatter"),
    };
    let Ok(output) = Command::new(formatter[0]).args(&formatter[1..]).args(files).output() else {
        eprintln!("{language} is left out: {} is not here", formatter[0]);
        return;
    };
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // That of Go says so in words only.
    assert!(output.status.success() && (language != "go" || told.is_empty()), "{language}: {told}");
}

/// Promise: templates and what is written are as the formatter of their language would write them: however many looks and
/// models there are, with webhooks and without.
#[test]
#[ignore = "slow: some twenty pollers are written, and formatters start"]
fn written_pollers_are_formatted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    // Names that need no quotation marks, and one that does; a distribution of which many looks come.
    let mut log = "model,took\n".to_owned();
    for at in 0..120 {
        log += &format!("{},{}s\n", ["suno", "veo"][at % 2], 60 + at * 37 % 90);
    }
    std::fs::write(folder.join("jobs.csv"), log).expect("a file");
    let hump = "mixture(0.5 * lognormal(median=20s, sigma=0.1), 0.5 * lognormal(median=200s, sigma=0.1))";
    let sources: [&[&str]; 4] = [
        &["--completion", "lognormal(median=60s, sigma=0.3)", "--model", "it's \"x\"\\", "--with-webhook"],
        &["--completion", hump, "--model", "it's \"x\"\\"],
        &["--completion", "lognormal(median=60s, sigma=2)"],
        &["--observed", "jobs.csv", "--column", "took", "--by", "model"],
    ];
    std::thread::scope(|scope| {
        for Runtime { language, file, .. } in &RUNTIMES {
            scope.spawn(move || {
                let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("pollers").join(file)];
                let receives = !["sh", "rust"].contains(language);
                for (number, source) in sources.iter().enumerate().skip(usize::from(!receives)) {
                    let words = ["tune", "--deadline", "5m", "--write-poller", language];
                    let words: Vec<&str> = words.iter().chain(*source).copied().collect();
                    files.push(folder.join(format!("{number}-{file}")));
                    std::fs::write(&files[files.len() - 1], pollbench(&words, folder, "")).expect("a file");
                }
                are_formatted(language, &files);
            });
        }
    });
}

//! The program that a name stands for.

use std::process::Command;
use std::sync::LazyLock;

/// The interpreter itself where `word` is `python3`: that may be a script which looks for it, as pyenv's is, and takes longer
/// than a test's own program.
pub(crate) fn direct(word: &str) -> &str {
    static PYTHON: LazyLock<Option<String>> = LazyLock::new(|| {
        let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
        let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !path.is_empty()).then_some(path)
    });
    if word == "python3" { PYTHON.as_deref().unwrap_or(word) } else { word }
}

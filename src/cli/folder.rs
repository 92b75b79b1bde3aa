//! Writing a folder of files so that nobody ever sees half of one.

use crate::cli::console::Failure;
use crate::cli::interrupt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A folder that files can be written into; it is made when the first one is.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Checks that `path` is, or can become, a folder to write into. Makes nothing.
    pub(super) fn writable(path: &Path) -> Result<Self, Failure> {
        let refuse = |why: &dyn std::fmt::Display| {
            Failure::Input(format!("cannot write to {}: {why}; choose another folder", path.display()))
        };
        let existing = path.ancestors().find(|folder| folder.exists()).unwrap_or_else(|| Path::new(""));
        let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
        if !existing.is_dir() {
            return Err(refuse(&format_args!("{} is not a folder", existing.display())));
        }
        let probe = existing.join(format!(".pollbench-{}", std::process::id()));
        interrupt::undisturbed(|| fs::File::create(&probe).and_then(|_| fs::remove_file(&probe)))
            .map_err(|error| refuse(&error))?;
        Ok(Self(path.to_owned()))
    }

    /// Writes a file under a temporary name and renames it.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        self.write_with(name, |file| file.write_all(content))
    }

    /// Removes a file that an earlier run has left and this one does not write: it would belong to other results.
    pub(super) fn forget(&self, name: &str) -> Result<(), Failure> {
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::Run(format!("cannot remove {} of an earlier run: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }

    /// Removes charts of an earlier run that are not among `files`.
    pub(super) fn forget_charts(&self, files: &[(String, String)]) -> Result<(), Failure> {
        let Ok(charts) = fs::read_dir(self.0.join("charts")) else { return Ok(()) };
        let names = charts.flatten().map(|chart| format!("charts/{}", chart.file_name().to_string_lossy()));
        names
            .filter(|name| name.ends_with(".svg") && !files.iter().any(|(written, _)| written == name))
            .try_for_each(|name| self.forget(&name))
    }

    /// The same for content that is made while it is written.
    pub(super) fn write_with(
        &self,
        name: &str,
        fill: impl FnOnce(&mut io::BufWriter<fs::File>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let path = self.0.join(name);
        let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| interrupt::begin(&temporary, || fs::File::create(&temporary)))
            .and_then(|file| {
                let mut file = io::BufWriter::new(file);
                fill(&mut file)?;
                file.flush()
            })
            .and_then(|()| interrupt::undisturbed(|| fs::rename(&temporary, &path)));
        written.map_err(|error| {
            let _ = interrupt::undisturbed(|| fs::remove_file(&temporary));
            Failure::Run(format!("cannot write {}: {error}", path.display()))
        })
    }
}

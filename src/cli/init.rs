//! `pollbench init`: a scenario to start from.

use crate::cli::console::{Failure, note, print};
use crate::cli::shell::quoted;
use clap::Args;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The text: every part of a scenario file once, with what it means.
const STARTER: &str = include_str!("init/starter.toml");
/// Its line that names the scenario.
const NAME: &str = "name = \"my-scenario\"";

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  pollbench init\n  pollbench init our-video.toml\n  pollbench init - | less")]
pub(super) struct Init {
    /// The file to write, which must not be there yet; `-` prints it
    #[arg(default_value = "scenario.toml")]
    file: PathBuf,
}

impl Init {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        if self.file == Path::new("-") {
            print(STARTER)?;
            return Ok(ExitCode::SUCCESS);
        }
        let shown = self.file.display();
        let text = named(&self.file).map_or_else(|| STARTER.to_owned(), |name| STARTER.replacen(NAME, &name, 1));
        // Nobody's file is overwritten, not even one that appears at the same time.
        let written = File::create_new(&self.file).and_then(|mut file| file.write_all(text.as_bytes()));
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(Failure::Input(format!(
                    "{shown} exists already and is not overwritten: choose another file"
                )));
            }
            Err(error) => return Err(Failure::Input(format!("cannot write {shown}: {error}"))),
        }
        let file = quoted(&shown.to_string());
        note(format_args!("wrote {shown}; next: pollbench validate {file}; pollbench compare {file}"));
        Ok(ExitCode::SUCCESS)
    }
}

/// The line that names the scenario as its file, where that is a name that a folder can have.
fn named(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_str()?;
    let is_plain = !stem.is_empty() && stem.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    is_plain.then(|| format!("name = \"{stem}\""))
}

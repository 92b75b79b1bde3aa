//! What every command needs of its surroundings: input, output, and a way to fail.

use crate::report::fold::fold;
use crate::scenario::error::ScenarioError;
use crate::scenario::recipe::InvalidRecipe;
use std::fmt;
use std::io::{self, IsTerminal as _, Read, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Why a command did not end well.
#[derive(Debug)]
pub(super) enum Failure {
    /// The run failed: exit code 1.
    Run(String),
    /// Bad usage or bad input: exit code 2.
    Input(String),
    /// A scenario that cannot be used: exit code 2.
    Scenario(ScenarioError),
    /// The run was stopped before its end: exit code 1.
    Stopped,
    /// The reader of the output went away; that is its right.
    Gone,
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(error)
    }
}

impl From<InvalidRecipe> for Failure {
    fn from(error: InvalidRecipe) -> Self {
        match error {
            InvalidRecipe::Scenario(error) => Self::Scenario(error),
            InvalidRecipe::Setting(_) | InvalidRecipe::Weather(_) | InvalidRecipe::Override(_) => {
                Self::Input(error.to_string())
            }
        }
    }
}

impl Failure {
    /// What is wrong, in words.
    pub(super) fn message(self) -> String {
        match self {
            Self::Run(message) | Self::Input(message) => message,
            Self::Scenario(error) => error.to_string(),
            Self::Stopped => "the engine was stopped".to_owned(),
            Self::Gone => String::new(),
        }
    }

    /// Tells the user, and says it to the caller of the program.
    pub(super) fn tell(self) -> ExitCode {
        let (code, message) = match self {
            Self::Run(message) => (1, format!("error: {message}")),
            Self::Input(message) => (2, format!("error: {message}")),
            Self::Scenario(error) => (2, error.render(colour(&io::stderr()))),
            Self::Stopped => (1, "error: the engine was stopped; nothing was written".to_owned()),
            Self::Gone => return ExitCode::SUCCESS,
        };
        note(&message);
        ExitCode::from(code)
    }
}

/// Whether to write colours to `stream`: it is a terminal, and the user did not say `NO_COLOR`.
pub(super) fn colour(stream: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

/// Columns of characters that the output has: what `COLUMNS` says, or else the terminal; `None` where it goes elsewhere.
pub(super) fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    said.or_else(terminal).filter(|width| *width > 0)
}

/// Prints a result for programs, as it is.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Gone),
        Err(error) => Err(Failure::Run(format!("cannot write to standard output: {error}"))),
    }
}

/// Prints a result for people: lines that are too long for the terminal go on below.
pub(super) fn print_folded(text: &str) -> Result<(), Failure> {
    print(&width().map_or_else(|| text.to_owned(), |width| fold(text, width)))
}

/// Tells the user something beside the results. Nobody to tell is no failure.
pub(super) fn note(message: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Whether somebody watches.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// The bytes of a file; of standard input where it is called `-`.
pub(super) fn open(path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = std::fs::File::open(path);
    Ok(Box::new(file.map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?))
}

/// The text of a file; of standard input where it is called `-`.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = open(path)?.read_to_string(&mut text);
    read.map(|_| text).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

//! Where the data files that a scenario names come from.

use std::fs;
use std::io;
use std::path::PathBuf;

/// A source of data files by the name that a scenario gives them.
pub trait Files {
    /// The text of the file `name`.
    ///
    /// # Errors
    ///
    /// Where there is no such file, or none of UTF-8 text.
    fn text(&self, name: &str) -> io::Result<String>;
}

/// Files relative to a folder.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn text(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(self.0.join(name))
    }
}

/// Files that are part of the program: names and texts.
#[derive(Debug, Clone, Copy)]
pub struct Embedded(pub &'static [(&'static str, &'static str)]);

impl Files for Embedded {
    fn text(&self, name: &str) -> io::Result<String> {
        let file = self.0.iter().find(|(known, _)| *known == name);
        file.map(|(_, text)| (*text).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

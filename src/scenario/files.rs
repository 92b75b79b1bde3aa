//! Where the data files that a scenario names come from.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

/// A source of data files by the name that a scenario gives them.
pub trait Files {
    /// The bytes of the file `name`.
    ///
    /// # Errors
    ///
    /// Where there is no such file.
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>>;
}

/// Files relative to a folder.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(fs::File::open(self.0.join(name))?))
    }
}

/// Files that are part of the program: names and texts.
#[derive(Debug, Clone, Copy)]
pub struct Embedded(pub &'static [(&'static str, &'static str)]);

impl Files for Embedded {
    fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let file = self.0.iter().find(|(known, _)| *known == name);
        let (_, text) = file.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(text.as_bytes()))
    }
}

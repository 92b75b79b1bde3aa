//! The corpus, and edits of it.

use proptest::prelude::*;
use proptest::sample::Index;
use std::path::Path;

/// One change of a text.
#[derive(Debug, Clone)]
enum Edit {
    /// Puts this byte over another.
    Byte(Index, u8),
    /// Takes bytes out.
    Cut(Index, usize),
    /// Puts a token over the one that stands there.
    Replace(Index, usize),
    /// Puts a token before the one that stands there.
    Insert(Index, usize),
    /// Lets two tokens change places.
    Swap(Index, Index),
    /// Says a stretch of tokens again.
    Repeat(Index, usize),
    /// Ends the text early.
    End(Index),
}

/// Tokens that the readers know, or stumble over.
const TOKENS: [&str; 48] = [
    "0",
    "-1",
    "1",
    "1.5",
    "1e300",
    "-0.0",
    "NaN",
    "inf",
    "18446744073709551616",
    "0.1e-400",
    "\"0s\"",
    "\"3s\"",
    "\"87601h\"",
    "3us",
    "5m",
    "1..2s",
    "\"\"",
    "\"x\"",
    "true",
    "null",
    "[]",
    "{}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    "=",
    ":",
    "*",
    "\"",
    "'",
    "#",
    "\n",
    "\\",
    "é",
    "\u{0}",
    "\u{202e}",
    "[[faults]]",
    "[models.\"\"]",
    "kind",
    "lognormal",
    "mixture",
    "empirical",
    "scale",
    "stall",
];

/// The files of `corpus/<folder>` as texts, in a fixed order.
pub(crate) fn corpus(folder: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world/fuzz/corpus").join(folder);
    let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().map(|file| String::from_utf8_lossy(&std::fs::read(file).expect("a file")).into_owned()).collect()
}

/// Texts near those of the corpus.
pub(crate) fn near(texts: Vec<String>) -> impl Strategy<Value = String> {
    let at = any::<Index>;
    let token = 0..TOKENS.len();
    let edit = prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
        (at(), 1_usize..20).prop_map(|(at, length)| Edit::Cut(at, length)),
        (at(), token.clone()).prop_map(|(at, token)| Edit::Replace(at, token)),
        (at(), token).prop_map(|(at, token)| Edit::Insert(at, token)),
        (at(), at()).prop_map(|(one, other)| Edit::Swap(one, other)),
        (at(), 1_usize..12).prop_map(|(at, length)| Edit::Repeat(at, length)),
        at().prop_map(Edit::End),
    ];
    (0..texts.len(), prop::collection::vec(edit, 0..6)).prop_map(move |(text, edits)| {
        let bytes = edits.iter().fold(texts[text].clone().into_bytes(), |bytes, edit| edit.apply(bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Edit {
    fn apply(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if bytes.is_empty() {
            return bytes;
        }
        match self {
            Self::Byte(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Cut(at, length) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Self::End(at) => bytes.truncate(at.index(bytes.len())),
            Self::Replace(at, token) => {
                let mut tokens = tokens(&bytes);
                let at = at.index(tokens.len());
                tokens[at] = TOKENS[*token].as_bytes();
                return tokens.concat();
            }
            Self::Insert(at, token) => {
                let mut tokens = tokens(&bytes);
                let at = at.index(tokens.len());
                tokens.insert(at, TOKENS[*token].as_bytes());
                return tokens.concat();
            }
            Self::Swap(one, other) => {
                let mut tokens = tokens(&bytes);
                let (one, other) = (one.index(tokens.len()), other.index(tokens.len()));
                tokens.swap(one, other);
                return tokens.concat();
            }
            Self::Repeat(at, length) => {
                let tokens = tokens(&bytes);
                let at = at.index(tokens.len());
                let end = (at + length).min(tokens.len());
                return [&tokens[..end], &tokens[at..]].concat().concat();
            }
        }
        bytes
    }
}

/// Words and numbers, and everything else byte by byte; together they are the text.
fn tokens(bytes: &[u8]) -> Vec<&[u8]> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | 128..);
    bytes.chunk_by(|a, b| is_word(a) && is_word(b)).collect()
}

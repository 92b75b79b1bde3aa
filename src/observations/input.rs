//! Bytes in, UTF-8 out: compression and encodings are found out and undone, lines are counted, and what is no text is
//! refused. One row is in memory at a time, and no more than [`MOST_ROW`] of it.

use super::UnreadableLog;
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use std::collections::VecDeque;
use std::io::{self, Cursor, Read};

/// Bytes that are looked at before anything is read.
pub(super) const HEAD: usize = 1 << 16;
/// Longest row in bytes.
pub(super) const MOST_ROW: u64 = 1 << 20;
/// A byte that no text has.
const NUL: u8 = 0;
/// What to say where it is met.
const DAMAGED: &str = "there are NUL bytes in it, which no text has: is the file damaged?";
/// How files begin that are no text, and what to do about them.
const BINARY: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "a zip file or a spreadsheet: save the sheet as CSV, or unpack it"),
    (b"PAR1", "a Parquet file: export it as CSV"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it with `zstd -d FILE`"),
    (b"BZh", "compressed with bzip2: unpack it with `bzip2 -dk FILE`"),
    (b"\xfd7zXZ", "compressed with xz: unpack it with `xz -dk FILE`"),
];

/// Text that comes in.
pub(super) struct Input<'a> {
    /// The first bytes of it, which the reader gives too.
    pub(super) head: Vec<u8>,
    /// Whether that is all.
    pub(super) is_whole: bool,
    pub(super) reader: Lines<'a>,
    pub(super) encoding: &'static str,
    pub(super) is_compressed: bool,
}

impl Input<'_> {
    /// The whole rows among the first bytes.
    pub(super) fn first_rows(&self) -> Input<'static> {
        let mut head = self.head.clone();
        if !self.is_whole {
            head.truncate(head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(0));
        }
        let reader = Lines::new(Box::new(Cursor::new(head.clone())));
        Input { head, is_whole: true, reader, encoding: self.encoding, is_compressed: false }
    }
}

/// Looks at what comes in.
pub(super) fn open<'a>(source: Box<dyn Read + Send + 'a>) -> Result<Input<'a>, UnreadableLog> {
    let (mut head, mut source) = peeked(source)?;
    let is_compressed = head.starts_with(b"\x1f\x8b");
    if is_compressed {
        (head, source) = peeked(Box::new(MultiGzDecoder::new(source)))?;
    }
    if let Some((_, what)) = BINARY.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(UnreadableLog::NotText { what: (*what).to_owned() });
    }
    let mut encoding = "UTF-8";
    if let Some((wide, length)) = wide(&head) {
        let decoded =
            DecodeReaderBytesBuilder::new().encoding(Some(wide)).bom_sniffing(false).build(skipped(source, length));
        (head, source) = peeked(Box::new(decoded))?;
        encoding = if wide == UTF_16LE { "UTF-16LE" } else { "UTF-16BE" };
    } else if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
        source = skipped(source, 3);
    }
    // Before a header is made of it.
    if head.contains(&NUL) {
        return Err(UnreadableLog::Input { reason: DAMAGED.to_owned() });
    }
    let is_whole = head.len() < HEAD;
    Ok(Input { head, is_whole, reader: Lines::new(source), encoding, is_compressed })
}

/// The first bytes of a source, and a source that gives them again.
fn peeked<'a>(mut source: Box<dyn Read + Send + 'a>) -> Result<(Vec<u8>, Box<dyn Read + Send + 'a>), UnreadableLog> {
    let mut head = Vec::new();
    source.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let again = Box::new(Cursor::new(head.clone()).chain(source));
    Ok((head, again))
}

fn skipped<'a>(source: Box<dyn Read + Send + 'a>, bytes: u64) -> Box<dyn Read + Send + 'a> {
    Box::new(Skip { source, bytes })
}

/// A source without its first bytes.
struct Skip<'a> {
    source: Box<dyn Read + Send + 'a>,
    bytes: u64,
}

impl Read for Skip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes > 0 {
            io::copy(&mut self.source.by_ref().take(self.bytes), &mut io::sink())?;
            self.bytes = 0;
        }
        self.source.read(buffer)
    }
}

/// The encoding of two bytes a character, and the length of its mark: by that mark, or by the zeros of every other byte.
fn wide(head: &[u8]) -> Option<(&'static Encoding, u64)> {
    match head {
        [0xff, 0xfe, ..] => return Some((UTF_16LE, 2)),
        [0xfe, 0xff, ..] => return Some((UTF_16BE, 2)),
        _ => {}
    }
    let zeros = |at: usize| head.iter().skip(at).step_by(2).filter(|byte| **byte == NUL).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    match (even * 2 > half, odd * 2 > half) {
        (false, true) if even == 0 => Some((UTF_16LE, 0)),
        (true, false) if odd == 0 => Some((UTF_16BE, 0)),
        _ => None,
    }
}

/// A source that knows in which line each byte stands, refuses NUL bytes, and rows without end.
pub(super) struct Lines<'a> {
    source: Box<dyn Read + Send + 'a>,
    /// Where lines begin that are not blank: offset and number.
    starts: VecDeque<(u64, u64)>,
    /// Bytes that were read.
    at: u64,
    line: u64,
    /// Whether something but its end was seen of this line.
    is_begun: bool,
    last: u8,
    /// Where the row begins that is being read.
    row: u64,
}

impl<'a> Lines<'a> {
    fn new(source: Box<dyn Read + Send + 'a>) -> Self {
        Self { source, starts: VecDeque::new(), at: 0, line: 1, is_begun: false, last: NUL, row: 0 }
    }

    /// What it reads from.
    pub(super) fn into_source(self) -> Box<dyn Read + Send + 'a> {
        self.source
    }

    /// The line in which a row begins whose first byte is at `offset`, or behind blank lines from there. Offsets ascend.
    pub(super) fn line_at(&mut self, offset: u64) -> u64 {
        while self.starts.front().is_some_and(|(start, _)| *start < offset) {
            self.starts.pop_front();
        }
        self.starts.front().map_or(self.line, |(_, line)| *line)
    }

    /// From now on the row is read whose first byte is at `offset`.
    pub(super) fn begin_row(&mut self, offset: u64) {
        self.row = offset;
    }

    fn count(&mut self, bytes: &[u8]) {
        let mut from = 0;
        for end in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            self.begin(from, end);
            let before = if end > 0 { bytes[end - 1] } else { self.last };
            if bytes[end] == b'\r' || before != b'\r' {
                self.line += 1;
            }
            self.is_begun = false;
            from = end + 1;
        }
        self.begin(from, bytes.len());
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.at += bytes.len() as u64;
    }

    fn begin(&mut self, from: usize, to: usize) {
        if from < to && !self.is_begun {
            self.starts.push_back((self.at + from as u64, self.line));
            self.is_begun = true;
        }
    }
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at > self.row + MOST_ROW + HEAD as u64 {
            let line = self.line_at(self.row);
            return Err(io::Error::other(format!(
                "line {line}: a row of more than {} KiB; is a quotation mark never closed, or is this no table?",
                MOST_ROW / 1024
            )));
        }
        let length = self.source.read(buffer)?;
        let bytes = &buffer[..length];
        self.count(bytes);
        if memchr::memchr(NUL, bytes).is_some() {
            return Err(io::Error::other(DAMAGED));
        }
        Ok(length)
    }
}

//! Bytes over sockets, with nothing between the test and the kernel but the standard library.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Longer than anything that a test waits for, so that a hang fails instead.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Raw(TcpStream);

/// How reading came to its end.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum End {
    /// The other side closed its half (FIN).
    Closed,
    /// ECONNRESET.
    Reset,
    /// Nothing came for so long as was waited.
    Silent,
}

/// A head and what follows it, as they were read.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The lines after the first.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("somebody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self(stream)
    }

    /// Sends a request on a connection that is to be kept.
    pub(crate) fn request(&mut self, method: &str, path: &str, body: &str) {
        self.request_as("k", method, path, body);
    }

    /// The same with this API key.
    pub(crate) fn request_as(&mut self, key: &str, method: &str, path: &str, body: &str) {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        self.0.write_all((head + body).as_bytes()).expect("room");
    }

    /// Reads until the end, or until nothing has come for `silence`: all bytes, when each read returned since the first
    /// call, and the end.
    pub(crate) fn rest(&mut self, silence: Duration) -> (Vec<u8>, Vec<(Duration, usize)>, End) {
        self.0.set_read_timeout(Some(silence)).expect("a timeout");
        let (mut bytes, mut reads, began) = (Vec::new(), Vec::new(), Instant::now());
        let mut buffer = vec![0; 1 << 16];
        let end = loop {
            match self.0.read(&mut buffer) {
                Ok(0) => break End::Closed,
                Ok(count) => {
                    bytes.extend_from_slice(&buffer[..count]);
                    reads.push((began.elapsed(), count));
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::ConnectionReset => break End::Reset,
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => break End::Silent,
                    kind => panic!("{kind}"),
                },
            }
        };
        (bytes, reads, end)
    }

    /// Reads an answer by its Content-Length.
    pub(crate) fn answer(&mut self) -> Answer {
        self.0.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).expect("a head");
            bytes.push(byte[0]);
        }
        let mut answer = split(&bytes);
        let mut body = vec![0; answer.length()];
        self.0.read_exact(&mut body).expect("a body");
        answer.body = body;
        answer
    }
}

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// What it says of its length.
    pub(crate) fn length(&self) -> usize {
        self.header("content-length").map_or(0, |length| length.parse().expect("a length"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// An answer in bytes.
pub(crate) fn split(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = std::str::from_utf8(&bytes[..end]).expect("text");
    let (first, head) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    Answer { status, head: head.to_owned(), body: bytes[end + 4..].to_vec() }
}

//! A connection that a handler can break.

use crate::net::stream::Stream;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

/// Breaks one connection, once.
#[derive(Debug, Clone, Default)]
pub(super) struct Breaker(Arc<OnceLock<io::ErrorKind>>);

impl Breaker {
    /// The next write breaks the connection with an error of this kind.
    pub(super) fn trip(&self, kind: io::ErrorKind) {
        let _ = self.0.set(kind);
    }
}

/// A stream that obeys a breaker.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TokioIo<Stream>,
    breaker: Breaker,
}

impl Connection {
    pub(super) fn new(stream: Stream, breaker: Breaker) -> Self {
        Self { stream: TokioIo::new(stream), breaker }
    }

    /// The stream, or the error that it broke with.
    fn whole(self: Pin<&mut Self>) -> io::Result<Pin<&mut TokioIo<Stream>>> {
        let this = self.get_mut();
        match this.breaker.0.get() {
            Some(&kind) => {
                this.stream.inner().break_with(kind);
                Err(kind.into())
            }
            None => Ok(Pin::new(&mut this.stream)),
        }
    }
}

impl Read for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.whole()?.poll_read(cx, into)
    }
}

impl Write for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.whole()?.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.whole()?.poll_write_vectored(cx, bytes)
    }
}

//! A connection that a handler can break, and on which every refusal is the envelope.

use crate::net::stream::ByteStream;
use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::sync::watch;
use tokio::time::Sleep;

/// How long the other side of a connection that ends is heard out.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// How a connection ends where an answer would have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breakage {
    /// As if nobody had listened; over a socket, where somebody did, by a reset.
    Refused,
    /// By a reset (RST).
    Reset,
    /// Quietly (FIN).
    Closed,
}

/// What handlers tell their connection.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    told: Arc<TrueAnswer>,
    /// Whether the server is asked to stop.
    stop: watch::Receiver<bool>,
}

#[derive(Debug, Default)]
struct TrueAnswer {
    broken: OnceLock<Breakage>,
    /// An answer was made that has not begun to be written.
    is_answered: AtomicBool,
    /// What follows the answer before the connection is closed.
    last: OnceLock<Bytes>,
}

impl Breaker {
    pub(super) fn new(stop: watch::Receiver<bool>) -> Self {
        Self { told: Arc::default(), stop }
    }

    /// Waits until the server is asked to stop.
    pub(super) async fn stopped(&self) {
        // Where nobody is left to ask, nobody serves any more.
        let _ = self.stop.clone().wait_for(|is_stopping| *is_stopping).await;
    }

    /// The next write breaks the connection.
    pub(super) fn trip(&self, breakage: Breakage) {
        let _ = self.told.broken.set(breakage);
    }

    /// The next answer is the last one. After it come these bytes, which nobody asked for, and the end.
    pub(super) fn hang_up(&self, surplus: Bytes) {
        let _ = self.told.last.set(surplus);
    }

    /// The next write is an answer of ours.
    pub(super) fn answered(&self) {
        self.told.is_answered.store(true, Ordering::Relaxed);
    }
}

/// A stream that obeys a breaker.
///
/// What hyper cannot read as a request it refuses by itself, with an empty body. Here such a refusal gets the envelope.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TokioIo<ByteStream>,
    breaker: Breaker,
    /// A refusal with its envelope, and how much of it is written.
    refusal: Option<(Vec<u8>, usize)>,
    /// How long the other side is heard out, from when ours has ended.
    farewell: Option<Pin<Box<Sleep>>>,
    /// How much is written of what follows the last answer, once that is written.
    surplus: Option<usize>,
    /// Nothing is read or written any more.
    is_over: bool,
    /// Is told the HTTP status of what is refused because it is no request.
    on_refusal: OnRefusal,
}

/// Hears of what is no request.
pub(super) struct OnRefusal(pub(super) Box<dyn Fn(u16) + Send>);

impl fmt::Debug for OnRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnRefusal")
    }
}

impl Connection {
    pub(super) fn new(stream: ByteStream, breaker: Breaker, on_refusal: OnRefusal) -> Self {
        Self {
            stream: TokioIo::new(stream),
            breaker,
            refusal: None,
            farewell: None,
            surplus: None,
            is_over: false,
            on_refusal,
        }
    }

    /// The stream, or the error that it broke with.
    fn whole(self: Pin<&mut Self>) -> io::Result<Pin<&mut TokioIo<ByteStream>>> {
        let this = self.get_mut();
        match this.breaker.told.broken.get() {
            Some(breakage) => {
                let kind = match breakage {
                    Breakage::Refused => io::ErrorKind::ConnectionRefused,
                    Breakage::Reset => io::ErrorKind::ConnectionReset,
                    // The stream is dropped, which is all there is to it.
                    Breakage::Closed => return Err(io::ErrorKind::ConnectionAborted.into()),
                };
                this.stream.inner().break_with(kind);
                Err(kind.into())
            }
            None => Ok(Pin::new(&mut this.stream)),
        }
    }

    /// Ends our side once the last answer is written, and lets hyper know.
    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (Some(bytes), Some(written), false) = (self.breaker.told.last.get(), &mut self.surplus, self.is_over)
        else {
            return Poll::Ready(Ok(()));
        };
        while *written < bytes.len() {
            *written += ready!(Pin::new(&mut self.stream).poll_write(cx, &bytes[*written..]))?;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        self.is_over = true;
        // Whoever waits for a request is to look again.
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }

    /// The last answer, if this is it, has begun to be written.
    fn note_last(&mut self) {
        if self.breaker.told.last.get().is_some() {
            self.surplus.get_or_insert(0);
        }
    }

    /// Writes the envelope where `bytes` are a refusal of hyper's; `None` where they are not.
    fn poll_refusal(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.refusal.is_none() {
            let is_ours = self.breaker.told.is_answered.swap(false, Ordering::Relaxed);
            if let Some((status, refusal)) = if is_ours { None } else { enveloped(bytes) } {
                (self.on_refusal.0)(status);
                self.refusal = Some((refusal, 0));
            }
        }
        let (refusal, written) = self.refusal.as_mut()?;
        while *written < refusal.len() {
            match Pin::new(&mut self.stream).poll_write(cx, &refusal[*written..]) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Ok(0))),
                Poll::Ready(Ok(more)) => *written += more,
                other => return Some(other),
            }
        }
        self.refusal = None;
        Some(Poll::Ready(Ok(bytes.len())))
    }
}

/// A refusal of hyper's with the envelope in place of its empty body, and its status.
fn enveloped(head: &[u8]) -> Option<(u16, Vec<u8>)> {
    let head = std::str::from_utf8(head).ok()?;
    let status: u16 = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok().filter(|status| *status >= 400)?;
    head.strip_suffix("\r\n\r\n").filter(|head| head.contains("\r\ncontent-length: 0"))?;
    let reason = head.lines().next()?.get("HTTP/1.1 400 ".len()..)?;
    let body = format!(r#"{{"code":{status},"message":"{reason}","data":null}}"#);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    Some((status, (head + &body).into_bytes()))
}

impl Read for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        // To hyper a connection that is over looks as if the client had gone.
        if self.is_over { Poll::Ready(Ok(())) } else { self.as_mut().whole()?.poll_read(cx, into) }
    }
}

impl Write for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.as_mut().whole()?;
        self.note_last();
        match self.poll_refusal(cx, bytes) {
            Some(polled) => polled,
            None => Pin::new(&mut self.stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().whole()?.poll_flush(cx))?;
        self.get_mut().poll_hang_up(cx)
    }

    /// Ends our side, and hears the other one out: closing with unread bytes would be a reset, which may overtake the
    /// last answer, such as the refusal of a body that is still being sent.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_mut().whole()?;
        let this = self.get_mut();
        let farewell = match &mut this.farewell {
            Some(farewell) => farewell,
            None => {
                ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                if matches!(this.stream.inner(), ByteStream::Memory(_)) || *this.breaker.stop.borrow() {
                    return Poll::Ready(Ok(()));
                }
                this.farewell.insert(Box::pin(tokio::time::sleep(FAREWELL)))
            }
        };
        let mut unread = [0; 4_096];
        loop {
            let mut unread = ReadBuf::new(&mut unread);
            match Pin::new(this.stream.inner_mut()).poll_read(cx, &mut unread) {
                Poll::Ready(Ok(())) if !unread.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return farewell.as_mut().poll(cx).map(Ok),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.as_mut().whole()?;
        self.note_last();
        // A refusal of hyper's has no body, so it is the first slice and the only one that is not empty.
        let first = bytes.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
        match self.poll_refusal(cx, first) {
            Some(polled) => polled,
            None => Pin::new(&mut self.stream).poll_write_vectored(cx, bytes),
        }
    }
}

//! A network in memory: hosts that listen and streams between them, with resets and refusals like real ones.

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::mpsc;

/// Bytes that one direction of a stream holds.
const BUFFER: usize = 1 << 16;

/// Hosts by `name:port`.
#[derive(Debug, Clone, Default)]
pub struct MemoryNetwork {
    hosts: Arc<Mutex<BTreeMap<String, mpsc::UnboundedSender<MemoryStream>>>>,
}

/// The listening end of a host.
#[derive(Debug)]
pub struct MemoryListener {
    incoming: mpsc::UnboundedReceiver<MemoryStream>,
}

/// One end of a connection.
#[derive(Debug)]
pub struct MemoryStream {
    bytes: DuplexStream,
    /// The error that either end broke the connection with.
    broken: Arc<Mutex<Option<io::ErrorKind>>>,
}

impl MemoryNetwork {
    /// Listens as `authority`, such as `mock:80`; whoever listened there before no longer does.
    #[must_use]
    pub fn listen(&self, authority: &str) -> MemoryListener {
        let (sender, incoming) = mpsc::unbounded_channel();
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(authority.to_owned(), sender);
        MemoryListener { incoming }
    }

    /// Connects to `authority`.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub fn connect(&self, authority: &str) -> io::Result<MemoryStream> {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let host = hosts.get(authority).ok_or_else(refused)?;
        let (near, far) = duplex(BUFFER);
        let broken = Arc::default();
        host.send(MemoryStream { bytes: far, broken: Arc::clone(&broken) }).map_err(|_| refused())?;
        Ok(MemoryStream { bytes: near, broken })
    }
}

impl MemoryListener {
    /// The next connection; `None` when the network is gone.
    pub async fn accept(&mut self) -> Option<MemoryStream> {
        self.incoming.recv().await
    }
}

impl MemoryStream {
    /// Breaks the connection: both ends get an error of this kind from now on. The other end notices when this one is
    /// dropped.
    pub fn break_with(&self, kind: io::ErrorKind) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(kind);
    }

    fn check(&self) -> io::Result<()> {
        match *self.broken.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }
}

impl AsyncRead for MemoryStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        let result = ready!(Pin::new(&mut self.bytes).poll_read(cx, into));
        // What was broken while we waited reads as the error, not as the end of the stream.
        self.check()?;
        Poll::Ready(result)
    }
}

impl AsyncWrite for MemoryStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.bytes).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.bytes).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_broken_connection_reads_as_its_error_on_the_other_end() {
        let network = MemoryNetwork::default();
        let mut listener = network.listen("mock:80");
        let mut near = network.connect("mock:80").expect("somebody listens");
        let mut far = listener.accept().await.expect("a connection");
        near.write_all(b"hello").await.expect("room");
        let mut bytes = [0; 5];
        far.read_exact(&mut bytes).await.expect("five bytes");
        far.break_with(io::ErrorKind::ConnectionReset);
        drop(far);
        assert_eq!(near.read(&mut bytes).await.expect_err("reset").kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(network.connect("else:80").expect_err("nobody").kind(), io::ErrorKind::ConnectionRefused);
    }
}

//! A byte stream over a socket or in memory, and where it comes from.

use crate::net::memory::{MemoryListener, MemoryNetwork, MemoryStream};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Which network connections go over.
#[derive(Debug, Clone, Default)]
pub enum Transport {
    /// The operating system's.
    #[default]
    Tcp,
    /// One in memory.
    Memory(MemoryNetwork),
}

/// One end of a connection.
#[derive(Debug)]
pub enum ByteStream {
    /// A socket.
    Tcp(TcpStream),
    /// In memory.
    Memory(MemoryStream),
}

/// The listening end of a host.
#[derive(Debug)]
pub enum Listener {
    /// A socket.
    Tcp(TcpListener),
    /// In memory.
    Memory(MemoryListener),
}

impl Transport {
    /// Connects to `host` and `port`.
    ///
    /// # Errors
    ///
    /// Those of the network.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<ByteStream> {
        match self {
            Self::Tcp => {
                let stream = TcpStream::connect((host, port)).await?;
                // Requests are small and wait for answers: Nagle's algorithm would only delay them.
                stream.set_nodelay(true)?;
                Ok(ByteStream::Tcp(stream))
            }
            Self::Memory(network) => network.connect(&format!("{host}:{port}")).map(ByteStream::Memory),
        }
    }
}

impl Listener {
    /// The next connection and who it is from; in memory that is nobody in particular.
    ///
    /// # Errors
    ///
    /// Those of the network.
    pub async fn accept(&mut self) -> io::Result<(ByteStream, SocketAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((ByteStream::Tcp(stream), from))
            }
            Self::Memory(listener) => match listener.accept().await {
                Some(stream) => Ok((ByteStream::Memory(stream), SocketAddr::from(([127, 0, 0, 1], 0)))),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }
}

impl ByteStream {
    /// Breaks the connection with an error of this kind: over a socket always a reset (RST) as soon as it is dropped.
    pub fn break_with(&self, kind: io::ErrorKind) {
        match self {
            // Closing with a linger of zero seconds drops what is unsent and sends RST (RFC 9293 §3.10.4, ABORT).
            Self::Tcp(stream) => drop(socket2::SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO))),
            Self::Memory(stream) => stream.break_with(kind),
        }
    }
}

macro_rules! inner {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Self::Tcp($stream) => $call,
            Self::Memory($stream) => $call,
        }
    };
}

impl AsyncRead for ByteStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        inner!(self, stream => Pin::new(stream).poll_read(cx, into))
    }
}

impl AsyncWrite for ByteStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        inner!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inner!(self, stream => Pin::new(stream).poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Memory(stream) => stream.is_write_vectored(),
        }
    }
}

//! Requests over kept connections, one at a time on each.

use crate::support::hosted::{MODEL, PROMPT};
use std::io::{Error, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Connections, each of which keeps one request in flight.
pub(crate) const CONNECTIONS: usize = 32;

/// Asks for tasks; every answer must begin with one of `expected`.
pub(crate) async fn ask(address: SocketAddr, ids: &[String], requests: usize, expected: &[&str]) -> Result<()> {
    let request = |number: usize, text: &mut String| {
        let id = &ids[number % ids.len()];
        text.extend(["GET /api/v1/statusTask/", MODEL, "?taskId=", id]);
        text.push_str(" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n\r\n");
    };
    send(address, requests, request, expected).await
}

/// Hands tasks in.
pub(crate) async fn submit(address: SocketAddr, requests: usize) -> Result<()> {
    let body = format!(
        " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{PROMPT}",
        PROMPT.len()
    );
    let request = |_: usize, text: &mut String| text.extend(["POST /api/v1/generateTask/", MODEL, &body]);
    send(address, requests, request, &["HTTP/1.1 200"]).await
}

/// `requests` in all, written by `write`.
async fn send(
    address: SocketAddr,
    requests: usize,
    write: impl Fn(usize, &mut String) + Copy,
    expected: &[&str],
) -> Result<()> {
    let connection = |first: usize| async move {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (mut text, mut answer) = (String::new(), [0; 4_096]);
        for number in (first..requests).step_by(CONNECTIONS) {
            text.clear();
            write(number, &mut text);
            stream.write_all(text.as_bytes()).await?;
            let read = stream.read(&mut answer).await?;
            if !expected.iter().any(|start| answer[..read].starts_with(start.as_bytes())) {
                return Err(Error::other(String::from_utf8_lossy(&answer[..read]).into_owned()));
            }
        }
        Ok(())
    };
    futures_util::future::try_join_all((0..CONNECTIONS).map(connection)).await.map(drop)
}

//! Accepting connections: bounded, with time limits, and not at all while everything is refused.

use crate::net::stream::{ByteStream, Listener};
use crate::server::connection::{Breaker, Connection, FAREWELL, OnRefusal};
use crate::server::handle::handle;
use crate::server::instance::Server;
use crate::server::journal::JournalEntry;
use crate::time::Micros;
use crate::world::fault::When;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};

/// How long requests in flight may take after a stop.
const GRACE: Duration = Duration::from_secs(5);
/// Connections that are told at a time that there is no room; more are closed without a word.
const MOST_TURNED_AWAY: usize = 256;
/// Longest request head.
const MOST_HEAD: usize = 64 << 10;
/// Pause after a failed accept, such as for want of file descriptors.
const BREATH: Duration = Duration::from_millis(50);

pub(super) async fn listen(server: &Server, mut listener: Listener, stop: impl Future<Output = ()> + Send) {
    let places = Arc::new(Semaphore::new(server.settings().most_connections));
    let turned_away = Arc::new(Semaphore::new(MOST_TURNED_AWAY));
    let mut graceful = GracefulShutdown::new();
    let stopping = watch::Sender::new(false);
    let mut weather = server.weather();
    let mut stop = pin!(stop);
    let address = match &listener {
        Listener::Tcp(listener) => listener.local_addr().ok(),
        Listener::Memory(_) => None,
    };
    loop {
        let clock = server.clock();
        if let Listener::Tcp(listener) = &listener {
            clock.listens(listener);
        }
        weather.mark_unchanged();
        let (closing, until) = address.map_or((Vec::new(), Micros::NEVER), |_| refusing(server));
        server.run().state().close_port(&closing);
        if let (false, Some(address)) = (closing.is_empty(), address) {
            // Everything is refused: nobody listens, and idle connections end. Requests in flight, some of which may hang
            // forever, hold nothing up.
            drop(listener);
            tokio::spawn(std::mem::take(&mut graceful).shutdown());
            let closed = async {
                let held = hold(address);
                let (mut clock, mut until) = (clock, until);
                loop {
                    tokio::select! {
                        () = clock.sleep_until(until) => {}
                        _ = weather.changed() => {}
                    }
                    let (closing, next) = refusing(server);
                    server.run().state().close_port(&closing);
                    if closing.is_empty() {
                        break;
                    }
                    (clock, until) = (server.clock(), next);
                }
                drop(held);
                bind(address).await
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                bound = closed => listener = Listener::Tcp(bound),
            }
            continue;
        }
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            () = clock.sleep_until(until) => continue,
            _ = weather.changed() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    if let ByteStream::Tcp(stream) = &stream {
                        clock.accepted(stream);
                    }
                    let connection = graceful.watch(connect(server, stream, stopping.subscribe()));
                    let counted = server.connected();
                    tokio::spawn(async move {
                        // A client that goes away is none of the server's business.
                        let _ = connection.await;
                        drop((place, counted));
                    });
                }
                Err(_) => {
                    note(server, 503);
                    if let Ok(turn) = Arc::clone(&turned_away).try_acquire_owned() {
                        tokio::spawn(async move {
                            let _ = tokio::time::timeout(FAREWELL, turn_away(stream)).await;
                            drop(turn);
                        });
                    }
                }
            },
            Err(_) if address.is_none() => return,
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
    drop(listener);
    stopping.send_replace(true);
    if address.is_some() {
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    }
}

/// One connection, as hyper serves it.
fn connect(
    server: &Server,
    stream: ByteStream,
    stop: watch::Receiver<bool>,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send + use<> {
    let breaker = Breaker::new(stop);
    let (serving, trip) = (server.clone(), breaker.clone());
    let mut http = hyper::server::conn::http1::Builder::new();
    http.max_buf_size(MOST_HEAD);
    if !server.settings().clock.is_paused() {
        http.timer(TokioTimer::new()).header_read_timeout(server.settings().patience);
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let trip = trip.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(trip.clone());
        // What a request may need is large, and hyper moves it about.
        let answer = Box::pin(handle(&serving, request));
        async move {
            let answer = answer.await;
            trip.answered();
            Ok::<_, Infallible>(answer)
        }
    });
    let refusing = server.clone();
    let on_refusal = OnRefusal(Box::new(move |status| note(&refusing, status)));
    http.serve_connection(Connection::new(stream, breaker, on_refusal), service)
}

/// Counts and writes down a connection that is refused before a request could be read.
fn note(server: &Server, status: u16) {
    let run = server.run();
    run.state().counters.count("connection", Some(status), Duration::ZERO);
    run.note(|| JournalEntry::new(run.clock().now(), "connection", "", "").answered(status));
}

/// Says that there is no room.
async fn turn_away(mut stream: ByteStream) {
    let body = r#"{"code":503,"message":"Too many connections","data":null}"#;
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
    // As connections that found room do: its request is still unread.
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Listens again where it listened before.
async fn bind(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}

/// Holds a port that nobody listens on, so that nobody else takes it meanwhile.
fn hold(address: SocketAddr) -> Option<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.ok()?;
    socket.set_reuseaddr(true).ok()?;
    socket.bind(address).ok()?;
    Some(socket)
}

/// The rules that refuse every connection now, and when that may change.
fn refusing(server: &Server) -> (Vec<usize>, Micros) {
    let run = server.run();
    let now = run.clock().now();
    let faults = run.state().faults().clone();
    let (mut closing, mut until) = (Vec::new(), Micros::NEVER);
    for (number, rule) in faults.iter().enumerate().filter(|(_, rule)| rule.closes_the_port()) {
        match rule.when() {
            When::During(window) => {
                closing.extend(window.contains(now).then_some(number));
                until = until.min(window.next_change(now));
            }
            When::Always | When::Bursts(_) => {}
        }
    }
    (closing, until)
}

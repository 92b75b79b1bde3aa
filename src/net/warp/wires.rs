//! Is anything on its way? The sockets of the server and, through inet_diag, those of its clients: what one end has sent and
//! the other has not received is in flight, and so is an end of a connection that the other does not know of.

use super::rules::Requirement;
use crate::net::agenda::Watch;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};
use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// States of a TCP socket as the kernel numbers them; there is none where it is 0.
const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;
const FIN_WAIT1: u8 = 4;
const FIN_WAIT2: u8 = 5;
const TIME_WAIT: u8 = 6;
const CLOSE: u8 = 7;
const CLOSE_WAIT: u8 = 8;

#[derive(Debug)]
pub(super) struct Wires {
    /// Says when something has come, once for each time.
    bell: OwnedFd,
    diagnosis: OwnedFd,
    /// Packets that are queued between sockets of this machine; a kernel may not say.
    backlog: Option<File>,
    connections: Mutex<Vec<Connection>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Connection {
    server: SocketAddr,
    client: SocketAddr,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct End {
    state: u8,
    /// Bytes that its owner has not read yet.
    unread: u32,
    counts: Option<Counts>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    sent: u64,
    received: u64,
    unsent: u32,
}

impl Wires {
    pub(super) fn new() -> io::Result<Self> {
        let diagnosis = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(netlink::SOCK_DIAG),
        )?;
        Ok(Self {
            bell: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            diagnosis,
            backlog: File::open("/proc/net/softnet_stat").ok(),
            connections: Mutex::default(),
        })
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings when something can be read from there.
    pub(super) fn watch(&self, source: impl AsFd) {
        let events = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        // What cannot be watched is never awaited either: a file.
        let _ = epoll::add(&self.bell, source, epoll::EventData::new_u64(0), events);
    }

    /// Whether something has come since this was asked before; waits for it for a while.
    pub(super) fn has_rung(&self, patience: Duration) -> bool {
        let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(patience.subsec_nanos()) };
        let mut events = Vec::with_capacity(64);
        epoll::wait(&self.bell, spare_capacity(&mut events), Some(&patience)).is_ok_and(|count| count > 0)
    }

    /// Whether something is on its way.
    pub(super) fn are_busy(&self) -> io::Result<bool> {
        if Requirement::Backlog.is_met() && self.is_backlogged() {
            return Ok(true);
        }
        let mut connections = self.connections();
        let mut at = 0;
        while let Some(connection) = connections.get(at).copied() {
            let near = self.end(connection.server, connection.client)?;
            let far = self.end(connection.client, connection.server)?;
            match flight(near, far) {
                Flight::Busy if Requirement::Flight.is_met() => return Ok(true),
                Flight::Busy => at += 1,
                Flight::Landed => at += 1,
                Flight::Over => drop(connections.swap_remove(at)),
            }
        }
        Ok(false)
    }

    /// Whether a processor has packets that it has not delivered.
    fn is_backlogged(&self) -> bool {
        let Some(file) = &self.backlog else { return false };
        let mut text = [0; 8 << 10];
        let Ok(length) = file.read_at(&mut text, 0) else { return false };
        are_queued(&String::from_utf8_lossy(&text[..length]))
    }

    /// The end at `local` of a connection to `remote`; nothing where there is none.
    fn end(&self, local: SocketAddr, remote: SocketAddr) -> io::Result<End> {
        send(&self.diagnosis, &question(local, remote), SendFlags::empty())?;
        let mut answer = [0; 2048];
        let (_, length) = recv(&self.diagnosis, &mut answer, RecvFlags::empty())?;
        Ok(read_end(&answer[..length.min(answer.len())], remote))
    }

    /// Whether the kernel answers questions about sockets.
    pub(super) fn can_ask(&self) -> io::Result<()> {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        send(&self.diagnosis, &question(nobody, nobody), SendFlags::empty())?;
        let mut answer = [0; 2048];
        let (_, length) = recv(&self.diagnosis, &mut answer, RecvFlags::empty())?;
        // "There is no such socket" is an answer; that there is no such question is none.
        match error_of(&answer[..length.min(answer.len())]) {
            None | Some(2) => Ok(()),
            Some(error) => Err(io::Error::from_raw_os_error(error)),
        }
    }
}

impl Watch for Wires {
    fn listens(&self, listener: &TcpListener) {
        self.watch(listener);
    }

    fn accepted(&self, stream: &TcpStream) {
        self.watch(stream);
        if let (Ok(server), Ok(client)) = (stream.local_addr(), stream.peer_addr()) {
            self.connections().push(Connection { server, client });
        }
    }
}

/// Whether a line of `softnet_stat` tells of packets: its twelfth number, hexadecimal.
fn are_queued(text: &str) -> bool {
    text.lines().filter_map(|line| line.split(' ').nth(11)).any(|count| count.bytes().any(|digit| digit != b'0'))
}

#[derive(Debug, PartialEq, Eq)]
enum Flight {
    /// Something is under way.
    Busy,
    /// Each end knows all that the other has said.
    Landed,
    /// There is nothing left to say.
    Over,
}

fn flight(near: End, far: End) -> Flight {
    let has_closed = |end: End| !matches!(end.state, SYN_SENT | ESTABLISHED | CLOSE_WAIT);
    // That an acknowledgement is still to come, which may take 40 ms, matters to nobody.
    let has_heard = |end: End| !matches!(end.state, SYN_SENT | ESTABLISHED | FIN_WAIT1 | FIN_WAIT2);
    let is_over = |end: End| matches!(end.state, 0 | TIME_WAIT | CLOSE);
    let is_busy = |from: End, to: End| is_behind(from, to) || (has_closed(from) && !has_heard(to));
    match (near, far) {
        _ if is_busy(near, far) || is_busy(far, near) => Flight::Busy,
        _ if is_over(near) || is_over(far) => Flight::Over,
        _ => Flight::Landed,
    }
}

/// Whether `to` has not received all that `from` has sent, or means to send. A reader who lets its buffer fill up is no
/// reason to wait.
fn is_behind(from: End, to: End) -> bool {
    match (from.counts, to.counts) {
        (Some(sender), Some(receiver)) => receiver.received < sender.sent || (sender.unsent > 0 && to.unread == 0),
        _ => false,
    }
}

const REQUEST: usize = 72;

/// A request for one socket: `nlmsghdr`, `inet_diag_req_v2`.
fn question(local: SocketAddr, remote: SocketAddr) -> [u8; REQUEST] {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLM_F_REQUEST: u16 = 1;
    const IPPROTO_TCP: u8 = 6;
    const INET_DIAG_INFO: u8 = 2;
    let mut bytes = [0; REQUEST];
    bytes[0..4].copy_from_slice(&(REQUEST as u32).to_ne_bytes());
    bytes[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes[6..8].copy_from_slice(&NLM_F_REQUEST.to_ne_bytes());
    bytes[16] = if local.is_ipv4() { AddressFamily::INET.as_raw() as u8 } else { AddressFamily::INET6.as_raw() as u8 };
    bytes[17] = IPPROTO_TCP;
    bytes[18] = 1 << (INET_DIAG_INFO - 1);
    bytes[20..24].copy_from_slice(&u32::MAX.to_ne_bytes());
    bytes[24..26].copy_from_slice(&local.port().to_be_bytes());
    bytes[26..28].copy_from_slice(&remote.port().to_be_bytes());
    for (at, address) in [(28, local.ip()), (44, remote.ip())] {
        match address {
            IpAddr::V4(address) => bytes[at..at + 4].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => bytes[at..at + 16].copy_from_slice(&address.octets()),
        }
    }
    // Any socket, whatever its cookie.
    bytes[64..72].copy_from_slice(&[0xFF; 8]);
    bytes
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// The number of the error that an answer is.
fn error_of(answer: &[u8]) -> Option<i32> {
    const NLMSG_ERROR: u16 = 2;
    let kind = number(answer, 4).map(u16::from_ne_bytes)?;
    let code = number(answer, 16).map(i32::from_ne_bytes)?;
    (kind == NLMSG_ERROR).then_some(-code)
}

/// Reads `inet_diag_msg` and, among its attributes, `tcp_info`.
fn read_end(answer: &[u8], remote: SocketAddr) -> End {
    const BODY: usize = 16;
    const ATTRIBUTES: usize = BODY + 72;
    const INET_DIAG_INFO: u16 = 2;
    let port = number(answer, BODY + 6).map(u16::from_be_bytes);
    // A listening socket has no remote end.
    if error_of(answer).is_some() || port != Some(remote.port()) {
        return End::default();
    }
    let unread = number(answer, BODY + 56).map_or(0, u32::from_ne_bytes);
    let mut end = End { state: answer.get(BODY + 1).copied().unwrap_or(0), unread, counts: None };
    let mut at = ATTRIBUTES;
    while let (Some(length), Some(kind)) = (number(answer, at), number(answer, at + 2)) {
        let length = usize::from(u16::from_ne_bytes(length));
        if u16::from_ne_bytes(kind) == INET_DIAG_INFO {
            let info = answer.get(at + 4..at + length).unwrap_or(&[]);
            let long = |at| number(info, at).map(u64::from_ne_bytes);
            if let (Some(received), Some(unsent), Some(sent), Some(again)) =
                (long(128), number(info, 144).map(u32::from_ne_bytes), long(200), long(208))
            {
                end.counts = Some(Counts { sent: sent.saturating_sub(again), received, unsent });
            }
        }
        at += length.max(4).next_multiple_of(4);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Promise: over IPv4 and IPv6, what has arrived is no longer on its way though nobody has read it, and a connection that
    /// both sides have closed is forgotten.
    #[tokio::test]
    async fn what_has_arrived_is_not_on_its_way() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let wires = Wires::new().expect("inet_diag");
            let Ok(listener) = TcpListener::bind(address).await else {
                eprintln!("left out: nobody can listen at {address} here");
                continue;
            };
            let mut client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a server");
            let (mut server, _) = listener.accept().await.expect("a client");
            wires.accepted(&server);
            client.write_all(b"question").await.expect("sent");
            server.write_all(b"answer").await.expect("sent");
            lands(&wires).await;
            let counts = |end: End| end.counts.map(|counts| (counts.sent, counts.received));
            let [connection] = wires.connections()[..] else { panic!("one connection") };
            let near = wires.end(connection.server, connection.client).expect("inet_diag");
            let far = wires.end(connection.client, connection.server).expect("inet_diag");
            assert_eq!((near.unread, far.unread), (8, 6), "{address}");
            assert_eq!((counts(near), counts(far)), (Some((6, 8)), Some((8, 6))), "{address}");
            let mut bytes = [0; 8];
            server.read_exact(&mut bytes).await.expect("a question");
            client.read_exact(&mut bytes[..6]).await.expect("an answer");
            drop((client, server));
            // Programs that other tests start just now hold both ends until they have become programs.
            for _ in 0..1_000 {
                lands(&wires).await;
                if wires.connections().is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(*wires.connections(), []);
        }
    }

    async fn lands(wires: &Wires) {
        while wires.are_busy().expect("inet_diag") {
            tokio::task::yield_now().await;
        }
    }

    /// Promise: what only one end knows of is on its way, bytes as well as an end, and what is still to be sent where there is
    /// room for it.
    #[test]
    fn what_one_end_only_knows_of_is_on_its_way() {
        let end = |state, sent, received| End { state, unread: 0, counts: Some(Counts { sent, received, unsent: 0 }) };
        let rest = |sent, received| end(ESTABLISHED, sent, received);
        assert_eq!(flight(rest(10, 5), rest(5, 10)), Flight::Landed);
        assert_eq!(flight(rest(10, 5), rest(5, 9)), Flight::Busy);
        assert_eq!(flight(rest(10, 4), rest(5, 10)), Flight::Busy);
        assert_eq!(flight(end(FIN_WAIT1, 10, 5), rest(5, 10)), Flight::Busy);
        assert_eq!(flight(end(FIN_WAIT2, 10, 5), end(CLOSE_WAIT, 5, 10)), Flight::Landed);
        assert_eq!(flight(End::default(), rest(5, 10)), Flight::Busy);
        let held = End { counts: Some(Counts { sent: 10, received: 5, unsent: 3 }), ..rest(0, 0) };
        assert_eq!(flight(held, rest(5, 10)), Flight::Busy);
        assert_eq!(flight(held, End { unread: 1, ..rest(5, 10) }), Flight::Landed);
        assert_eq!(flight(End::default(), End { state: TIME_WAIT, ..End::default() }), Flight::Over);
    }

    /// Promise: a packet that waits for any processor is on its way: nothing else tells of a connection that is only being
    /// made. No program can be made to rest just then at will, so the kernel's words are set down here.
    #[test]
    fn a_packet_that_waits_for_a_processor_is_on_its_way() {
        let line = |queued: &str| {
            format!(
                "0004c1a2 00000000 00000003 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 {queued} 00000000 00000000 00000000"
            )
        };
        let idle = line("00000000");
        assert!(!are_queued(&format!("{idle}\n{idle}\n")));
        assert!(are_queued(&format!("{idle}\n{}\n", line("00000010"))));
        assert!(are_queued(&format!("{}\n{idle}\n", line("00000001"))));
    }
}

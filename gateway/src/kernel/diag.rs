//! Asking Linux of its sockets by `sock_diag(7)`.
//!
//! An answer is there when the question's `send` returns: nothing here waits for anybody.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use chalkwire_shared::kernel::{State, View};
use chalkwire_shared::target::Kind;
use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{
    AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP, SOCK_STREAM,
};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, nlas};
use netlink_packet_sock_diag::unix::nlas::UnixDiagName;
use netlink_packet_sock_diag::unix::{
    ShowFlags, StateFlags as UnixStates, UnixRequest, UnixResponse, nlas as unix_nlas,
};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};

use super::tcp_info;
use crate::target::with_buffer;

/// The kernel answers at once; this is for one that does not.
const PATIENCE: Duration = Duration::from_millis(200);

/// Which socket it is need not be told by a cookie (linux/inet_diag.h, `INET_DIAG_NOCOOKIE`).
const NO_COOKIE: [u8; 8] = [0xff; 8];

/// The type, length and number of a message of the kernel (netlink(7)).
const HEADER_BYTES: usize = 16;

/// A line to the kernel.
#[derive(Debug)]
pub(super) struct Diag {
    socket: OwnedFd,
    questions: u32,
}

/// A Unix socket, found by its name or its number.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) view: View,
    /// By which it is found again, without a look at all the others.
    pub(super) inode: u32,
    /// The socket at the other end.
    pub(super) peer: Option<u32>,
}

impl Diag {
    /// A new line to the kernel.
    pub(super) fn open() -> io::Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Diag {
            socket,
            questions: 0,
        })
    }

    /// Whether the kernel tells of sockets of this kind: a part of it that is not there gives the
    /// same answer as a socket that is not there.
    pub(super) fn tells(&mut self, kind: Kind) -> io::Result<bool> {
        let any = (Ipv4Addr::LOCALHOST, 0);
        match kind {
            Kind::Tcp => {
                let socket = TcpListener::bind(any)?;
                Ok(self.inet(kind, socket.local_addr()?, None)?.is_some())
            }
            Kind::Udp => {
                let socket = UdpSocket::bind(any)?;
                Ok(self.inet(kind, socket.local_addr()?, None)?.is_some())
            }
            Kind::Unix | Kind::Unixgram => {
                let mut seen = false;
                // The servers' own are there, at the least.
                self.ask(unix_request(0), NLM_F_DUMP, |_| seen = true)?;
                Ok(seen)
            }
        }
    }

    /// The TCP or UDP socket of these addresses; without a peer the one that listens, or that takes
    /// datagrams from everywhere.
    pub(super) fn inet(
        &mut self,
        kind: Kind,
        local: SocketAddr,
        peer: Option<SocketAddr>,
    ) -> io::Result<Option<View>> {
        let nobody: IpAddr = match local {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let from = peer.unwrap_or(SocketAddr::new(nobody, 0));
        let tcp = kind == Kind::Tcp;
        // For UDP the question is asked as a packet's receiver would ask it: udp_diag(7) has them
        // the other way round "for historical reasons".
        let (source, destination) = if tcp { (local, from) } else { (from, local) };
        let request = InetRequest {
            family: if local.is_ipv4() { AF_INET } else { AF_INET6 },
            protocol: if tcp { IPPROTO_TCP } else { IPPROTO_UDP },
            extensions: ExtensionFlags::INFO,
            states: netlink_packet_sock_diag::inet::StateFlags::all(),
            socket_id: SocketId {
                source_port: source.port(),
                destination_port: destination.port(),
                source_address: source.ip(),
                destination_address: destination.ip(),
                interface_id: 0,
                cookie: NO_COOKIE,
            },
        };
        let mut found = None;
        self.ask(SockDiagMessage::InetRequest(request), 0, |message| {
            if let SockDiagMessage::InetResponse(response) = message {
                found = view_of(&response, local, peer, tcp);
            }
        })?;
        Ok(found)
    }

    /// The Unix socket that is bound to a path; of a server's the one that listens, not those that
    /// it accepted.
    pub(super) fn path(&mut self, path: &str) -> io::Result<Option<Found>> {
        let mut found: Option<Found> = None;
        self.ask(unix_request(0), NLM_F_DUMP, |message| {
            if let SockDiagMessage::UnixResponse(response) = message
                && is_named(&response, path)
                && let Some(this) = found_of(&response)
                && (this.view.state == State::Listen || found.is_none())
            {
                found = Some(this);
            }
        })?;
        Ok(found)
    }

    /// The Unix socket of this number, if it is bound to this path: numbers are used again.
    pub(super) fn inode(&mut self, inode: u32, path: &str) -> io::Result<Option<Found>> {
        let mut found = None;
        self.ask(unix_request(inode), 0, |message| {
            if let SockDiagMessage::UnixResponse(response) = message
                && is_named(&response, path)
            {
                found = found_of(&response);
            }
        })?;
        Ok(found)
    }

    /// Asks, and hands on each answer. That there is no such socket is no error: then there is none.
    fn ask(
        &mut self,
        question: SockDiagMessage,
        flags: u16,
        mut each: impl FnMut(SockDiagMessage),
    ) -> io::Result<()> {
        self.questions = self.questions.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.questions;
        let mut packet = NetlinkMessage::new(header, question.into());
        packet.finalize();
        let mut bytes = vec![0; packet.buffer_len()];
        packet.serialize(&mut bytes);
        rustix::net::send(&self.socket, &bytes, SendFlags::empty())?;
        loop {
            let done = with_buffer(|buffer| {
                let (_, length) =
                    rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::empty())?;
                self.take(&buffer[..length], flags == NLM_F_DUMP, &mut each)
            })?;
            if done {
                return Ok(());
            }
        }
    }

    /// Takes the messages of one `recv`; true after the last one of an answer.
    fn take(
        &self,
        mut bytes: &[u8],
        dump: bool,
        each: &mut impl FnMut(SockDiagMessage),
    ) -> io::Result<bool> {
        while let Some(header) = bytes.first_chunk::<HEADER_BYTES>() {
            let [a, b, c, d, _, _, _, _, e, f, g, h, ..] = *header;
            let length = u32::from_ne_bytes([a, b, c, d]) as usize;
            let question = u32::from_ne_bytes([e, f, g, h]);
            if length < HEADER_BYTES || length > bytes.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let message = &bytes[..length];
            bytes = &bytes[length.next_multiple_of(4).min(bytes.len())..];
            // The late answer to a question that was given up.
            if question != self.questions {
                continue;
            }
            // One socket of all that can't be read, such as one with a strange name, is nobody's
            // loss but its own.
            let Ok(message) = NetlinkMessage::<SockDiagMessage>::deserialize(message) else {
                continue;
            };
            match message.payload {
                NetlinkPayload::InnerMessage(answer) => {
                    each(answer);
                    if !dump {
                        return Ok(true);
                    }
                }
                NetlinkPayload::Done(_) => return Ok(true),
                NetlinkPayload::Error(error) => {
                    let error = error.to_io();
                    return match Errno::from_io_error(&error) {
                        Some(Errno::NOENT) => Ok(true),
                        _ => Err(error),
                    };
                }
                _ => {}
            }
        }
        Ok(false)
    }
}

/// What the answer says of the socket that was asked for. The kernel may answer with another one: a
/// listener, where a connection is not there.
fn view_of(
    response: &InetResponse,
    local: SocketAddr,
    peer: Option<SocketAddr>,
    tcp: bool,
) -> Option<View> {
    let header = &response.header;
    let state = state_of(header.state)?;
    let id = &header.socket_id;
    let is_local = (id.source_address, id.source_port) == (local.ip(), local.port());
    let is_peer = match peer {
        Some(peer) => (id.destination_address, id.destination_port) == (peer.ip(), peer.port()),
        None => !tcp || state == State::Listen,
    };
    if !is_local || !is_peer {
        return None;
    }
    let info = response.nlas.iter().find_map(|nla| match nla {
        nlas::Nla::TcpInfo(bytes) if tcp && state != State::Listen => Some(tcp_info::read(bytes)),
        _ => None,
    });
    let (rtt_us, retransmits) = info.unwrap_or_default();
    Some(View {
        state,
        // Of UDP it is memory (net/ipv4/udp_diag.c).
        recv_queue: tcp.then_some(header.recv_queue),
        send_queue: tcp.then_some(header.send_queue),
        rtt_us,
        retransmits,
    })
}

fn unix_request(inode: u32) -> SockDiagMessage {
    SockDiagMessage::UnixRequest(UnixRequest {
        // Datagram sockets are in the states of TCP that have no place among the flags.
        state_flags: UnixStates::from_bits_retain(u32::MAX),
        inode,
        show_flags: ShowFlags::NAME | ShowFlags::PEER | ShowFlags::RQLEN,
        cookie: NO_COOKIE,
    })
}

fn is_named(response: &UnixResponse, path: &str) -> bool {
    match response.name() {
        Some(UnixDiagName::Pathname(name)) => name.as_bytes() == path.as_bytes(),
        _ => false,
    }
}

fn found_of(response: &UnixResponse) -> Option<Found> {
    let queues = response.nlas.iter().find_map(|nla| match nla {
        unix_nlas::Nla::ReceiveQueueLength(recv, send) => Some((*recv, *send)),
        _ => None,
    });
    let (recv_queue, send_queue) = queues.unwrap_or_default();
    let state = state_of(response.header.state)?;
    // What was sent is told as memory; of datagrams, what came is the first one's bytes (net/unix/diag.c).
    let stream = response.header.kind == SOCK_STREAM;
    Some(Found {
        view: View {
            state,
            recv_queue: stream.then_some(recv_queue),
            send_queue: (state == State::Listen).then_some(send_queue),
            rtt_us: None,
            retransmits: None,
        },
        inode: response.header.inode,
        // One that nobody has accepted yet has no number.
        peer: response.peer().filter(|inode| *inode != 0),
    })
}

/// A state by its number (net/tcp_states.h).
fn state_of(number: u8) -> Option<State> {
    Some(match number {
        1 => State::Established,
        2 => State::SynSent,
        // 12 is a SYN that has no socket of its own yet.
        3 | 12 => State::SynRecv,
        4 => State::FinWait1,
        5 => State::FinWait2,
        6 => State::TimeWait,
        7 => State::Close,
        8 => State::CloseWait,
        9 => State::LastAck,
        10 => State::Listen,
        11 => State::Closing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;

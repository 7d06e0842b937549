//! One socket's packets: who sent what after what, with sequence numbers that fit.

use std::net::SocketAddr;

use bytes::Bytes;

use super::Packet;
use super::packet::{ACK, FIN, MAX_PAYLOAD, PSH, RST, SYN, Segment, datagram};

/// What happened on the socket, at some time.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// Bytes to the target, or a datagram, with what is to be said of it.
    Sent(Bytes, Option<&'static str>),
    /// Bytes from it.
    Received(Bytes, Option<&'static str>),
    /// Our FIN.
    ShutDown,
    /// The target's FIN.
    PeerDone,
    /// The target's RST.
    PeerReset,
    /// Our RST.
    Reset,
    /// A datagram found nobody.
    Refused,
    /// The gateway closed its end.
    Closed,
}

/// A socket.
pub(super) struct Flow {
    local: SocketAddr,
    peer: SocketAddr,
    datagram: bool,
    connected_us: u64,
    connect_us: u64,
    events: Vec<(u64, Event)>,
}

/// One end of a connection: its next sequence number, and whether its FIN is out.
#[derive(Clone, Copy, Default)]
struct End {
    next: u32,
    done: bool,
}

impl Flow {
    /// A socket that has connected at this time, in µs since 1970, after so many µs.
    pub(super) fn new(
        local: SocketAddr,
        peer: SocketAddr,
        datagram: bool,
        connected_us: u64,
        connect_us: u64,
    ) -> Self {
        Flow {
            local,
            peer,
            datagram,
            connected_us,
            connect_us,
            events: Vec::new(),
        }
    }

    /// Adds what happened.
    pub(super) fn push(&mut self, at_us: u64, event: Event) {
        self.events.push((at_us, event));
    }

    /// The events in the order of their packets: by time, but a FIN of ours, of which only the browser
    /// knows the time, not before what was sent before it.
    fn in_order(self) -> Vec<(u64, Event)> {
        let mut latest_sent = 0;
        let mut events = self.events;
        for (at, event) in &mut events {
            match event {
                Event::Sent(..) => latest_sent = latest_sent.max(*at),
                Event::ShutDown | Event::Closed | Event::Reset => *at = latest_sent.max(*at),
                _ => {}
            }
        }
        events.sort_by_key(|(at, _)| *at);
        events
    }

    /// The packets.
    pub(super) fn write(self, out: &mut Vec<Packet>) {
        let (local, peer) = (self.local, self.peer);
        if self.datagram {
            for (at_us, event) in self.in_order() {
                let (from, to, payload, comment) = match event {
                    Event::Sent(bytes, comment) => (local, peer, bytes, comment),
                    Event::Received(bytes, comment) => (peer, local, bytes, comment),
                    _ => continue,
                };
                let payload = &payload[..payload.len().min(MAX_PAYLOAD)];
                let bytes = datagram(from, to, payload);
                out.push(Packet {
                    at_us,
                    bytes,
                    comment,
                });
            }
            return;
        }
        let mut wire = Wire {
            ends: [(local, End::default()), (peer, End::default())],
            out,
        };
        let (begin, connected) = (
            self.connected_us.saturating_sub(self.connect_us),
            self.connected_us,
        );
        wire.put(begin, 0, SYN, &[], None);
        wire.put(connected, 1, SYN | ACK, &[], None);
        wire.put(connected, 0, ACK, &[], None);
        for (at, event) in self.in_order() {
            match event {
                Event::Sent(bytes, comment) => wire.data(at, 0, &bytes, comment),
                Event::Received(bytes, comment) => wire.data(at, 1, &bytes, comment),
                Event::ShutDown => wire.fin(at, 0),
                Event::PeerDone => wire.fin(at, 1),
                Event::PeerReset => return wire.put(at, 1, RST | ACK, &[], None),
                Event::Reset => return wire.put(at, 0, RST | ACK, &[], None),
                Event::Closed => return wire.fin(at, 0),
                Event::Refused => {}
            }
        }
    }
}

/// A connection as it goes on: our end and the target's.
struct Wire<'a> {
    ends: [(SocketAddr, End); 2],
    out: &'a mut Vec<Packet>,
}

impl Wire<'_> {
    fn put(
        &mut self,
        at_us: u64,
        from: usize,
        flags: u8,
        payload: &[u8],
        comment: Option<&'static str>,
    ) {
        let (sender, end) = self.ends[from];
        let (receiver, other) = self.ends[1 - from];
        let bytes = Segment {
            from: sender,
            to: receiver,
            seq: end.next,
            ack: if flags & ACK != 0 { other.next } else { 0 },
            flags,
            payload,
        }
        .packet();
        self.out.push(Packet {
            at_us,
            bytes,
            comment,
        });
        // SYN and FIN take a number each (RFC 9293, section 3.4).
        let taken = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.ends[from].1.next = end.next.wrapping_add(taken);
    }

    fn data(&mut self, at: u64, from: usize, bytes: &[u8], comment: Option<&'static str>) {
        if self.ends[from].1.done {
            return;
        }
        for part in bytes.chunks(MAX_PAYLOAD) {
            self.put(at, from, PSH | ACK, part, comment);
        }
    }

    fn fin(&mut self, at: u64, from: usize) {
        if self.ends[from].1.done {
            return;
        }
        self.put(at, from, FIN | ACK, &[], None);
        self.ends[from].1.done = true;
        self.put(at, 1 - from, ACK, &[], None);
    }
}

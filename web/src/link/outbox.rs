//! What was said and not acknowledged yet, kept to be said again.

use std::collections::VecDeque;

use bytes::Bytes;
use chalkwire_shared::frame::ClientFrame;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::ClientMessage;

use super::Do;

/// What the page says in sequence.
#[derive(Clone, Debug, PartialEq)]
enum Wire {
    Control(ClientMessage),
    Data(ClientFrame),
}

/// Said, and not acknowledged yet.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    seq: u64,
    wire: Wire,
    entry: Option<u32>,
}

/// The page's messages from the last acknowledged one on. The sockets' credit bounds it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outbox {
    last_seq: u64,
    held: VecDeque<Held>,
}

impl Outbox {
    /// Takes a control message in: what is to be sent.
    pub fn control(&mut self, message: impl FnOnce(u64) -> ClientMessage) -> Do {
        self.last_seq += 1;
        let wire = Wire::Control(message(self.last_seq));
        self.hold(wire, None)
    }

    /// Takes data in, whose line in the log is `entry`: what is to be sent.
    pub fn data(&mut self, socket: SocketId, payload: Bytes, entry: u32) -> Do {
        self.last_seq += 1;
        let wire = Wire::Data(ClientFrame {
            socket,
            seq: self.last_seq,
            payload,
        });
        self.hold(wire, Some(entry))
    }

    fn hold(&mut self, wire: Wire, entry: Option<u32>) -> Do {
        let held = Held {
            seq: self.last_seq,
            wire,
            entry,
        };
        let said = held.encode();
        self.held.push_back(held);
        said
    }

    /// The gateway has all up to `seen`.
    pub fn acknowledged(&mut self, seen: u64) {
        while self.held.front().is_some_and(|it| it.seq <= seen) {
            self.held.pop_front();
        }
    }

    /// All that is to be said again, in order.
    pub fn again(&self) -> impl Iterator<Item = Do> {
        self.held.iter().map(Held::encode)
    }

    /// The log's lines of data of which the gateway has not said that it has it.
    pub fn unacknowledged(&self) -> Vec<u32> {
        self.held.iter().filter_map(|it| it.entry).collect()
    }
}

impl Held {
    fn encode(&self) -> Do {
        match &self.wire {
            Wire::Control(message) => Do::Text(message.encode()),
            Wire::Data(frame) => Do::Bytes(frame.encode()),
        }
    }
}

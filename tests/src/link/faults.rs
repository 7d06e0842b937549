//! Faults asked for over a link, and what is told of them.

use chalkwire_shared::fault::{Asked, Direction, Fault, FaultDid};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};

use super::{CREDIT_BYTES, Event, Link};

/// Faults of texts.
///
/// # Panics
/// When one is none.
pub fn asked(faults: &[&str]) -> Vec<Asked> {
    faults
        .iter()
        .map(|text| Fault::from_text(text).expect("a fault").into())
        .collect()
}

impl Link {
    /// Opens a socket with faults, whose credit is given back as data comes.
    pub async fn open_faulted(&mut self, target: &str, faults: &[&str], seed: u32) -> SocketId {
        self.open_asking(target, asked(faults), seed).await
    }

    /// The same with faults that may be none.
    pub async fn open_asking(&mut self, target: &str, faults: Vec<Asked>, seed: u32) -> SocketId {
        self.last_socket += 1;
        let socket = SocketId(self.last_socket);
        self.windows.insert(socket, self.limits.window_bytes.into());
        self.generous.insert(socket, 0);
        let target = target.to_owned();
        self.say(|seq| ClientMessage::Open {
            seq,
            socket,
            target,
            credit: CREDIT_BYTES,
            trace: false,
            kernel: false,
            faults,
            seed,
            run: None,
        })
        .await;
        socket
    }

    /// Opens a socket with faults, and checks that it is connected.
    pub async fn opened_faulted(&mut self, target: &str, faults: &[&str], seed: u32) -> SocketId {
        let socket = self.open_faulted(target, faults, seed).await;
        self.expect_opened(socket).await;
        socket
    }

    /// Asks for other faults of an open socket.
    pub async fn set_faults(&mut self, socket: SocketId, faults: &[&str], seed: u32) {
        let faults = asked(faults);
        self.say(|seq| ClientMessage::Faults {
            seq,
            socket,
            faults,
            seed,
        })
        .await;
    }

    /// The next thing that a fault did to a socket; other events are put aside for later.
    pub async fn did(&mut self, socket: SocketId) -> (Direction, FaultDid) {
        let event = self.event_that(|event| did(event, socket).is_some()).await;
        did(&event, socket).expect("it was chosen for that")
    }

    /// What faults did to a socket by what was read so far.
    pub fn all_did(&mut self, socket: SocketId) -> Vec<(Direction, FaultDid)> {
        let found = self.aside.iter().filter_map(|event| did(event, socket));
        let found = found.collect();
        self.aside.retain(|event| did(event, socket).is_none());
        found
    }
}

fn did(event: &Event, of: SocketId) -> Option<(Direction, FaultDid)> {
    match event {
        Event::Told(GatewayMessage::Fault {
            socket,
            direction,
            did,
            ..
        }) if *socket == of => Some((*direction, did.clone())),
        _ => None,
    }
}

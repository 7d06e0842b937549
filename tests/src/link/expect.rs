//! What a socket of a link must say next.

use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::GatewayFrame;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::GatewayMessage;

use super::{Event, Link};

/// All that a socket received until it was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// Its bytes, of all frames.
    pub bytes: Vec<u8>,
    /// Whether the target ended its side first.
    pub eof: bool,
    /// Why it was closed.
    pub reason: Reason,
}

impl Link {
    /// The next event of one socket; those of others are put aside for later.
    ///
    /// # Panics
    /// When the connection ends.
    pub async fn event(&mut self, socket: SocketId) -> Event {
        self.event_that(|event| event.socket() == Some(socket))
            .await
    }

    /// The next event that fits; others are put aside for later.
    ///
    /// # Panics
    /// When the connection ends.
    pub async fn event_that(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        if let Some(at) = self.aside.iter().position(&fits) {
            return self.aside.remove(at).expect("it was found there");
        }
        loop {
            let event = self.receive().await;
            let event = event.unwrap_or_else(|end| panic!("the link ended: {end:?}"));
            if fits(&event) {
                return event;
            }
            self.aside.push_back(event);
        }
    }

    /// The next message of any socket that tells what its server or the kernel saw of it; others
    /// are put aside for later.
    ///
    /// # Panics
    /// When the connection ends.
    pub async fn observed(&mut self) -> GatewayMessage {
        let seen = |event: &Event| {
            let seen = |m: &GatewayMessage| {
                matches!(
                    m,
                    GatewayMessage::Server { .. } | GatewayMessage::Kernel { .. }
                )
            };
            matches!(event, Event::Told(message) if seen(message))
        };
        let event = match self.aside.iter().position(seen) {
            Some(at) => self.aside.remove(at).expect("it was found there"),
            None => loop {
                let event = self.receive().await;
                let event = event.unwrap_or_else(|end| panic!("the link ended: {end:?}"));
                if seen(&event) {
                    break event;
                }
                self.aside.push_back(event);
            },
        };
        match event {
            Event::Told(message) => message,
            Event::Data(_) => unreachable!("only messages are looked for"),
        }
    }

    /// The socket's next event must be `opened`: our address and the target's.
    ///
    /// # Panics
    /// When it is not.
    pub async fn expect_opened(&mut self, socket: SocketId) -> (String, String) {
        match self.event(socket).await {
            Event::Told(GatewayMessage::Opened { local, peer, .. }) => (local, peer),
            other => panic!("not opened but {other:?}"),
        }
    }

    /// The socket's next event must be data.
    ///
    /// # Panics
    /// When it is not.
    pub async fn expect_data(&mut self, socket: SocketId) -> GatewayFrame {
        match self.event(socket).await {
            Event::Data(frame) => frame,
            other => panic!("not data but {other:?}"),
        }
    }

    /// The socket's next event must be `eof`.
    ///
    /// # Panics
    /// When it is not.
    pub async fn expect_eof(&mut self, socket: SocketId) {
        match self.event(socket).await {
            Event::Told(GatewayMessage::Eof { .. }) => {}
            other => panic!("not eof but {other:?}"),
        }
    }

    /// The socket's next event must be `closed`: why, for programs and for a learner.
    ///
    /// # Panics
    /// When it is not.
    pub async fn expect_closed(&mut self, socket: SocketId) -> (Reason, String) {
        match self.event(socket).await {
            Event::Told(GatewayMessage::Closed { reason, detail, .. }) => (reason, detail),
            other => panic!("not closed but {other:?}"),
        }
    }

    /// Reads so many bytes of a stream socket.
    ///
    /// # Panics
    /// When something else comes before they are there, or more of them.
    pub async fn expect_bytes(&mut self, socket: SocketId, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            bytes.extend_from_slice(&self.expect_data(socket).await.payload);
        }
        assert_eq!(bytes.len(), length, "more came than was expected");
        bytes
    }

    /// All that the socket receives until it is closed.
    ///
    /// # Panics
    /// When something comes that has no place there.
    pub async fn rest(&mut self, socket: SocketId) -> Rest {
        let (mut bytes, mut eof) = (Vec::new(), false);
        loop {
            match self.event(socket).await {
                Event::Data(frame) => {
                    assert!(!eof, "data after eof");
                    bytes.extend_from_slice(&frame.payload);
                }
                Event::Told(GatewayMessage::Eof { .. }) => eof = true,
                Event::Told(GatewayMessage::Closed { reason, .. }) => {
                    return Rest { bytes, eof, reason };
                }
                other => panic!("in the middle of a stream: {other:?}"),
            }
        }
    }
}

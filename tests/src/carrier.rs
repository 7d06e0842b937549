//! A connection of a link, over whichever way it is made.

use std::net::SocketAddr;

use chalkwire_shared::limits::SUBPROTOCOL;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

use crate::deadline::within;
use crate::events::Events;
use crate::websocket::{self, Ended, WebSocket};

/// How a link's messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Over a WebSocket.
    WebSocket,
    /// As Server-Sent Events and POSTs.
    Events,
}

impl Transport {
    /// Every one there is.
    pub const ALL: [Transport; 2] = [Transport::WebSocket, Transport::Events];

    /// What tests take that do not care: `TRANSPORT=sse` has all of them go over HTTP.
    pub fn usual() -> Self {
        match std::env::var_os("TRANSPORT") {
            Some(name) if name == "sse" => Transport::Events,
            _ => Transport::WebSocket,
        }
    }
}

/// A connection.
#[derive(Debug)]
pub enum Carrier {
    /// Over a WebSocket.
    WebSocket(Box<WebSocket>),
    /// As Server-Sent Events and POSTs.
    Events(Box<Events>),
}

impl Carrier {
    /// Opens a connection to a gateway.
    ///
    /// # Panics
    /// When the gateway does not let it in.
    pub async fn connect(address: SocketAddr, transport: Transport) -> Self {
        Carrier::connect_below("", address, transport).await
    }

    /// Opens a connection to a gateway that a proxy has under a prefix.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn connect_below(
        prefix: &'static str,
        address: SocketAddr,
        transport: Transport,
    ) -> Self {
        match transport {
            Transport::WebSocket => {
                let path = format!("{prefix}/ws");
                let connected = websocket::connect(address, &path, Some(SUBPROTOCOL)).await;
                let (socket, chosen) = connected.expect("a link");
                assert_eq!(chosen.as_deref(), Some(SUBPROTOCOL));
                Carrier::WebSocket(Box::new(socket))
            }
            Transport::Events => {
                let connected = Events::connect_below(prefix, address).await;
                let refused = |answer: crate::http::Response| panic!("no link but {answer:?}");
                Carrier::Events(Box::new(connected.unwrap_or_else(refused)))
            }
        }
    }

    /// The next text or binary message, or how it ended. Pings are answered on the way.
    ///
    /// # Errors
    /// How it ended.
    pub async fn next(&mut self) -> Result<Message, Ended> {
        match self {
            Carrier::WebSocket(socket) => websocket::next(socket).await,
            Carrier::Events(events) => events.next().await,
        }
    }

    /// Sends a message: whether the connection took it.
    pub async fn send(&mut self, message: Message) -> bool {
        match self {
            Carrier::WebSocket(socket) => {
                let sent = within("the connection to take a message", socket.send(message));
                sent.await.is_ok()
            }
            Carrier::Events(events) => events.send(&message).await,
        }
    }

    /// Reads to the end, whatever comes: how it ended.
    pub async fn ended(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.next().await {
                return ended;
            }
        }
    }

    /// Pulls the cable: reset, and nobody says goodbye.
    pub fn abort(self) {
        match self {
            Carrier::WebSocket(socket) => websocket::abort(*socket),
            Carrier::Events(events) => events.abort(),
        }
    }
}

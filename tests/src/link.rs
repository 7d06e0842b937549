//! A small honest client of the link protocol: numbers its messages, keeps credit, resumes.

mod expect;
mod faults;
mod jobs;
mod servers;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;
use chalkwire_shared::frame::{
    CLIENT_HEADER_BYTES, ClientFrame, GATEWAY_HEADER_BYTES, GatewayFrame,
};
use chalkwire_shared::id::{SocketId, Token};
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::target::TargetInfo;
use tokio_tungstenite::tungstenite::Message;

use crate::carrier::{Carrier, Transport};
use crate::websocket::Ended;

pub use expect::Rest;
pub use faults::asked;
pub use jobs::Reported;

/// Credit that a socket has where the test does not care.
const CREDIT_BYTES: u32 = 262_144;

/// After so many messages of the gateway, or bytes of data, they are acknowledged.
const ACK_MESSAGES: u64 = 32;
const ACK_BYTES: usize = 65_536;

/// What comes from the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A control message, `credit` and `ack` excepted: those the link deals with.
    Told(GatewayMessage),
    /// A data frame.
    Data(GatewayFrame),
}

impl Event {
    /// The socket that it is about; `None` for what others saw of it, which comes at its own time.
    pub fn socket(&self) -> Option<SocketId> {
        match self {
            Event::Data(frame) => Some(frame.socket),
            Event::Told(
                GatewayMessage::Opened { socket, .. }
                | GatewayMessage::Wrote { socket, .. }
                | GatewayMessage::Eof { socket, .. }
                | GatewayMessage::Closed { socket, .. },
            ) => Some(*socket),
            Event::Told(GatewayMessage::Notice { socket, .. }) => *socket,
            Event::Told(_) => None,
        }
    }
}

/// A link.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    /// Where a proxy has the gateway, such as `/wire`.
    prefix: &'static str,
    /// How the next connection is made.
    pub transport: Transport,
    /// `None` while the connection is cut.
    carrier: Option<Carrier>,
    /// From the welcome.
    pub token: Token,
    /// From the welcome.
    pub limits: Limits,
    /// From the welcome.
    pub targets: Vec<TargetInfo>,
    /// The number of our last sequenced message.
    pub sent: u64,
    /// Ours that the gateway has not acknowledged.
    kept: VecDeque<(u64, Message)>,
    /// The number of the gateway's last sequenced message.
    pub seen: u64,
    /// What the gateway knows of `seen`, and data bytes since.
    acknowledged: u64,
    unacknowledged_bytes: usize,
    last_socket: u32,
    last_server: u32,
    /// What we may still send on each socket, in bytes of frames.
    windows: HashMap<SocketId, u64>,
    /// Sockets that get their credit back by themselves, and how much they are owed.
    generous: HashMap<SocketId, u32>,
    /// Events that were read while another socket's were waited for.
    aside: VecDeque<Event>,
}

impl Link {
    /// A new link.
    ///
    /// # Panics
    /// When the gateway does not welcome it.
    pub async fn connect(address: SocketAddr) -> Self {
        Link::connect_by(Transport::usual(), address).await
    }

    /// A new link whose connections are made that way.
    ///
    /// # Panics
    /// When the gateway does not welcome it.
    pub async fn connect_by(transport: Transport, address: SocketAddr) -> Self {
        Link::connect_below("", transport, address).await
    }

    /// A new link with a gateway that a proxy has under a prefix.
    ///
    /// # Panics
    /// When the gateway does not welcome it.
    pub async fn connect_below(
        prefix: &'static str,
        transport: Transport,
        address: SocketAddr,
    ) -> Self {
        let mut carrier = Carrier::connect_below(prefix, address, transport).await;
        let (token, limits, targets) = welcome(&mut carrier).await;
        Link {
            address,
            prefix,
            transport,
            carrier: Some(carrier),
            token,
            limits,
            targets,
            sent: 0,
            kept: VecDeque::new(),
            seen: 0,
            acknowledged: 0,
            unacknowledged_bytes: 0,
            last_socket: 0,
            last_server: 0,
            windows: HashMap::new(),
            generous: HashMap::new(),
            aside: VecDeque::new(),
        }
    }

    /// Opens a socket whose credit is given back as data comes.
    pub async fn open(&mut self, target: &str) -> SocketId {
        let socket = self.open_with(target, CREDIT_BYTES, false).await;
        self.generous.insert(socket, 0);
        socket
    }

    /// Opens a socket, and checks that it is connected.
    pub async fn opened(&mut self, target: &str) -> SocketId {
        let socket = self.open(target).await;
        self.expect_opened(socket).await;
        socket
    }

    /// Opens a socket with so much credit, and no more by itself.
    pub async fn open_with(&mut self, target: &str, credit: u32, trace: bool) -> SocketId {
        self.open_seen(target, credit, trace, false).await
    }

    /// Opens a socket whose server and kernel are listened to, and whose credit is given back as
    /// data comes. What they tell comes by [`Link::observed`].
    pub async fn open_watched(&mut self, target: &str, trace: bool, kernel: bool) -> SocketId {
        let socket = self.open_seen(target, CREDIT_BYTES, trace, kernel).await;
        self.generous.insert(socket, 0);
        socket
    }

    async fn open_seen(
        &mut self,
        target: &str,
        credit: u32,
        trace: bool,
        kernel: bool,
    ) -> SocketId {
        self.last_socket += 1;
        let socket = SocketId(self.last_socket);
        self.windows.insert(socket, self.limits.window_bytes.into());
        let target = target.to_owned();
        self.say(|seq| ClientMessage::Open {
            seq,
            socket,
            target,
            credit,
            trace,
            kernel,
            faults: Vec::new(),
            seed: 0,
            run: None,
        })
        .await;
        socket
    }

    /// Sends data, when there is credit for it.
    pub async fn send(&mut self, socket: SocketId, payload: &[u8]) {
        let cost = (CLIENT_HEADER_BYTES + payload.len()) as u64;
        while self.windows[&socket] < cost {
            let event = self.receive_one().await;
            let event = event.expect("credit for what is to be sent");
            self.aside.extend(event);
        }
        if let Some(window) = self.windows.get_mut(&socket) {
            *window -= cost;
        }
        self.send_unasked(socket, payload).await;
    }

    /// Sends data without regard to credit.
    pub async fn send_unasked(&mut self, socket: SocketId, payload: &[u8]) {
        self.sent += 1;
        let frame = ClientFrame {
            socket,
            seq: self.sent,
            payload: Bytes::copy_from_slice(payload),
        };
        self.put(Message::Binary(frame.encode())).await;
    }

    /// No more data from this side.
    pub async fn shutdown(&mut self, socket: SocketId) {
        self.say(|seq| ClientMessage::Shutdown { seq, socket })
            .await;
    }

    /// Closes the socket.
    pub async fn close(&mut self, socket: SocketId) {
        self.say(|seq| ClientMessage::Close { seq, socket }).await;
    }

    /// Gives credit by hand.
    pub async fn credit(&mut self, socket: SocketId, bytes: u32) {
        self.say(|seq| ClientMessage::Credit { seq, socket, bytes })
            .await;
    }

    /// Sends a sequenced message.
    pub async fn say(&mut self, message: impl FnOnce(u64) -> ClientMessage) {
        self.sent += 1;
        let message = message(self.sent);
        self.put(Message::text(message.encode())).await;
    }

    /// Acknowledges what came.
    pub async fn acknowledge(&mut self) {
        self.acknowledged = self.seen;
        self.unacknowledged_bytes = 0;
        let ack = ClientMessage::Ack { seen: self.seen };
        self.write(Message::text(ack.encode())).await;
    }

    /// Says something, and sees that the gateway has it.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn greet(&mut self) {
        let ping = ClientMessage::Ping { id: 1 };
        self.write(Message::text(ping.encode())).await;
        self.event_that(|it| matches!(it, Event::Told(GatewayMessage::Pong { .. })))
            .await;
    }

    /// Sends anything, as it is.
    pub async fn write(&mut self, message: Message) {
        if let Some(carrier) = &mut self.carrier {
            carrier.send(message).await;
        }
    }

    /// Keeps a sequenced message until it is acknowledged, and sends it if there is a connection.
    async fn put(&mut self, message: Message) {
        self.kept.push_back((self.sent, message.clone()));
        self.write(message).await;
    }

    /// The next event of any socket, in the order in which they came.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn next(&mut self) -> Result<Event, Ended> {
        match self.aside.pop_front() {
            Some(event) => Ok(event),
            None => self.receive().await,
        }
    }

    async fn receive(&mut self) -> Result<Event, Ended> {
        loop {
            if let Some(event) = self.receive_one().await? {
                return Ok(event);
            }
        }
    }

    /// Takes one message of the gateway: an event, or something for the books.
    async fn receive_one(&mut self) -> Result<Option<Event>, Ended> {
        let carrier = self.carrier.as_mut().ok_or(Ended::Lost)?;
        let event = match carrier.next().await {
            Ok(Message::Text(text)) => {
                Event::Told(GatewayMessage::decode(&text).unwrap_or_else(|e| panic!("{e}: {text}")))
            }
            Ok(message) => Event::Data(
                GatewayFrame::decode(message.into_data()).expect("a frame of the protocol"),
            ),
            Err(ended) => {
                self.carrier = None;
                return Err(ended);
            }
        };
        Ok(self.note(event).await)
    }

    /// Checks the order, keeps the books; passes on what is not the link's own.
    async fn note(&mut self, event: Event) -> Option<Event> {
        let seq = match &event {
            Event::Told(message) => message.seq(),
            Event::Data(frame) => Some(frame.seq),
        };
        if let Some(seq) = seq {
            assert_eq!(seq, self.seen + 1, "a message is missing, or came twice");
            self.seen = seq;
        }
        match &event {
            Event::Told(GatewayMessage::Ack { seen }) => {
                assert!(*seen <= self.sent, "ack of what was never sent");
                self.forget(*seen);
                return None;
            }
            Event::Told(GatewayMessage::Credit { socket, bytes, .. }) => {
                if let Some(window) = self.windows.get_mut(socket) {
                    *window += u64::from(*bytes);
                }
                return None;
            }
            Event::Data(frame) => {
                let cost = GATEWAY_HEADER_BYTES + frame.payload.len();
                self.unacknowledged_bytes += cost;
                self.give_back(frame.socket, cost).await;
            }
            Event::Told(_) => {}
        }
        if self.seen - self.acknowledged >= ACK_MESSAGES || self.unacknowledged_bytes >= ACK_BYTES {
            self.acknowledge().await;
        }
        Some(event)
    }

    async fn give_back(&mut self, socket: SocketId, cost: usize) {
        let Some(owed) = self.generous.get_mut(&socket) else {
            return;
        };
        *owed += u32::try_from(cost).expect("a frame's length");
        if *owed >= CREDIT_BYTES / 4 {
            let bytes = std::mem::take(owed);
            self.credit(socket, bytes).await;
        }
    }

    fn forget(&mut self, seen: u64) {
        while self.kept.front().is_some_and(|(seq, _)| *seq <= seen) {
            self.kept.pop_front();
        }
    }

    /// Reads on until the connection ends, whatever comes.
    pub async fn ended(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.receive().await {
                return ended;
            }
        }
    }

    /// Pulls the cable: the TCP connection is reset, nobody says goodbye.
    pub fn cut(&mut self) {
        if let Some(carrier) = self.carrier.take() {
            carrier.abort();
        }
    }

    /// Leaves the connection to the caller, open, as a page that sleeps does.
    ///
    /// # Panics
    /// When there is none.
    pub fn leave_connection(&mut self) -> Carrier {
        self.carrier.take().expect("a connection")
    }

    /// Takes the link up on a new connection, and sends again what the gateway has not.
    ///
    /// # Errors
    /// What the gateway says when it has forgotten the link; then this is a new one.
    ///
    /// # Panics
    /// When the gateway says anything else.
    pub async fn resume(&mut self) -> Result<(), String> {
        let mut carrier = Carrier::connect_below(self.prefix, self.address, self.transport).await;
        let fresh = welcome(&mut carrier).await;
        self.carrier = Some(carrier);
        let resume = ClientMessage::Resume {
            token: self.token.clone(),
            seen: self.seen,
        };
        self.write(Message::text(resume.encode())).await;
        match self.receive().await {
            Ok(Event::Told(GatewayMessage::Resumed { seen })) => {
                assert!(seen <= self.sent, "the gateway has what was never sent");
                self.forget(seen);
            }
            Ok(Event::Told(GatewayMessage::ResumeFailed { detail })) => {
                (self.token, self.limits, self.targets) = fresh;
                (self.sent, self.seen, self.acknowledged) = (0, 0, 0);
                (self.last_socket, self.unacknowledged_bytes) = (0, 0);
                self.last_server = 0;
                self.kept.clear();
                self.aside.clear();
                return Err(detail);
            }
            other => panic!("no answer to resume: {other:?}"),
        }
        for (_, message) in self.kept.clone() {
            self.write(message).await;
        }
        Ok(())
    }
}

async fn welcome(carrier: &mut Carrier) -> (Token, Limits, Vec<TargetInfo>) {
    let message = carrier.next().await.expect("a welcome");
    let text = message.to_text().expect("a text message");
    match GatewayMessage::decode(text) {
        Ok(GatewayMessage::Welcome {
            token,
            limits,
            targets,
            ..
        }) => (token, limits, targets),
        other => panic!("no welcome but {other:?}"),
    }
}

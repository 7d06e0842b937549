//! A member with all that a page of it has: the room as it follows from the events, and its own
//! commands until they are done.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::frame::{ClientFrame, GatewayFrame};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::room::{
    Command, Exchange, Happened, Key, MemberId, RoomEvent, RoomId, RunId, State, You,
};
use futures_util::SinkExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::deadline::within;
use crate::websocket::{self, Ended, WebSocket};

/// Acknowledged after so many messages.
const ACK: u64 = 16;

/// A member's page.
#[derive(Debug)]
pub struct Page {
    address: SocketAddr,
    name: String,
    client: u32,
    key: Key,
    socket: Option<WebSocket>,
    /// Who it is in the room.
    pub you: Option<You>,
    /// The room's clock less the gateway's, in µs.
    pub clock_offset_us: u64,
    /// The room as the page knows it.
    pub state: State,
    /// The events that it applied since it had the room as it was.
    pub events: Vec<RoomEvent>,
    /// Those that it applied before, as far as they were saved.
    pub before: Vec<RoomEvent>,
    /// The last saved event.
    pub saved: u64,
    /// How often it was told that it has everything, and that it has not.
    pub recovered: u32,
    /// How often it had to start from a snapshot, after the first time.
    pub anew: u32,
    /// Commands that are not done.
    pub undone: VecDeque<(u64, Command)>,
    /// The numbers of those that are done.
    pub done: Vec<u64>,
    /// Those that were refused, and why.
    pub refused: BTreeMap<u64, chalkwire_shared::room::Refusal>,
    no: u64,
    seq: u64,
    seen: u64,
    acked: u64,
    last_socket: u32,
}

impl Page {
    /// A page that is about to come in.
    pub fn new(address: SocketAddr, room: &RoomId, key: Key, name: &str, client: u32) -> Self {
        Page {
            address,
            name: name.to_owned(),
            client,
            key,
            socket: None,
            you: None,
            clock_offset_us: 0,
            state: State::new(room.clone()),
            events: Vec::new(),
            before: Vec::new(),
            saved: 0,
            recovered: 0,
            anew: 0,
            undone: VecDeque::new(),
            done: Vec::new(),
            refused: BTreeMap::new(),
            no: 0,
            seq: 0,
            seen: 0,
            acked: 0,
            last_socket: 0,
        }
    }

    /// A page that is in, and has the room as it is.
    ///
    /// # Panics
    /// When it does not come in.
    pub async fn enter(
        address: SocketAddr,
        room: &RoomId,
        key: Key,
        name: &str,
        client: u32,
    ) -> Self {
        let mut page = Page::new(address, room, key, name, client);
        assert!(page.connect().await, "the gateway is not there");
        page.until("the room as it is", |page| page.me().is_some())
            .await;
        page
    }

    /// Connects, comes in as who it was, says what was not done once more; `false` if nobody is there.
    ///
    /// # Panics
    /// When the gateway is there and does not let it in.
    pub async fn connect(&mut self) -> bool {
        self.socket = None;
        let Ok(stream) = TcpStream::connect(self.address).await else {
            return false;
        };
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let connected = websocket::connect_over(stream, "/ws", Some(SUBPROTOCOL)).await;
        let Ok((socket, _)) = connected else {
            return false;
        };
        self.socket = Some(socket);
        (self.seq, self.seen, self.acked, self.last_socket) = (0, 0, 0, 0);
        let (key, name, client) = (self.key.clone(), self.name.clone(), self.client);
        self.say(|seq| ClientMessage::Enter {
            seq,
            key,
            name,
            client,
        })
        .await;
        loop {
            match self.next().await {
                Ok(Some(GatewayMessage::RoomEntered { .. })) => break,
                Ok(Some(GatewayMessage::RoomNotEntered { reason, .. })) => {
                    panic!("{} did not come in: {reason:?}", self.name)
                }
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        let facts = &self.state.facts;
        let subscribe = ClientMessage::Subscribe {
            epoch: facts.epoch,
            offset: facts.offset,
        };
        self.write(Message::text(subscribe.encode())).await;
        for (no, command) in self.undone.clone() {
            self.say(|seq| ClientMessage::Tell { seq, no, command })
                .await;
        }
        true
    }

    /// Itself, as the room has it.
    pub fn me(&self) -> Option<&chalkwire_shared::room::Member> {
        self.state.members.get(&self.member()?)
    }

    /// Its number.
    pub fn member(&self) -> Option<MemberId> {
        self.you.as_ref()?.member
    }

    /// Tells the room; the command's number.
    pub async fn tell(&mut self, command: Command) -> u64 {
        self.no += 1;
        let no = self.no;
        self.undone.push_back((no, command.clone()));
        self.say(|seq| ClientMessage::Tell { seq, no, command })
            .await;
        no
    }

    /// Tells the room, and waits until that is done.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn does(&mut self, command: Command) {
        let what = format!("{command:?} to be done");
        let no = self.tell(command).await;
        self.until(&what, |page| {
            assert_eq!(page.refused.get(&no), None);
            page.done.contains(&no)
        })
        .await;
    }

    /// Opens a socket.
    pub async fn open(&mut self, target: &str, run: Option<RunId>) -> SocketId {
        self.last_socket += 1;
        let (socket, target) = (SocketId(self.last_socket), target.to_owned());
        self.say(|seq| ClientMessage::Open {
            seq,
            socket,
            target,
            credit: 65_536,
            trace: false,
            kernel: false,
            faults: Vec::new(),
            seed: 0,
            run,
        })
        .await;
        socket
    }

    /// Sends data on a socket.
    pub async fn send(&mut self, socket: SocketId, payload: &[u8]) {
        self.seq += 1;
        let frame = ClientFrame {
            socket,
            seq: self.seq,
            payload: Bytes::copy_from_slice(payload),
        };
        self.write(Message::Binary(frame.encode())).await;
    }

    /// Says anything that is numbered.
    pub async fn say(&mut self, message: impl FnOnce(u64) -> ClientMessage) {
        self.seq += 1;
        let message = message(self.seq);
        self.write(Message::text(message.encode())).await;
    }

    /// The cable is pulled.
    pub fn cut(&mut self) {
        if let Some(socket) = self.socket.take() {
            websocket::abort(socket);
        }
    }

    /// Reads on until something holds.
    ///
    /// # Panics
    /// When the connection ends, or it never holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        within(what, async {
            while !holds(self) {
                let next = self.next().await;
                next.unwrap_or_else(|ended| panic!("{ended:?} while waiting for {what}"));
            }
        })
        .await;
    }

    /// The exchanges of the room that fit, read on until there are so many.
    ///
    /// # Panics
    /// When there never are.
    pub async fn exchanges(
        &mut self,
        count: usize,
        fits: impl Fn(MemberId, &Exchange) -> bool,
    ) -> Vec<Exchange> {
        let find = |page: &Self| {
            let events = page.events.iter();
            let exchanges = events.filter_map(|event| match &event.what {
                Happened::Exchange { member, exchange } => Some((*member, exchange)),
                _ => None,
            });
            let found = exchanges.filter(|(member, exchange)| fits(*member, exchange));
            found.map(|(_, it)| (**it).clone()).collect::<Vec<_>>()
        };
        let what = format!("{count} exchanges");
        self.until(&what, |page| find(page).len() >= count).await;
        find(self)
    }

    /// The next message, taken note of; `None` for data.
    ///
    /// # Errors
    /// How the connection ended.
    ///
    /// # Panics
    /// When the gateway says what it must not.
    pub async fn next(&mut self) -> Result<Option<GatewayMessage>, Ended> {
        let socket = self.socket.as_mut().ok_or(Ended::Lost)?;
        let message = websocket::next(socket).await;
        self.note(message).await
    }

    /// The same, if it comes within a time; `None` if it does not.
    ///
    /// # Errors
    /// How the connection ended.
    pub async fn next_within(&mut self, time: Duration) -> Result<Option<GatewayMessage>, Ended> {
        let socket = self.socket.as_mut().ok_or(Ended::Lost)?;
        // Only the reading is given up, which is cancel-safe.
        match tokio::time::timeout(time, websocket::next(socket)).await {
            Ok(message) => self.note(message).await,
            Err(_) => Ok(None),
        }
    }

    async fn note(
        &mut self,
        message: Result<Message, Ended>,
    ) -> Result<Option<GatewayMessage>, Ended> {
        let message = match message {
            Ok(message) => message,
            Err(ended) => {
                self.socket = None;
                return Err(ended);
            }
        };
        let Message::Text(text) = message else {
            let frame = GatewayFrame::decode(message.into_data()).expect("a frame");
            self.seen = frame.seq;
            return Ok(None);
        };
        let message = GatewayMessage::decode(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        if let Some(seq) = message.seq() {
            assert_eq!(seq, self.seen + 1, "a message is missing, or came twice");
            self.seen = seq;
        }
        if self.seen >= self.acked + ACK {
            self.acked = self.seen;
            let ack = ClientMessage::Ack { seen: self.seen };
            self.write(Message::text(ack.encode())).await;
        }
        self.take(&message);
        Ok(Some(message))
    }

    fn take(&mut self, message: &GatewayMessage) {
        match message {
            GatewayMessage::RoomEntered {
                room,
                you,
                clock_offset_us,
                ..
            } => {
                self.clock_offset_us = *clock_offset_us;
                self.no = self.no.max(you.no);
                // The room has them: they are saved, or about to be.
                if let (Some(member), Some(token)) = (you.member, &you.token) {
                    self.key = Key::Member {
                        room: room.clone(),
                        member,
                        token: token.clone(),
                    };
                }
                self.you = Some(you.clone());
            }
            GatewayMessage::RoomSubscribed { recovered, facts } => match (recovered, facts) {
                (true, None) => self.recovered += 1,
                (false, Some(facts)) => {
                    self.anew += u32::from(self.state.facts.offset > 0);
                    let saved = self.saved;
                    let live = std::mem::take(&mut self.events).into_iter();
                    self.before.extend(live.filter(|it| it.offset <= saved));
                    self.state.facts = (**facts).clone();
                    self.state.members.clear();
                }
                other => panic!("{other:?}"),
            },
            GatewayMessage::RoomMembers { members, .. } => {
                let members = members.iter().map(|it| (it.member, it.clone()));
                self.state.members.extend(members);
            }
            GatewayMessage::RoomEvents { saved, events, .. } => {
                self.saved = *saved;
                for event in events {
                    let applied = self.state.apply(event);
                    applied.unwrap_or_else(|gap| panic!("{}: {gap}", self.name));
                    self.events.push(event.clone());
                }
            }
            GatewayMessage::RoomDone { no, .. } => {
                self.undone.retain(|(undone, _)| undone != no);
                self.done.push(*no);
            }
            GatewayMessage::RoomRefused { no, reason, .. } => {
                self.undone.retain(|(undone, _)| undone != no);
                self.refused.insert(*no, *reason);
            }
            _ => {}
        }
    }

    async fn write(&mut self, message: Message) {
        if let Some(socket) = &mut self.socket {
            // A connection that is gone shows when it is read.
            let _ = within("the connection to take a message", socket.send(message)).await;
        }
    }
}

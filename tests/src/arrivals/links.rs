//! Links whose sockets are opened, used once and closed, by many at the same time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::{ClientFrame, GatewayFrame};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::{Came, LINE};
use crate::websocket::{self, WebSocket};

/// After so many messages of the gateway they are acknowledged.
const ACK: u64 = 32;

/// Links. Dropped, they end.
#[derive(Debug)]
pub(super) struct Pool {
    links: Vec<mpsc::UnboundedSender<oneshot::Sender<Came>>>,
    next: AtomicUsize,
    _tasks: JoinSet<()>,
}

impl Pool {
    pub(super) async fn connect(address: SocketAddr, count: usize) -> Self {
        let mut links = Vec::new();
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let connected = websocket::connect(address, "/ws", Some(SUBPROTOCOL)).await;
            let (mut socket, _) = connected.expect("a link");
            websocket::next(&mut socket).await.expect("a welcome");
            let (asks, asked) = mpsc::unbounded_channel();
            links.push(asks);
            tasks.spawn(serve(socket, asked));
        }
        Pool {
            links,
            next: AtomicUsize::new(0),
            _tasks: tasks,
        }
    }

    /// One socket on one of the links, taken in turn.
    pub(super) async fn exchange(&self) -> Came {
        let (tell, told) = oneshot::channel();
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.links.len();
        if self.links[next].send(tell).is_err() {
            return lost();
        }
        told.await.unwrap_or_else(|_| lost())
    }
}

fn lost() -> Came {
    Came::Failed("the link is lost".to_owned())
}

/// One link's sockets.
struct Sockets {
    seq: u64,
    last: u32,
    waiting: HashMap<SocketId, (oneshot::Sender<Came>, usize)>,
}

impl Sockets {
    fn seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// Opens one and sends a line behind it, without waiting in between.
    fn open(&mut self, tell: oneshot::Sender<Came>) -> [Message; 2] {
        self.last += 1;
        let socket = SocketId(self.last);
        self.waiting.insert(socket, (tell, 0));
        let open = ClientMessage::Open {
            seq: self.seq(),
            socket,
            target: "t".to_owned(),
            credit: 65_536,
            trace: false,
            kernel: false,
            faults: Vec::new(),
            seed: 0,
            run: None,
        };
        let line = ClientFrame {
            socket,
            seq: self.seq(),
            payload: Bytes::from_static(LINE),
        };
        [Message::text(open.encode()), Message::Binary(line.encode())]
    }

    fn over(&mut self, socket: SocketId, came: Came) {
        if let Some((tell, _)) = self.waiting.remove(&socket) {
            let _ = tell.send(came);
        }
    }

    /// What is to be said after a message, and the message's number.
    fn take(&mut self, message: Message) -> (Option<u64>, Option<Message>) {
        match message {
            Message::Binary(bytes) => {
                let frame = GatewayFrame::decode(bytes).expect("a data frame");
                let socket = frame.socket;
                let Some((_, got)) = self.waiting.get_mut(&socket) else {
                    return (Some(frame.seq), None);
                };
                *got += frame.payload.len();
                if *got < LINE.len() {
                    return (Some(frame.seq), None);
                }
                self.over(socket, Came::Served);
                let seq = self.seq();
                let close = ClientMessage::Close { seq, socket };
                (Some(frame.seq), Some(Message::text(close.encode())))
            }
            Message::Text(text) => {
                let message = GatewayMessage::decode(&text).expect("a message");
                let seq = message.seq();
                if let GatewayMessage::Closed {
                    socket,
                    reason,
                    detail,
                    ..
                } = message
                {
                    let came = match reason == Reason::Limit {
                        true => Came::Refused(detail.into_bytes()),
                        false => Came::Failed(detail),
                    };
                    self.over(socket, came);
                }
                (seq, None)
            }
            _ => (None, None),
        }
    }
}

async fn serve(socket: WebSocket, mut asked: mpsc::UnboundedReceiver<oneshot::Sender<Came>>) {
    let (mut sink, mut source) = socket.split();
    let mut sockets = Sockets {
        seq: 0,
        last: 0,
        waiting: HashMap::new(),
    };
    let mut acknowledged = 0;
    loop {
        // Both are cancel-safe.
        let sent = tokio::select! {
            tell = asked.recv() => {
                let Some(tell) = tell else { return };
                let [open, line] = sockets.open(tell);
                match sink.feed(open).await {
                    Ok(()) => sink.send(line).await,
                    failed => failed,
                }
            }
            message = source.next() => {
                let Some(Ok(message)) = message else { return };
                let (seq, answer) = sockets.take(message);
                let mut sent = Ok(());
                if let Some(answer) = answer {
                    sent = sink.send(answer).await;
                }
                match seq {
                    Some(seen) if seen >= acknowledged + ACK => {
                        acknowledged = seen;
                        let ack = ClientMessage::Ack { seen };
                        sent = sent.and(sink.send(Message::text(ack.encode())).await);
                    }
                    _ => {}
                }
                sent
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

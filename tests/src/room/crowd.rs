//! Many members of rooms in one process, each a link of its own: real WebSockets, cheaply read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use chalkwire_shared::frame::{ClientFrame, GatewayFrame};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::room::{Command, Key, NotEntered, RunId, You};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::scan;
use crate::deadline::within;
use crate::websocket::{self, WebSocket};

/// Times from an event to a member, of many members together.
#[derive(Debug)]
pub struct Delays {
    counts: bool,
    steps: Box<[AtomicU64]>,
}

impl Delays {
    /// They are counted in steps of so many µs,
    const STEP_US: u64 = 250;
    /// up to so many of them: 10 s.
    const STEPS: usize = 40_000;

    /// None yet.
    pub fn new() -> Arc<Self> {
        let steps = std::iter::repeat_with(AtomicU64::default);
        Arc::new(Delays {
            counts: true,
            steps: steps.take(Self::STEPS).collect(),
        })
    }

    /// Nothing is counted.
    pub fn none() -> Arc<Self> {
        Arc::new(Delays {
            counts: false,
            steps: Box::default(),
        })
    }

    /// Forgets what was counted.
    pub fn clear(&self) {
        for step in &self.steps {
            step.store(0, Ordering::Relaxed);
        }
    }

    fn count(&self, us: u64) {
        let step = usize::try_from(us / Self::STEP_US).unwrap_or(usize::MAX);
        let step = step.min(Self::STEPS - 1);
        self.steps[step].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        let steps = self.steps.iter();
        steps.map(|step| step.load(Ordering::Relaxed)).sum()
    }

    /// The delay, in µs, that this share of all did not exceed.
    pub fn at(&self, share: f64) -> u64 {
        let mut left = (self.total() as f64 * share).ceil() as u64;
        for (step, count) in (1..).zip(&self.steps) {
            left = left.saturating_sub(count.load(Ordering::Relaxed));
            if left == 0 {
                return step * Self::STEP_US;
            }
        }
        u64::MAX
    }
}

/// What a member has seen of its room.
#[derive(Debug, Default)]
pub struct Seen {
    /// The last event's epoch.
    pub epoch: AtomicU64,
    /// The last event.
    pub offset: AtomicU64,
    /// How many events came.
    pub events: AtomicU64,
    /// Events that did not follow upon the one before: one was lost, or came twice.
    pub broken: AtomicU64,
    /// Commands that are done and saved.
    pub done: AtomicU64,
    /// Those that were refused.
    pub refused: AtomicU64,
    /// How often it was told that it lags.
    pub lagged: AtomicU64,
    /// Answers to `subscribe`, and those of them by which nothing was left out.
    pub subscribed: AtomicU64,
    /// Those of them by which nothing was left out.
    pub recovered: AtomicU64,
    /// Sockets that closed.
    pub closed: AtomicU64,
    /// The last sequenced message.
    seq: AtomicU64,
    /// The connection ended.
    pub ended: AtomicBool,
}

/// A counter, now.
pub fn now(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Seen {
    fn take(&self, text: &str, delays: &Delays) {
        if let Some(seq) = scan::seq(text) {
            self.seq.store(seq, Ordering::Relaxed);
        }
        let Some(events) = scan::events(text) else {
            return self.take_other(text);
        };
        let now_us = unix_us();
        let mut last = self.offset.load(Ordering::Relaxed);
        let mut count = 0;
        for event in events {
            if last != event.prev {
                self.broken.fetch_add(1, Ordering::Relaxed);
            }
            last = event.offset;
            count += 1;
            self.epoch.store(event.epoch.into(), Ordering::Relaxed);
            if delays.counts {
                delays.count(now_us.saturating_sub(event.time_us));
            }
        }
        self.offset.store(last, Ordering::Relaxed);
        self.events.fetch_add(count, Ordering::Relaxed);
    }

    fn take_other(&self, text: &str) {
        let is = |kind: &str| text.starts_with(&format!(r#"{{"type":"{kind}""#));
        let counter = if is("room_done") {
            &self.done
        } else if is("room_refused") {
            &self.refused
        } else if is("room_lagging") {
            &self.lagged
        } else if is("closed") {
            &self.closed
        } else if is("room_subscribed") {
            self.subscribed(text);
            &self.subscribed
        } else {
            return;
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn subscribed(&self, text: &str) {
        match GatewayMessage::decode(text) {
            Ok(GatewayMessage::RoomSubscribed { recovered, facts }) => {
                self.recovered
                    .fetch_add(recovered.into(), Ordering::Relaxed);
                if let Some(facts) = facts {
                    self.epoch.store(facts.epoch.into(), Ordering::Relaxed);
                    self.offset.store(facts.offset, Ordering::Relaxed);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A member of a room, whose connection a task of its own reads.
#[derive(Debug)]
pub struct Member {
    /// Who it is there.
    pub you: You,
    /// What it has seen.
    pub seen: Arc<Seen>,
    writer: SplitSink<WebSocket, Message>,
    seq: u64,
    acked: u64,
    no: u64,
    last_socket: u32,
    /// Whether it reads.
    reads: watch::Sender<bool>,
    reader: JoinHandle<()>,
}

impl Member {
    /// Comes into a room.
    ///
    /// # Errors
    /// Why it does not.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn enter(
        address: SocketAddr,
        key: Key,
        name: &str,
        client: u32,
        delays: &Arc<Delays>,
    ) -> Result<Self, NotEntered> {
        let stream = TcpStream::connect(address).await.expect("the gateway");
        Self::enter_over(stream, key, name, client, delays).await
    }

    /// The same over a connection that is there already.
    ///
    /// # Errors
    /// Why it does not.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn enter_over(
        stream: TcpStream,
        key: Key,
        name: &str,
        client: u32,
        delays: &Arc<Delays>,
    ) -> Result<Self, NotEntered> {
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let connected = websocket::connect_over(stream, "/ws", Some(SUBPROTOCOL)).await;
        let (mut socket, _) = connected.expect("a link");
        let enter = ClientMessage::Enter {
            seq: 1,
            key,
            name: name.to_owned(),
            client,
        };
        let sent = socket.send(Message::text(enter.encode())).await;
        sent.expect("an open connection");
        let you = loop {
            let message = websocket::next(&mut socket).await.expect("an answer");
            let text = message.into_text().expect("a text");
            match GatewayMessage::decode(&text) {
                Ok(GatewayMessage::RoomEntered { you, .. }) => break you,
                Ok(GatewayMessage::RoomNotEntered { reason, .. }) => return Err(reason),
                Ok(GatewayMessage::Welcome { .. } | GatewayMessage::Ack { .. }) => {}
                other => panic!("{other:?}"),
            }
        };
        let (writer, stream) = socket.split();
        let seen = Arc::new(Seen::default());
        seen.seq.store(1, Ordering::Relaxed);
        let (reads, may_read) = watch::channel(true);
        let reader = tokio::spawn(read(stream, seen.clone(), delays.clone(), may_read));
        Ok(Member {
            no: you.no,
            you,
            seen,
            writer,
            seq: 1,
            acked: 0,
            last_socket: 0,
            reads,
            reader,
        })
    }

    /// Asks for the events after one; all that there are with zeros.
    pub async fn subscribe(&mut self, epoch: u32, offset: u64) {
        self.seen.offset.store(offset, Ordering::Relaxed);
        let subscribe = ClientMessage::Subscribe { epoch, offset };
        self.write(Message::text(subscribe.encode())).await;
    }

    /// Tells the room; its number. What came before is acknowledged.
    pub async fn tell(&mut self, command: Command) -> u64 {
        self.no += 1;
        self.seq += 1;
        let tell = ClientMessage::Tell {
            seq: self.seq,
            no: self.no,
            command,
        };
        self.write(Message::text(tell.encode())).await;
        self.acknowledge().await;
        self.no
    }

    /// The number of its last command.
    pub fn told(&self) -> u64 {
        self.no
    }

    /// One exchange, to the end of what is sent; the socket's number.
    pub async fn exchange(&mut self, target: &str, line: &Bytes, run: Option<RunId>) -> u32 {
        let socket = self.open(target, run).await;
        self.send(socket, line).await;
        self.seq += 1;
        let shutdown = ClientMessage::Shutdown {
            seq: self.seq,
            socket: SocketId(socket),
        };
        self.write(Message::text(shutdown.encode())).await;
        self.acknowledge().await;
        socket
    }

    /// Opens a socket.
    pub async fn open(&mut self, target: &str, run: Option<RunId>) -> u32 {
        self.seq += 1;
        self.last_socket += 1;
        let open = ClientMessage::Open {
            seq: self.seq,
            socket: SocketId(self.last_socket),
            target: target.to_owned(),
            credit: 65_536,
            trace: false,
            kernel: false,
            faults: Vec::new(),
            seed: 0,
            run,
        };
        self.write(Message::text(open.encode())).await;
        self.last_socket
    }

    /// Sends data.
    pub async fn send(&mut self, socket: u32, line: &Bytes) {
        self.seq += 1;
        let frame = ClientFrame {
            socket: SocketId(socket),
            seq: self.seq,
            payload: line.clone(),
        };
        self.write(Message::Binary(frame.encode())).await;
    }

    /// Acknowledges what came.
    pub async fn acknowledge(&mut self) {
        let seen = self.seen.seq.load(Ordering::Relaxed);
        if seen >= self.acked + 16 {
            self.acked = seen;
            let ack = ClientMessage::Ack { seen };
            self.write(Message::text(ack.encode())).await;
        }
    }

    /// Stops reading, as a page does that sleeps, or goes on.
    pub fn reads(&self, on: bool) {
        self.reads.send_replace(on);
    }

    async fn write(&mut self, message: Message) {
        // A connection that is gone shows in `seen.ended`.
        let _ = within("the connection to take it", self.writer.send(message)).await;
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn read(
    mut stream: SplitStream<WebSocket>,
    seen: Arc<Seen>,
    delays: Arc<Delays>,
    mut may_read: watch::Receiver<bool>,
) {
    loop {
        if may_read.wait_for(|on| *on).await.is_err() {
            break;
        }
        match stream.next().await {
            Some(Ok(Message::Text(text))) => seen.take(&text, &delays),
            Some(Ok(Message::Binary(bytes))) => {
                let frame = GatewayFrame::decode(bytes).expect("a frame of the protocol");
                seen.seq.store(frame.seq, Ordering::Relaxed);
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            Some(Ok(_)) => {}
        }
    }
    seen.ended.store(true, Ordering::Relaxed);
}

/// µs since 1970.
pub fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.expect("after 1970").as_micros()).expect("before the year 586,000")
}

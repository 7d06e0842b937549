//! What a timestamp server did, told to whoever runs it through a queue that never blocks it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use socket2::SockAddr;
use tokio::sync::mpsc;

use super::wire;
use crate::clock::Clock;

/// The most text of an error that an event carries, in characters.
const MAX_TEXT_CHARS: usize = 256;

/// Something that a timestamp server did. Its texts hold no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The server's URL, as it was bound.
    pub server: Arc<str>,
    /// When, in µs of the server's clock.
    pub clock_us: u64,
    /// The client's number at this server, counted from 1: unnamed Unix clients have nothing else
    /// to be told apart by. 0 for datagrams, and for what concerns no client.
    pub client: u64,
    /// The client's address; empty for what concerns no client.
    pub peer: Arc<str>,
    /// What it did.
    pub what: What,
}

/// What a timestamp server did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A client's connection was accepted.
    Accepted,
    /// So many bytes were received; of a datagram possibly none.
    Recv(usize),
    /// A datagram was longer than the buffer for it, and its tail is gone.
    RecvCut {
        /// Bytes received.
        bytes: usize,
        /// Bytes that the datagram had.
        of: usize,
    },
    /// The client is done sending (it shut down its side, or closed).
    Eof,
    /// So many bytes were sent.
    Sent(usize),
    /// A client was silent, or did not read, for too long.
    TimedOut,
    /// A datagram was not answered.
    Ignored(Why),
    /// A step failed; the server goes on.
    Failed(String),
    /// The server closed the connection.
    Closed,
}

/// Why a datagram was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It begins like a reply: answering could make two servers talk for ever.
    LikeReply,
    /// Its source has used up its budget, and is muted until it has been silent for a second.
    OverBudget,
    /// Its sender has no address: a Unix datagram socket that was not bound.
    NoAddress,
    /// Too many delayed replies wait already.
    Busy,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::LikeReply => "it begins like a reply",
            Why::OverBudget => "its source has used up its budget",
            Why::NoAddress => "its sender has no address",
            Why::Busy => "too many replies wait",
        })
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Accepted => f.write_str("connected"),
            What::Recv(bytes) => write!(f, "recv {bytes} bytes"),
            What::RecvCut { bytes, of } => {
                write!(
                    f,
                    "recv {bytes} bytes of a datagram of {of}, the rest is gone"
                )
            }
            What::Eof => f.write_str("recv 0 bytes: the client is done sending"),
            What::Sent(bytes) => write!(f, "sent {bytes} bytes"),
            // The chapter's words.
            What::TimedOut => f.write_str("Time Out"),
            What::Ignored(why) => write!(f, "not answered: {why}"),
            What::Failed(text) => write!(f, "failed: {text}"),
            What::Closed => f.write_str("closed"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server)?;
        if self.client > 0 {
            write!(f, " #{}", self.client)?;
        }
        if !self.peer.is_empty() {
            write!(f, " {}", self.peer)?;
        }
        write!(f, " {}", self.what)
    }
}

/// A queue for at most `capacity` events (each is under 1 KiB): when it is full, an event is
/// dropped and counted.
pub fn events(capacity: usize) -> (EventSender, Events) {
    let (queue, receiver) = mpsc::channel(capacity.max(1));
    let dropped = Arc::new(AtomicU64::new(0));
    let sender = EventSender(Some(Sending {
        queue,
        dropped: Arc::clone(&dropped),
    }));
    (sender, Events { receiver, dropped })
}

/// Where servers put their events. Copies share one queue.
#[derive(Clone, Debug)]
pub struct EventSender(Option<Sending>);

#[derive(Clone, Debug)]
struct Sending {
    queue: mpsc::Sender<Event>,
    dropped: Arc<AtomicU64>,
}

impl EventSender {
    /// A sender that nobody listens to; it costs nothing.
    pub fn none() -> Self {
        EventSender(None)
    }

    fn send(&self, event: impl FnOnce() -> Event) {
        let Some(sending) = &self.0 else { return };
        match sending.queue.try_reserve() {
            Ok(place) => place.send(event()),
            Err(mpsc::error::TrySendError::Full(())) => {
                sending.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Err(mpsc::error::TrySendError::Closed(())) => {}
        }
    }
}

/// Where the events of servers come out.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<Event>,
    dropped: Arc<AtomicU64>,
}

impl Events {
    /// The next event; `None` once every server has stopped and every sender is gone. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Event> {
        self.receiver.recv().await
    }

    /// The next event if there is one already.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }

    /// The same as [`Events::recv`] for a thread that may block.
    pub fn blocking_recv(&mut self) -> Option<Event> {
        self.receiver.blocking_recv()
    }

    /// How many events were dropped since the start because the queue was full.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// What a server tells its events by.
#[derive(Debug)]
pub(super) struct Reporter {
    server: Arc<str>,
    nobody: Arc<str>,
    clock: Clock,
    events: EventSender,
    clients: AtomicU64,
}

impl Reporter {
    pub(super) fn new(server: String, clock: Clock, events: EventSender) -> Self {
        Reporter {
            server: server.into(),
            nobody: "".into(),
            clock,
            events,
            clients: AtomicU64::new(0),
        }
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Reports what concerns no client.
    pub(super) fn server(&self, what: What) {
        self.report(0, || Arc::clone(&self.nobody), what);
    }

    /// Reports an accepted client, whose address is this.
    pub(super) fn accepted(self: &Arc<Self>, address: SockAddr) -> Client {
        let client = Client {
            number: 1 + self.clients.fetch_add(1, Ordering::Relaxed),
            address,
            peer: OnceLock::new(),
            reporter: Arc::clone(self),
        };
        client.report(What::Accepted);
        client
    }

    /// Reports what happened to a datagram; `peer` is asked for its sender only where that is told.
    pub(super) fn datagram(&self, peer: impl FnOnce() -> String, what: What) {
        self.report(0, || peer().into(), what);
    }

    fn report(&self, client: u64, peer: impl FnOnce() -> Arc<str>, what: What) {
        self.events.send(|| Event {
            server: Arc::clone(&self.server),
            clock_us: self.clock.now_us(),
            client,
            peer: peer(),
            what,
        });
    }
}

/// One client's reports. When it is dropped the client is reported as closed, so declare it before
/// the socket: what is declared last is dropped first.
#[derive(Debug)]
pub(super) struct Client {
    number: u64,
    address: SockAddr,
    /// The address in words, once it was told.
    peer: OnceLock<Arc<str>>,
    reporter: Arc<Reporter>,
}

impl Client {
    pub(super) fn report(&self, what: What) {
        self.reporter.report(self.number, || self.peer(), what);
    }

    fn peer(&self) -> Arc<str> {
        let peer = self.peer.get_or_init(|| wire::name(&self.address).into());
        Arc::clone(peer)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.report(What::Closed);
    }
}

impl What {
    /// The text of a failure; of anything else what it prints.
    pub(super) fn text(&self) -> String {
        match self {
            What::Failed(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// A failure whose text is bounded and free of control characters.
    pub(super) fn failed(error: impl fmt::Display) -> Self {
        let text = error.to_string();
        What::Failed(
            text.chars()
                .flat_map(|c| {
                    let escaped = c.is_control().then(|| c.escape_default());
                    let plain = escaped.is_none().then_some(c);
                    escaped.into_iter().flatten().chain(plain)
                })
                .take(MAX_TEXT_CHARS)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    #[test]
    fn a_full_queue_drops_and_counts_and_never_blocks() {
        let (sender, mut events) = events(2);
        let reporter = Reporter::new("tcp://h:1".to_owned(), Clock::start(), sender);
        for bytes in 0..5 {
            reporter.server(What::Recv(bytes));
        }
        assert_eq!(events.dropped(), 3);
        assert_eq!(events.blocking_recv().unwrap().what, What::Recv(0));
        drop(reporter);
        assert_eq!(events.blocking_recv().unwrap().what, What::Recv(1));
        assert_eq!(events.blocking_recv(), None);
    }

    #[test]
    fn a_client_is_reported_from_accept_to_close() {
        let (sender, mut events) = events(8);
        let reporter = Arc::new(Reporter::new(
            "tcp://h:1".to_owned(),
            Clock::start(),
            sender,
        ));
        let address = SocketAddr::from(([1, 2, 3, 4], 5));
        let client = reporter.accepted(address.into());
        client.report(What::TimedOut);
        drop(client);
        for line in ["connected", "Time Out", "closed"] {
            let event = events.blocking_recv().unwrap();
            assert_eq!(event.to_string(), format!("tcp://h:1 #1 1.2.3.4:5 {line}"));
        }
    }

    #[test]
    fn nobody_listening_costs_no_formatting() {
        let reporter = Arc::new(Reporter::new(
            String::new(),
            Clock::start(),
            EventSender::none(),
        ));
        let address = SocketAddr::from(([1, 2, 3, 4], 5));
        let client = reporter.accepted(address.into());
        client.report(What::Recv(1));
        assert_eq!(client.peer.get(), None);
        reporter.datagram(|| panic!("formatted for nobody"), What::Recv(1));
    }

    #[test]
    fn text_of_errors_is_bounded_and_escaped() {
        let What::Failed(text) = What::failed("a\u{1b}[2J\n\u{9b}é".to_owned() + &"x".repeat(999))
        else {
            panic!("not a failure")
        };
        assert!(text.starts_with("a\\u{1b}[2J\\n\\u{9b}é"), "{text}");
        assert!(text.chars().count() <= MAX_TEXT_CHARS);
    }
}

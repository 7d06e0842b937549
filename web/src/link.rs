//! The page's side of the link protocol: what to say and do at each event, without doing it.
//!
//! Sequenced messages are kept until the gateway has acknowledged them and are said again when a
//! dropped link is taken up; what the gateway repeats is passed on once. How much is kept is bounded
//! by the sockets' credit.

use bytes::Bytes;
use chalkwire_shared::close::LinkClose;
use chalkwire_shared::frame::{GATEWAY_HEADER_BYTES, GatewayFrame};
use chalkwire_shared::id::{SocketId, Token};
use chalkwire_shared::message::{ClientMessage, GatewayMessage};

use crate::model::ClockMap;

pub mod backoff;
pub mod clocks;
pub mod foreign;
pub mod outbox;
mod outcome;
mod reader;
mod sequence;
pub mod ways;

use clocks::Clocks;
use outbox::Outbox;
pub use outcome::{Do, Heard, Phase};
use reader::Reader;
use sequence::Numbered;
use ways::{Way, Ways};

/// Between two pings, in ms.
const PING_MS: f64 = 5_000.0;
/// Between the first pings on a connection, in ms: the more, the better the clocks are known.
const QUICK_PING_MS: f64 = 150.0;
/// How many of those there are.
const QUICK_PINGS: u32 = 5;
/// Silence after which a connection is taken for dead, in ms: two pings and their answers.
const SILENCE_MS: f64 = 12_000.0;
/// A connection that stood so long was a good one: the waits start small again. In ms.
const STOOD_MS: f64 = 5_000.0;

/// The link.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    phase: Phase,
    token: Option<Token>,
    /// Of the new link that stands ready while the old one is asked for.
    fresh: Option<Token>,
    outbox: Outbox,
    seen: u64,
    unacked_messages: u32,
    unacked_bytes: usize,
    attempt: u32,
    up_since_ms: f64,
    /// When the gateway was first asked for a sign of life, if it gave none since.
    asked_ms: Option<f64>,
    quick_pings: u32,
    clocks: Clocks,
    strange: Vec<String>,
    reader: Reader,
    ways: Ways,
}

impl Default for Link {
    fn default() -> Self {
        Link {
            phase: Phase::Connecting,
            token: None,
            fresh: None,
            outbox: Outbox::default(),
            seen: 0,
            unacked_messages: 0,
            unacked_bytes: 0,
            attempt: 0,
            up_since_ms: f64::INFINITY,
            asked_ms: None,
            quick_pings: 0,
            clocks: Clocks::default(),
            strange: Vec::new(),
            reader: Reader(GatewayMessage::decode_for_the_lab),
            ways: Ways::default(),
        }
    }
}

impl Link {
    /// A link that hears of jobs and rooms, too: the Lab, which has neither, is smaller without.
    pub fn whole() -> Self {
        Link {
            reader: Reader(GatewayMessage::decode),
            ..Link::default()
        }
    }

    /// How the connection stands.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether what is said now goes out now.
    pub fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// The relation of the gateway's clock and the browser's.
    pub fn clock(&self) -> Option<ClockMap> {
        self.clocks.map()
    }

    /// A usual round trip on this connection, in ms.
    pub fn round_trip_ms(&self) -> Option<f64> {
        self.clocks.round_trip_ms()
    }

    /// Which way this connection goes, or the next one.
    pub fn ways(&self) -> &Ways {
        &self.ways
    }

    /// Has every connection go this way, whatever becomes of it.
    pub fn force(&mut self, way: Way) {
        self.ways = Ways::forced(way);
    }

    /// Connects, now.
    pub fn retry(&mut self, now_ms: f64, out: &mut Vec<Do>) {
        if matches!(self.phase, Phase::Up | Phase::Resuming) {
            return;
        }
        self.phase = Phase::Connecting;
        self.asked_ms = Some(now_ms);
        self.quick_pings = 0;
        out.push(Do::Drop);
        out.push(Do::Connect(self.ways.next(now_ms)));
        // Guards the opening as well: a gateway that accepts and says nothing is given up.
        out.push(Do::PingAfter(SILENCE_MS));
    }

    /// The connection is closed, or could not be opened.
    pub fn dropped(
        &mut self,
        code: u16,
        now_ms: f64,
        random: f64,
        out: &mut Vec<Do>,
    ) -> Option<Heard> {
        if matches!(self.phase, Phase::Waiting { .. } | Phase::Stopped(_)) {
            return None;
        }
        let close = LinkClose::from_code(code);
        let was_up = matches!(self.phase, Phase::Up | Phase::Resuming);
        if !was_up {
            self.ways.failed();
        }
        self.clocks.disconnected();
        self.fresh = None;
        if let Some(close @ (LinkClose::Protocol | LinkClose::TakenOver)) = close {
            self.phase = Phase::Stopped(close.sentence().to_owned());
            let unknown = self.outbox.unacknowledged();
            // Whoever turns the page away does not keep its link.
            self.token = None;
            self.renew();
            return Some(Heard::Gone {
                detail: close.sentence().to_owned(),
                unknown,
            });
        }
        if now_ms - self.up_since_ms >= STOOD_MS {
            self.attempt = 0;
        }
        self.up_since_ms = f64::INFINITY;
        let wait_ms = backoff::delay_ms(self.attempt, random);
        self.attempt = self.attempt.saturating_add(1);
        self.phase = Phase::Waiting {
            until_ms: now_ms + wait_ms,
        };
        out.push(Do::RetryAfter(wait_ms));
        was_up.then(|| {
            Heard::Lost(match close {
                Some(close) => close.sentence().to_owned(),
                None => {
                    "The connection to the gateway dropped. The gateway keeps this link and its \
                         sockets for a while; the page connects again by itself."
                        .to_owned()
                }
            })
        })
    }

    /// It is time for a ping, or to see that the connection is dead.
    pub fn ping(&mut self, now_ms: f64, random: f64, out: &mut Vec<Do>) -> Option<Heard> {
        if matches!(self.phase, Phase::Waiting { .. } | Phase::Stopped(_)) {
            return None;
        }
        // Not the time since something was heard: in a hidden tab a minute passes between two pings.
        if self.asked_ms.is_some_and(|it| now_ms - it >= SILENCE_MS) {
            out.push(Do::Drop);
            return self.dropped(1006, now_ms, random, out);
        }
        if self.phase == Phase::Connecting {
            out.push(Do::PingAfter(SILENCE_MS));
            return None;
        }
        self.asked_ms.get_or_insert(now_ms);
        let id = self.clocks.ping(now_ms);
        out.push(Do::Text(ClientMessage::Ping { id }.encode()));
        // Until the link is taken up, its numbers mean nothing to the gateway.
        if self.unacked_messages > 0 && self.is_up() {
            self.acknowledge(out);
        }
        let quick = self.quick_pings < QUICK_PINGS;
        self.quick_pings += u32::from(quick);
        out.push(Do::PingAfter(if quick { QUICK_PING_MS } else { PING_MS }));
        None
    }

    /// A text message came.
    pub fn text(
        &mut self,
        text: &str,
        now_ms: f64,
        random: f64,
        out: &mut Vec<Do>,
    ) -> Option<Heard> {
        self.asked_ms = None;
        let message = match (self.reader.0)(text) {
            Ok(message) => message,
            Err(_) => return self.foreign(text, now_ms, random, out),
        };
        if let Some(seq) = message.seq() {
            return match self.take(seq, text.len(), now_ms, random, out) {
                Numbered::New => Some(Heard::Message(message)),
                Numbered::Known => None,
                Numbered::Missed(lost) => lost,
            };
        }
        match message {
            GatewayMessage::Welcome {
                token,
                limits,
                targets,
                ..
            } => {
                if self.ways.welcomed() {
                    // There is a gateway again: nothing of before says how long to wait.
                    self.attempt = 0;
                    self.retry(now_ms, out);
                    return None;
                }
                match &self.token {
                    Some(old) => {
                        let resume = ClientMessage::Resume {
                            token: old.clone(),
                            seen: self.seen,
                        };
                        out.push(Do::Text(resume.encode()));
                        self.fresh = Some(token);
                        self.phase = Phase::Resuming;
                    }
                    None => {
                        self.token = Some(token);
                        self.renew();
                        self.up(now_ms);
                    }
                }
                let _ = self.ping(now_ms, random, out);
                Some(Heard::Welcome { limits, targets })
            }
            GatewayMessage::Resumed { seen } if self.phase == Phase::Resuming => {
                self.outbox.acknowledged(seen);
                self.fresh = None;
                self.up(now_ms);
                out.extend(self.outbox.again());
                Some(Heard::Resumed)
            }
            GatewayMessage::ResumeFailed { detail } if self.phase == Phase::Resuming => {
                let unknown = self.outbox.unacknowledged();
                self.token = self.fresh.take();
                self.renew();
                self.up(now_ms);
                // The clock may be another one: learn it afresh, and quickly.
                self.quick_pings = 0;
                let _ = self.ping(now_ms, random, out);
                Some(Heard::Gone { detail, unknown })
            }
            GatewayMessage::Ack { seen } => {
                self.outbox.acknowledged(seen);
                None
            }
            GatewayMessage::Pong { id, clock_us } => {
                self.clocks.pong(id, clock_us, now_ms);
                None
            }
            // What has no number here, as a room's events, has an order of its own.
            message => self.is_up().then_some(Heard::Message(message)),
        }
    }

    /// A binary message came.
    pub fn bytes(
        &mut self,
        bytes: Bytes,
        now_ms: f64,
        random: f64,
        out: &mut Vec<Do>,
    ) -> Option<Heard> {
        self.asked_ms = None;
        let frame = match GatewayFrame::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => {
                return Some(Heard::Strange(format!(
                    "The gateway sent bytes that are no data frame: {error}. They were left out; \
                     if this goes on, reload the page."
                )));
            }
        };
        let size = frame.payload.len() + GATEWAY_HEADER_BYTES;
        match self.take(frame.seq, size, now_ms, random, out) {
            Numbered::New => Some(Heard::Data(frame)),
            Numbered::Known => None,
            Numbered::Missed(lost) => lost,
        }
    }

    /// Says a control message in sequence.
    pub fn say(&mut self, out: &mut Vec<Do>, message: impl FnOnce(u64) -> ClientMessage) {
        let said = self.outbox.control(message);
        if self.is_up() {
            out.push(said);
        }
    }

    /// Sends data in sequence; `entry` is its line in the log.
    pub fn send(&mut self, socket: SocketId, payload: Bytes, entry: u32, out: &mut Vec<Do>) {
        let said = self.outbox.data(socket, payload, entry);
        if self.is_up() {
            out.push(said);
        }
    }

    fn up(&mut self, now_ms: f64) {
        self.phase = Phase::Up;
        self.up_since_ms = now_ms;
    }

    /// Begins a new link: nothing said, nothing heard.
    fn renew(&mut self) {
        self.outbox = Outbox::default();
        self.seen = 0;
        self.unacked_messages = 0;
        self.unacked_bytes = 0;
        self.clocks.forget();
    }
}

#[cfg(test)]
mod tests;

//! The connection test as a pure machine: events in, steps and actions out.
//!
//! It asks in the order in which a network can say no: the page's own HTTP, the WebSocket's opening,
//! a text and a binary message, times there and back, a silence. What a step found stays even where a
//! later one fails: an administrator reads it.

use crate::few;
use crate::model::ms_text;

mod words;

pub use words::{Verdict, report_text, verdict};

/// What the test asks, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Does the gateway answer plain HTTP?
    Http,
    /// Does a WebSocket open?
    Open,
    /// Does a short text message come back as it was?
    Text,
    /// Do 16 KiB of binary come back as they were?
    Binary,
    /// How long does a message take there and back?
    Times,
    /// Does the WebSocket live through a silence?
    Silence,
}

impl Ask {
    /// Every question, in order.
    pub const ALL: [Ask; 6] = [
        Ask::Http,
        Ask::Open,
        Ask::Text,
        Ask::Binary,
        Ask::Times,
        Ask::Silence,
    ];
}

/// What is known of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Not asked yet.
    Waiting,
    /// Being asked.
    Running,
    /// Yes; with what was measured.
    Ok(String),
    /// No; with what happened.
    Failed(String),
    /// Not asked, since the one before failed.
    Skipped,
}

/// What the shell reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The HTTP request was answered with this status.
    Answered(u16),
    /// The HTTP request failed; how, in the browser's words.
    NoAnswer(String),
    /// The WebSocket is open.
    Opened,
    /// A text message came.
    Text(String),
    /// A binary message came.
    Binary(Vec<u8>),
    /// The WebSocket is closed, with its code and reason (RFC 6455, section 7.1.5).
    Closed(u16, String),
    /// The time asked for has passed.
    Timer,
}

/// What the shell is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `GET` the path `healthz`, from the page's own address.
    Get,
    /// Open a WebSocket on `diag/echo`.
    Open,
    /// Send a text message.
    SendText(String),
    /// Send a binary message.
    SendBinary(Vec<u8>),
    /// Report [`Event::Timer`] after so many ms; a timer set before no longer counts.
    Timer(u32),
    /// Close the WebSocket, if there is one, and stop the timer.
    Stop,
}

/// How long any answer may take, in ms: networks that only drop take their time.
const PATIENCE_MS: u32 = 10_000;
/// How long nothing is said, in ms.
const SILENCE_MS: u32 = 6_000;
/// Messages that are timed.
const ROUNDS: usize = 10;
/// Sizes of the two messages, in bytes.
const TEXT_BYTES: usize = 64;
const BINARY_BYTES: usize = 16 * 1024;

/// The test and what it found.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    steps: [State; 6],
    /// The question being asked, as its place.
    at: usize,
    /// When it was asked, in ms of the page's clock.
    since_ms: f64,
    times_ms: Vec<f64>,
    silent: bool,
}

impl Probe {
    /// Begins: the test, and what is to be done first.
    pub fn start(now_ms: f64) -> (Self, Vec<Action>) {
        let mut probe = Probe {
            steps: [const { State::Waiting }; 6],
            at: 0,
            since_ms: now_ms,
            times_ms: Vec::new(),
            silent: false,
        };
        let actions = probe.ask(now_ms);
        (probe, actions)
    }

    /// The questions and what is known of each.
    pub fn steps(&self) -> impl Iterator<Item = (Ask, &State)> {
        Ask::ALL.into_iter().zip(&self.steps)
    }

    /// What is known of a question.
    pub fn state(&self, ask: Ask) -> &State {
        &self.steps[ask as usize]
    }

    /// Whether all is asked, or the rest is skipped.
    pub fn is_over(&self) -> bool {
        self.at == Ask::ALL.len()
    }

    /// The fastest of the times there and back, and the middle one, in ms.
    pub fn times_ms(&self) -> Option<(f64, f64)> {
        let mut sorted = self.times_ms.clone();
        few::sort(&mut sorted, |a, b| a < b);
        Some((*sorted.first()?, sorted[sorted.len() / 2]))
    }

    /// Takes one event at `now_ms`; gives what is to be done.
    pub fn apply(&mut self, event: Event, now_ms: f64) -> Vec<Action> {
        let Some(&ask) = Ask::ALL.get(self.at) else {
            return Vec::new();
        };
        let took = now_ms - self.since_ms;
        match (ask, event) {
            (Ask::Http, Event::Answered(status @ 200..300)) => {
                self.yes(format!("status {status} in {}", ms_text(took)), now_ms)
            }
            (Ask::Http, Event::Answered(status)) => {
                self.no(format!("status {status} instead of 200"))
            }
            (Ask::Http, Event::NoAnswer(why)) => self.no(format!("no answer: {why}")),
            (Ask::Open, Event::Opened) => self.yes(format!("open in {}", ms_text(took)), now_ms),
            (Ask::Text, Event::Text(text)) if text == text_message() => self.yes(
                format!("{TEXT_BYTES} bytes came back in {}", ms_text(took)),
                now_ms,
            ),
            (Ask::Binary, Event::Binary(bytes)) if bytes == binary_message() => self.yes(
                format!("{BINARY_BYTES} bytes came back in {}", ms_text(took)),
                now_ms,
            ),
            (Ask::Times, Event::Text(text)) if text == round_message(self.times_ms.len()) => {
                self.times_ms.push(took);
                if self.times_ms.len() < ROUNDS {
                    self.since_ms = now_ms;
                    return vec![
                        Action::SendText(round_message(self.times_ms.len())),
                        Action::Timer(PATIENCE_MS),
                    ];
                }
                let (least, middle) = self.times_ms().unwrap_or_default();
                let found = format!(
                    "fastest {}, middle {} of {ROUNDS}",
                    ms_text(least),
                    ms_text(middle)
                );
                self.yes(found, now_ms)
            }
            (Ask::Silence, Event::Timer) if !self.silent => {
                self.silent = true;
                vec![
                    Action::SendText(round_message(ROUNDS)),
                    Action::Timer(PATIENCE_MS),
                ]
            }
            (Ask::Silence, Event::Text(text)) if self.silent && text == round_message(ROUNDS) => {
                self.yes(
                    format!("alive after {} s without a word", SILENCE_MS / 1000),
                    now_ms,
                )
            }
            // The close that follows a failure to open, and an answer that came too late.
            (Ask::Http, Event::Opened | Event::Closed(..) | Event::Text(_) | Event::Binary(_))
            | (_, Event::Answered(_) | Event::NoAnswer(_)) => Vec::new(),
            (_, Event::Closed(code, reason)) => {
                let reason = if reason.is_empty() {
                    String::new()
                } else {
                    format!(", “{reason}”")
                };
                self.no(format!(
                    "closed after {} (code {code}{reason})",
                    ms_text(took)
                ))
            }
            (_, Event::Timer) => self.no(format!("nothing came within {} s", PATIENCE_MS / 1000)),
            (_, Event::Text(_) | Event::Binary(_)) => {
                self.no("another message came back than was sent".to_owned())
            }
            (_, Event::Opened) => Vec::new(),
        }
    }

    /// Asks the question at which the test is.
    fn ask(&mut self, now_ms: f64) -> Vec<Action> {
        let Some(&ask) = Ask::ALL.get(self.at) else {
            return vec![Action::Stop];
        };
        self.steps[self.at] = State::Running;
        self.since_ms = now_ms;
        let act = match ask {
            Ask::Http => Action::Get,
            Ask::Open => Action::Open,
            Ask::Text => Action::SendText(text_message()),
            Ask::Binary => Action::SendBinary(binary_message()),
            Ask::Times => Action::SendText(round_message(0)),
            Ask::Silence => return vec![Action::Timer(SILENCE_MS)],
        };
        vec![act, Action::Timer(PATIENCE_MS)]
    }

    fn yes(&mut self, found: String, now_ms: f64) -> Vec<Action> {
        self.steps[self.at] = State::Ok(found);
        self.at += 1;
        self.ask(now_ms)
    }

    fn no(&mut self, happened: String) -> Vec<Action> {
        self.steps[self.at] = State::Failed(happened);
        // Each question stands on the one before it: a WebSocket, too, begins as a GET.
        self.steps[self.at + 1..].fill(State::Skipped);
        self.at = Ask::ALL.len();
        vec![Action::Stop]
    }
}

/// 64 characters that a proxy has no reason to change.
fn text_message() -> String {
    "chalkwire ".chars().cycle().take(TEXT_BYTES).collect()
}

/// Every byte value, so that whatever cuts or converts is found out.
fn binary_message() -> Vec<u8> {
    (0..BINARY_BYTES).map(|i| (i ^ (i >> 8)) as u8).collect()
}

fn round_message(round: usize) -> String {
    format!("round {round}")
}

/// The address of the echo, from the page's own (`document.baseURI`): the same path prefix, and
/// `ws` for `http`, `wss` for `https`.
pub fn echo_url(base: &str) -> String {
    let dir = directory(base);
    match dir.strip_prefix("http") {
        Some(rest) => format!("ws{rest}diag/echo"),
        None => format!("{dir}diag/echo"),
    }
}

/// The address of the liveness check, from the page's own.
pub fn health_url(base: &str) -> String {
    format!("{}healthz", directory(base))
}

/// A URL without its query, its fragment and its file.
fn directory(base: &str) -> &str {
    let base = base.split(['?', '#']).next().unwrap_or_default();
    base.rfind('/').map_or(base, |slash| &base[..=slash])
}

#[cfg(test)]
mod tests;

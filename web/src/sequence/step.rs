//! One step of a sequence diagram as plain data, with the words that stand at it.

use chalkwire_shared::close::Reason;
use chalkwire_shared::target::Kind;

use crate::bytes;
use crate::model::{Whose, ms_text};

/// Bytes of a payload that a label may show.
const LABEL_BYTES: usize = 48;

/// One of the three that take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The page.
    You,
    /// The gateway.
    Gateway,
    /// The target.
    Target,
}

/// In which colour a step is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Bytes on their way to the target.
    Sent,
    /// Bytes on their way back.
    Received,
    /// Opening and closing.
    Control,
    /// What went wrong.
    Error,
    /// What Chalkwire made on purpose.
    Made,
}

/// How an arrow ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At the other lifeline.
    Arrives,
    /// On the way: nothing answered.
    Lost,
    /// Not known: the connection to the gateway dropped.
    Unknown,
}

/// What a step does to the lifelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// A socket is asked for: the target takes no part yet.
    Asks,
    /// The target takes part from here.
    Opens,
    /// You send no more.
    YouDone,
    /// The target sends no more.
    TargetDone,
    /// The socket is gone.
    Ends,
}

/// What stands at an arrow: words, a piece of payload (escaped), words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Before the payload.
    pub lead: String,
    /// The payload's first bytes, escaped; may be empty.
    pub code: String,
    /// After the payload; left out first where room is short.
    pub tail: String,
    /// All of it where the picture is narrow; empty if it is the same.
    pub short: String,
}

/// One arrow; a note or a mark where `from` and `to` are the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The entry that it comes from.
    pub no: u32,
    /// Where it begins.
    pub from: Life,
    /// Where it goes.
    pub to: Life,
    /// How it ends.
    pub ending: Ending,
    /// Its colour.
    pub tone: Tone,
    /// Whether it is the connection's business rather than bytes.
    pub dashed: bool,
    /// When, in ms from the first step, if it is known.
    pub when_ms: Option<f64>,
    /// By whose clock.
    pub clock: Whose,
    /// Its label.
    pub label: Label,
    /// The same as a sentence, for the table and for those who listen.
    pub say: String,
    /// What it does to the lifelines.
    pub effect: Effect,
    /// Whether it is a mark at its lifeline, and no note across all of them.
    pub mark: bool,
    /// When the arrow arrives, in the browser's ms, where that is known by itself.
    pub lands_ms: Option<f64>,
    /// Its place in time, in the browser's ms, also where that is not known for sure.
    pub order_ms: f64,
}

/// The steps of a socket, and how many entries are left out between which two of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    /// In order of time.
    pub steps: Vec<Step>,
    /// Entries left out.
    pub omitted: usize,
    /// They would stand before this step.
    pub omitted_before: usize,
}

/// A label of words alone, long and short.
pub(super) fn words(text: &str, short: &str) -> Label {
    Label {
        lead: text.to_owned(),
        short: short.to_owned(),
        ..Label::default()
    }
}

/// A label of a payload's first bytes.
pub(super) fn payload(sign: &str, payload: &[u8]) -> Label {
    let head = bytes::head(payload, LABEL_BYTES);
    let more = if head.len() < payload.len() {
        "…"
    } else {
        ""
    };
    Label {
        lead: sign.to_owned(),
        code: bytes::escape(head) + more,
        tail: format!("  {} B", payload.len()),
        short: String::new(),
    }
}

/// A label of a payload's size.
pub(super) fn size(kind: Option<Kind>, bytes: usize, truncated: bool) -> Label {
    let short = format!("{bytes} B");
    let long = match (kind.is_some_and(Kind::is_datagram), truncated) {
        (_, true) => format!("{bytes} B, the rest cut off"),
        (true, _) => format!("datagram, {bytes} B"),
        _ => short.clone(),
    };
    words(&long, &short)
}

/// µs for people.
pub(crate) fn took(us: u64) -> String {
    if us < 1000 {
        format!("{us} µs")
    } else {
        ms_text(us as f64 / 1000.0)
    }
}

/// A closing reason in a few words.
pub(super) fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Finished => "closed: both sides are done",
        Reason::ClosedByClient => "closed by you",
        Reason::Reset => "connection reset",
        Reason::Refused => "connection refused",
        Reason::ConnectTimeout => "timed out",
        Reason::Unreachable => "unreachable",
        Reason::Blocked => "blocked by policy",
        Reason::UnknownTarget => "unknown target",
        Reason::NotResolved => "name not resolved",
        Reason::NoSuchPath => "no such path",
        Reason::BacklogFull => "the queue is full",
        Reason::TooLarge => "datagram too large",
        Reason::Idle => "closed for silence",
        Reason::CreditExceeded => "sent beyond credit",
        Reason::Limit => "too many sockets",
        Reason::BadRequest => "not possible here",
        Reason::ByRoom => "the room does not allow it",
        Reason::Draining => "gateway is stopping",
        Reason::Failed => "the gateway failed",
    }
}

//! Jobs: what the gateway does by itself with real sockets and reports, as one page could not: many
//! clients at once, calls that block.
//!
//! All times are µs of the gateway's clock. A link has one job at a time.

use serde::{Deserialize, Serialize};

/// Clients of a load at the most, over all its targets one after another.
pub const MAX_CLIENTS: u8 = 50;

/// Messages of one client at the most.
pub const MAX_MESSAGES: u8 = 20;

/// Targets of a load at the most.
pub const MAX_TARGETS: usize = 5;

/// A job ends after this time, in ms.
pub const MAX_JOB_MS: u32 = 60_000;

/// The longest line of a load, in bytes.
pub const MAX_LINE_BYTES: usize = 1_024;

/// The longest that a call may wait, in ms.
pub const MAX_CALL_MS: u16 = 10_000;

/// What [`Call::error`] says of a call that waited for as long as it was allowed to, as Python's
/// socket module does.
pub const TIMED_OUT: &str = "TimeoutError";

/// The number of a job in its link, chosen by the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u32);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Job {
    /// Many clients at once, on one target after another.
    Load(Load),
    /// A few calls of the sockets API, each timed.
    Calls(Calls),
}

/// Many clients at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// The link's own servers (`#1`) or built-in targets, 1 to [`MAX_TARGETS`]; each gets the same
    /// clients, when the one before is done.
    pub targets: Vec<String>,
    /// How many clients, 1 to [`MAX_CLIENTS`].
    pub clients: u8,
    /// How many messages each sends, 1 to [`MAX_MESSAGES`].
    pub messages: u8,
    /// What is sent: a line without its end; `\r\n` is added. At most [`MAX_LINE_BYTES`].
    pub line: String,
    /// Every message over a connection of its own, one after another.
    pub one_shot: bool,
    /// The first so many clients connect before the others start, and send nothing.
    pub idle_clients: u8,
    /// A pause between the start of two clients, in ms.
    pub stagger_ms: u16,
    /// A client gives up connecting after so many ms. Where it does, its client does no more.
    pub connect_ms: u16,
    /// A client gives up waiting for a reply after so many ms.
    pub reply_ms: u16,
    /// `connect` is called on a non-blocking socket, and what it says at once is taken as its answer
    /// (other than that it is in progress).
    pub nonblocking: bool,
}

impl Default for Load {
    fn default() -> Self {
        Load {
            targets: Vec::new(),
            clients: 1,
            messages: 1,
            line: "hello".to_owned(),
            one_shot: false,
            idle_clients: 0,
            stagger_ms: 0,
            connect_ms: 10_000,
            reply_ms: 10_000,
            nonblocking: false,
        }
    }
}

/// Why a job can't be done as it is asked for: a sentence for a learner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJob {
    /// A number outside of its bounds.
    #[error("{name} is {value}: it goes from {least} to {most}.")]
    Range {
        /// The key.
        name: &'static str,
        /// What it is.
        value: u64,
        /// What it may be,
        least: u64,
        /// and up to what.
        most: u64,
    },
    /// A line that is more than one.
    #[error("The line holds a line break: its end is added by itself.")]
    Line,
}

fn check_range(name: &'static str, value: u64, least: u64, most: u64) -> Result<(), BadJob> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(BadJob::Range {
        name,
        value,
        least,
        most,
    })
}

impl Job {
    /// Checks that a job may be like this; whether its targets fit, the gateway knows.
    ///
    /// # Errors
    /// [`BadJob`] names the first thing that is wrong.
    pub fn check(&self) -> Result<(), BadJob> {
        match self {
            Job::Load(load) => load.check(),
            Job::Calls(calls) => {
                check_range("wait_ms", calls.wait_ms.into(), 1, MAX_CALL_MS.into())
            }
        }
    }
}

impl Load {
    fn check(&self) -> Result<(), BadJob> {
        let most_ms = u64::from(u16::MAX);
        for (name, value, least, most) in [
            ("targets", self.targets.len() as u64, 1, MAX_TARGETS as u64),
            ("clients", self.clients.into(), 1, MAX_CLIENTS.into()),
            ("messages", self.messages.into(), 1, MAX_MESSAGES.into()),
            (
                "idle_clients",
                self.idle_clients.into(),
                0,
                self.clients.into(),
            ),
            ("connect_ms", self.connect_ms.into(), 1, most_ms),
            ("reply_ms", self.reply_ms.into(), 1, most_ms),
            (
                "line's length in bytes",
                self.line.len() as u64,
                0,
                MAX_LINE_BYTES as u64,
            ),
        ] {
            check_range(name, value, least, most)?;
        }
        match self.line.contains(['\r', '\n']) {
            true => Err(BadJob::Line),
            false => Ok(()),
        }
    }
}

/// A few calls, each timed, on a socket of the gateway's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Which calls.
    pub script: Script,
    /// The link's own server (`#1`) or a built-in target.
    pub target: String,
    /// How long a call may wait, in ms, 1 to [`MAX_CALL_MS`].
    pub wait_ms: u16,
}

/// Calls of the sockets API in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// connect, send, `recv` that waits for the reply.
    Blocking,
    /// connect, `O_NONBLOCK`, send, `recv` again and again with `poll` between, until the reply.
    NonBlocking,
    /// `sendto` from a socket that is not connected, then `recvfrom` until the time is up, twice.
    UdpUnconnected,
    /// `connect`, `send`, `send`, `recv`, `recv` on a UDP socket.
    UdpConnected,
}

impl Script {
    /// Whether it is for UDP alone.
    pub fn is_udp(self) -> bool {
        matches!(self, Script::UdpUnconnected | Script::UdpConnected)
    }
}

/// One client's connection in a load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRun {
    /// Which of the load's targets, counted from 0.
    pub target: u8,
    /// Which client, counted from 0.
    pub client: u8,
    /// Which of the client's connections, counted from 0.
    pub connection: u8,
    /// The client's address; empty where it never had one.
    pub local: String,
    /// `connect` was called.
    pub start_us: u64,
    /// `connect` had succeeded.
    pub connected_us: Option<u64>,
    /// The server's `accept` returned it.
    pub accepted_us: Option<u64>,
    /// Messages and what became of them.
    pub messages: Vec<MessageRun>,
    /// The client closed, or gave up.
    pub end_us: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// One message of a client in a load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRun {
    /// The client's `send` returned.
    pub sent_us: u64,
    /// The server's `recv` returned it, or its first bytes.
    pub recv_us: Option<u64>,
    /// The server's `send` of the reply returned.
    pub answered_us: Option<u64>,
    /// The client's `recv` had the whole reply.
    pub reply_us: Option<u64>,
    /// Bytes of the reply.
    pub bytes: u32,
}

/// How a client's connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All its messages were answered.
    Done,
    /// It was idle, as it was told to be, until the server closed or the load ended.
    Idle,
    /// Nothing listens there.
    Refused,
    /// Neither yes nor no to its `connect` in time.
    ConnectTimeout,
    /// No reply in time.
    ReplyTimeout,
    /// `connect` would have had to wait (EAGAIN).
    WouldBlock,
    /// The server reset the connection, or closed it without a whole reply.
    Lost,
    /// The job was cancelled or its time was up.
    Cancelled,
    /// Another error of the system.
    Failed,
}

/// A server at one moment of a load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// Which of the load's targets, counted from 0.
    pub target: u8,
    /// When.
    pub clock_us: u64,
    /// Connections that wait for `accept`; `None` where the kernel does not say.
    pub waiting: Option<u32>,
    /// The backlog that the kernel keeps to; `None` where it does not say.
    pub backlog: Option<u32>,
    /// Threads that served clients at once, the most since it was told last, the server's own included; 0
    /// where it is not known.
    pub threads: u32,
    /// Processes, in the same way.
    pub processes: u32,
}

/// One call of the sockets API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The call: `recv(1024)`, `poll(200 ms)`.
    pub call: String,
    /// Whether it may wait.
    pub blocking: bool,
    /// It was called.
    pub start_us: u64,
    /// It returned.
    pub end_us: u64,
    /// What it returned: a number of bytes where that is what the call tells, of ready sockets where it
    /// is `poll`,
    pub bytes: Option<u32>,
    /// or the name of its error: `EWOULDBLOCK`, `ECONNREFUSED`, or [`TIMED_OUT`].
    pub error: Option<String>,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobEnd {
    /// It did all that it was told.
    Done,
    /// The client cancelled it.
    Cancelled,
    /// Its time was up.
    TimeUp,
    /// It could not be begun: what was asked does not fit.
    BadRequest,
    /// A cap of the gateway is reached, or the link has a job already.
    Limit,
    /// An error of the gateway or its system.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load() -> Load {
        Load {
            targets: vec!["#1".to_owned()],
            ..Load::default()
        }
    }

    #[test]
    fn what_does_not_fit_is_told_in_a_sentence() {
        assert_eq!(Job::Load(load()).check(), Ok(()));
        let told = |load: Load| Job::Load(load).check().unwrap_err().to_string();
        assert_eq!(
            told(Load {
                clients: 51,
                ..load()
            }),
            "clients is 51: it goes from 1 to 50."
        );
        assert_eq!(
            told(Load {
                targets: Vec::new(),
                ..load()
            }),
            "targets is 0: it goes from 1 to 5."
        );
        assert_eq!(
            told(Load {
                idle_clients: 2,
                ..load()
            }),
            "idle_clients is 2: it goes from 0 to 1."
        );
        assert!(
            told(Load {
                line: "a\nb".to_owned(),
                ..load()
            })
            .contains("a line break")
        );
        assert!(
            told(Load {
                line: "x".repeat(1_025),
                ..load()
            })
            .contains("1025")
        );
        let calls = Calls {
            script: Script::Blocking,
            target: "#1".to_owned(),
            wait_ms: 0,
        };
        let told = Job::Calls(calls).check().unwrap_err().to_string();
        assert_eq!(told, "wait_ms is 0: it goes from 1 to 10000.");
    }
}

//! What an experiment did, as far as a program of one's own can do it again.

use bytes::Bytes;
use chalkwire_shared::fault::Fault;
use chalkwire_shared::job::{Load, Script};
use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::{Kind, TargetUrl};

mod of;

pub use of::recipes_of;

/// The port of the chapter's servers.
const PORT: u16 = 21567;

/// A server and what was done with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// What it is: `Experiment 2, A stream has no boundaries: three sends`.
    pub title: String,
    /// What tells it from the experiment's other ones: `select`; empty where there is one only.
    pub name: String,
    /// Where its programs listen and connect to.
    pub address: TargetUrl,
    /// The server; `None` where nothing is to listen.
    pub server: Option<ServerOptions>,
    /// What the client does.
    pub client: Client,
    /// Wrongs that Chalkwire did meanwhile.
    pub faults: Vec<Fault>,
    /// Where their chance began.
    pub seed: u32,
}

/// What is done with the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Client {
    /// One socket, step by step.
    Steps(Vec<Step>),
    /// Many clients at once; the load's own targets are of no matter.
    Load(Load),
    /// A few calls, each timed.
    Calls {
        /// Which.
        script: Script,
        /// How long one may wait, in ms.
        wait_ms: u16,
    },
}

/// One thing that a client does with its socket, which is connected before the first.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// One `send`.
    Send(Bytes),
    /// Numbered messages one after another, each again when no reply to it came in time.
    SendWithRetry {
        /// Each is sent as its number, a space and this.
        messages: Vec<String>,
        /// How long a reply is waited for, in ms.
        timeout_ms: u32,
        /// How often a message is sent at the most.
        tries: u32,
    },
    /// Let time pass, in ms.
    Wait(u32),
    /// `recv`, so many times.
    Recv(usize),
    /// `recv` until so many bytes have come.
    RecvBytes(usize),
    /// `recv` until it returns nothing.
    ReadToEnd,
    /// Shut down our side (FIN).
    ShutDown,
    /// Close.
    Close,
}

impl Recipe {
    /// Where programs for this kind of socket listen unless told otherwise.
    pub fn usual_address(kind: Kind) -> TargetUrl {
        match kind {
            Kind::Tcp | Kind::Udp => TargetUrl::Inet {
                kind,
                host: "127.0.0.1".to_owned(),
                port: PORT,
            },
            Kind::Unix => TargetUrl::Path {
                kind,
                path: "/tmp/timestamp.sock".to_owned(),
            },
            Kind::Unixgram => TargetUrl::Path {
                kind,
                path: "/tmp/timestamp-datagram.sock".to_owned(),
            },
        }
    }

    /// What kind of socket it is about.
    pub fn kind(&self) -> Kind {
        self.address.kind()
    }

    /// How long a client waits for one thing, in ms: for the slowest reply that is to be expected.
    pub(super) fn patience_ms(&self) -> u32 {
        let slow = self.server.as_ref().map_or(0, |it| {
            it.delay_ms + it.block_ms + it.late_ms + it.accept_after_ms
        });
        slow + if self.kind().is_datagram() {
            2_000
        } else {
            10_000
        }
    }

    /// What stands at the head of the client.
    pub(super) fn client_head(&self) -> Vec<String> {
        let mut head = vec![format!("{}: the client.", self.title)];
        head.push(match &self.server {
            Some(_) => "Start the server first.".to_owned(),
            None => "Start no server: nothing is to listen there.".to_owned(),
        });
        if !self.faults.is_empty() {
            let faults: Vec<_> = self.faults.iter().map(|it| in_words(*it)).collect();
            head.push(format!(
                "In the run Chalkwire did wrongs to the traffic, on purpose and with the seed {}: {}. \
                 These programs do none.",
                self.seed,
                faults.join("; ")
            ));
        }
        head
    }

    /// What stands at the head of the server.
    pub(super) fn server_head(&self, options: &ServerOptions) -> Vec<String> {
        let mut head = vec![format!("{}: the server.", self.title)];
        if !self.kind().is_datagram() {
            head.push(model_sentence(options.model).to_owned());
        }
        head
    }
}

/// A fault as it is asked for, without its punctuation: `loss, direction to target, percent 30`.
fn in_words(fault: Fault) -> String {
    fault.to_text().replace(',', ", ").replace(['=', '_'], " ")
}

/// How a model serves several clients.
fn model_sentence(model: Model) -> &'static str {
    match model {
        Model::Iterative => {
            "One client at a time; who comes meanwhile waits in the kernel's queue."
        }
        Model::Threaded => "A thread for each client.",
        Model::Process => "A process for each client.",
        Model::Select => "One thread, which asks whose socket can be read now.",
        Model::Evented => "One thread and an event loop: what has to wait lets the others go on.",
    }
}

/// What a protocol takes as a request.
pub(super) fn protocol_sentence(options: &ServerOptions) -> String {
    match options.protocol {
        Protocol::Basic => format!(
            "What one recv({}) returns is the request.",
            options.recv_bytes
        ),
        Protocol::Line => "A line is the request, up to its end.".to_owned(),
        Protocol::Session => "Each line is a request, until the client is done.".to_owned(),
    }
}

/// A time in seconds, as programs write it: `0.05`, `5`.
pub(super) fn seconds(ms: u32) -> String {
    let text = format!("{:.3}", f64::from(ms) / 1000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What each client of a load sends.
pub(super) fn line(load: &Load) -> Vec<u8> {
    format!("{}\r\n", load.line).into_bytes()
}

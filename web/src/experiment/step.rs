//! The steps that an experiment is made of.

use bytes::Bytes;
use chalkwire_shared::fault::Fault;
use chalkwire_shared::job::{Load, Script};
use chalkwire_shared::server::ServerOptions;

/// A server or a socket of a run, by a number that the script gives it: small, and each its own.
pub type Slot = u8;

/// What is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// A server that the run started.
    Server(Slot),
    /// A built-in target.
    Target(&'static str),
}

/// One thing that is done, or waited for. Sockets that are open and servers that run at the end are
/// closed and stopped then by themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Start a server, and wait until it listens.
    Serve {
        /// Its number in the script.
        server: Slot,
        /// What it is called in pictures.
        title: &'static str,
        /// What it is to be.
        options: ServerOptions,
    },
    /// Stop a server, and wait until it has.
    Stop(Slot),
    /// Ask for a socket; nothing is waited for.
    Open {
        /// Its number in the script.
        socket: Slot,
        /// What it is called in pictures.
        title: &'static str,
        /// What to.
        to: To,
        /// Wrongs that are done on purpose.
        faults: Vec<Fault>,
        /// Ask for the kernel's view of it.
        kernel: bool,
    },
    /// Send bytes, as one `send`.
    Send(Slot, Bytes),
    /// Send numbered messages one after another, each again when no reply to it came in time.
    SendWithRetry {
        /// On which socket.
        socket: Slot,
        /// What: each is sent as its number, a space and this.
        messages: Vec<String>,
        /// How long a reply is waited for, in ms.
        timeout_ms: u32,
        /// How often a message is sent at the most.
        tries: u32,
    },
    /// Let time pass, in ms.
    Wait(u32),
    /// Wait until something has happened.
    Await {
        /// What.
        what: Awaited,
        /// How long at the most, in ms. That it did not happen is a result as well: it is kept in the
        /// run, and the run goes on.
        ms: u32,
    },
    /// Shut down our side of a socket (FIN).
    ShutDown(Slot),
    /// Close a socket.
    Close(Slot),
    /// Let the gateway be many clients at once.
    Load {
        /// The servers, one after another.
        to: Vec<To>,
        /// What the clients do; its targets are filled in.
        load: Load,
    },
    /// Let the gateway call the sockets API, and time each call.
    Calls {
        /// The server.
        to: To,
        /// Which calls.
        script: Script,
        /// How long one may wait, in ms.
        wait_ms: u16,
    },
}

/// What is waited for. What can't come any more, since the other side is done or the socket closed, is
/// not waited for any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The socket is connected.
    Opened(Slot),
    /// The server's `recv` has returned on the socket so many times.
    Recvs(Slot, usize),
    /// So many messages or datagrams came back.
    Replies(Slot, usize),
    /// So many bytes came back.
    Bytes(Slot, usize),
    /// The other side is done (FIN).
    Eof(Slot),
    /// The socket is closed.
    Closed(Slot),
}

impl Step {
    /// Start a server, and wait until it listens.
    pub fn serve(server: Slot, title: &'static str, options: ServerOptions) -> Self {
        Step::Serve {
            server,
            title,
            options,
        }
    }

    /// Ask for a socket to a server of the run's own, without faults or the kernel's view.
    pub fn open(socket: Slot, title: &'static str, server: Slot) -> Self {
        Step::Open {
            socket,
            title,
            to: To::Server(server),
            faults: Vec::new(),
            kernel: false,
        }
    }

    /// The same with the kernel's view.
    pub fn open_watched(socket: Slot, title: &'static str, server: Slot) -> Self {
        Step::Open {
            socket,
            title,
            to: To::Server(server),
            faults: Vec::new(),
            kernel: true,
        }
    }

    /// Wait until a socket is connected.
    pub fn opened(socket: Slot) -> Self {
        Step::wait_for(Awaited::Opened(socket), 5_000)
    }

    /// Wait until something has happened, at most so many ms.
    pub fn wait_for(what: Awaited, ms: u32) -> Self {
        Step::Await { what, ms }
    }

    /// Send a text as one `send`.
    pub fn send(socket: Slot, text: impl Into<Bytes>) -> Self {
        Step::Send(socket, text.into())
    }

    /// What is going on while it is done, for people: `waiting for the server's recv`.
    pub fn says(&self) -> String {
        match self {
            Step::Serve { title, .. } => format!("starting a server ({title})"),
            Step::Stop(_) => "stopping the server".to_owned(),
            Step::Open { title, .. } => format!("opening a socket ({title})"),
            Step::Send(_, bytes) => format!("sending {} bytes", bytes.len()),
            Step::SendWithRetry { messages, .. } => {
                format!(
                    "sending {} numbered messages, again if need be",
                    messages.len()
                )
            }
            Step::Wait(ms) => format!("letting {ms} ms pass"),
            Step::Await { what, .. } => format!("waiting for {}", what.says()),
            Step::ShutDown(_) => "shutting down our side (FIN)".to_owned(),
            Step::Close(_) => "closing the socket".to_owned(),
            Step::Load { load, to } => match to.len() {
                0 | 1 => format!("{} clients at once", load.clients),
                servers => format!(
                    "{} clients at once, {servers} servers in turn",
                    load.clients
                ),
            },
            Step::Calls { .. } => "calling the sockets API".to_owned(),
        }
    }
}

impl Awaited {
    /// The socket that it is about.
    pub fn socket(self) -> Slot {
        match self {
            Awaited::Opened(slot)
            | Awaited::Recvs(slot, _)
            | Awaited::Replies(slot, _)
            | Awaited::Bytes(slot, _)
            | Awaited::Eof(slot)
            | Awaited::Closed(slot) => slot,
        }
    }

    /// What is waited for, for people.
    pub fn says(self) -> &'static str {
        match self {
            Awaited::Opened(_) => "the connection",
            Awaited::Recvs(..) => "the server's recv",
            Awaited::Replies(..) | Awaited::Bytes(..) => "the reply",
            Awaited::Eof(_) => "the server's FIN",
            Awaited::Closed(_) => "the end of the connection",
        }
    }
}

//! How a target serves many at once, as far as it is known: what a picture may claim about it.

use chalkwire_shared::target::{Kind, TargetInfo};

/// How a target serves many at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Serving {
    /// One client at a time.
    Iterative,
    /// A thread for each client.
    Threaded,
    /// A process for each client.
    Process,
    /// One thread that asks which sockets are ready.
    Select,
    /// An event loop.
    Evented,
    /// Datagrams: nobody connects, nobody is accepted.
    Datagrams,
    /// A server that the gateway does not see into.
    #[default]
    Unknown,
}

impl Serving {
    /// How the target of that name serves; of those that are not built in nothing is known but their
    /// kind.
    pub fn of(name: &str, targets: &[TargetInfo]) -> Self {
        let Some(target) = targets.iter().find(|it| it.name == name) else {
            return Serving::Unknown;
        };
        match (target.kind, target.builtin, name) {
            (Kind::Udp | Kind::Unixgram, _, _) => Serving::Datagrams,
            (_, false, _) => Serving::Unknown,
            (_, true, "iterative") => Serving::Iterative,
            (_, true, "threaded") => Serving::Threaded,
            (_, true, "process") => Serving::Process,
            (_, true, "select") => Serving::Select,
            (_, true, _) => Serving::Evented,
        }
    }

    /// Whether its server tells what it does with a connection.
    pub fn tells(self) -> bool {
        !matches!(self, Serving::Datagrams | Serving::Unknown)
    }

    /// What its way of serving means for many at once, in a sentence or two.
    pub fn explain(self) -> &'static str {
        match self {
            Serving::Iterative => {
                "An iterative server calls accept again only when it is done with a client. All \
                 others wait in the kernel: a few in the accept queue, and when that is full, \
                 outside, where their machine sends its SYN again after 1 s, then after 2 s more, \
                 then 4. One client that says nothing holds up everyone."
            }
            Serving::Threaded => {
                "A threaded server gives each client a thread and calls accept again at once. The \
                 waits lie side by side instead of one after another, and a client that says \
                 nothing costs one thread and nobody's time."
            }
            Serving::Process => {
                "This server starts a process for each client, as inetd does, and hands it the \
                 socket. The waits lie side by side; starting a process takes longer than starting \
                 a thread, which shows where many come at once."
            }
            Serving::Select => {
                "One thread asks the kernel which sockets are ready (select, poll) and serves those. \
                 While it waits for one client's work it takes care of the others, so that nobody \
                 waits for somebody who says nothing."
            }
            Serving::Evented => {
                "An event loop serves all on one thread: whatever waits is set aside until the \
                 kernel says that it can go on. Nobody waits for somebody who says nothing."
            }
            Serving::Datagrams => {
                "There is no connection here and no accept queue: each datagram waits in the \
                 socket's receive buffer and is answered by itself. One that finds the buffer full \
                 is dropped, and nobody is told."
            }
            Serving::Unknown => {
                "The gateway does not see into this server: it knows when a connection stood, when \
                 bytes left and when the reply came. What lies between is the network's and the \
                 server's together."
            }
        }
    }
}

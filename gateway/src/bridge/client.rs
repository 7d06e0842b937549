//! A socket's client, as the socket sees it: somebody who is told things and takes data.

use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::kernel::{End, View};
use chalkwire_shared::server::ServerDid;

use crate::kernel::NoView;
use crate::target::Failure;

/// Something the client is to be told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Connected.
    Opened {
        /// Our address.
        local: String,
        /// The target's.
        peer: String,
        /// How long it took, in µs.
        connect_us: u64,
    },
    /// Bytes were handed to the kernel, or to the faults.
    Wrote {
        /// How many.
        bytes: u32,
    },
    /// What the target did, a server of the gateway's own.
    Server(ServerDid),
    /// The kernel has one end of it otherwise than before. The first may come before `Opened`.
    Kernel {
        /// Which.
        end: End,
        /// How; `None` for a socket that is gone.
        view: Option<View>,
    },
    /// There is no view of the kernel.
    NoKernelView(NoView),
    /// The target's FIN.
    Eof,
    /// The client may send so many bytes more.
    Credit {
        /// Bytes of frames with their headers.
        bytes: u32,
    },
    /// So many datagrams found no credit.
    Dropped {
        /// How many.
        datagrams: u64,
    },
    /// A fault did something.
    Fault {
        /// Which way the traffic went.
        direction: Direction,
        /// What it did.
        did: FaultDid,
    },
    /// Faults do more than can be told: some of it is left out from here on.
    FaultsUntold,
    /// It is over.
    Closed(Failure),
}

/// The client's side of a socket: takes what is for the client. Its calls don't block.
pub trait Client: Clone + Send + Sync + 'static {
    /// Whether there is room for data.
    fn has_room(&self) -> bool;
    /// Whether it follows each write: then no reply to one comes before it.
    fn follows_writes(&self) -> bool;
    /// Hears that a whole message was handed to the kernel, or to the faults.
    fn wrote(&self, clock_us: u64, payload: &[u8]);
    /// Hears what the target did, a server of the gateway's own. `false` where that is lost, because
    /// there was no room.
    fn server(&self, clock_us: u64, did: ServerDid) -> bool;
    /// Takes data that was read at `clock_us`.
    fn data(&self, flags: u32, clock_us: u64, payload: &[u8]);
    /// Takes anything else.
    fn tell(&self, clock_us: u64, told: Told);
}

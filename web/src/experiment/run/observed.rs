//! Questions that checks ask of a run.

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::FaultDid;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::server::ServerDid;

use super::Run;
use crate::experiment::step::{Awaited, Slot};
use crate::model::{Entry, What};

impl Run {
    /// The number of a socket in the entries.
    pub fn socket(&self, slot: Slot) -> Option<SocketId> {
        Some(self.sockets.iter().find(|it| it.slot == slot)?.id)
    }

    /// What happened on a socket, oldest first.
    pub fn of(&self, slot: Slot) -> impl Iterator<Item = &Entry> {
        let id = self.socket(slot);
        self.entries
            .iter()
            .filter(move |it| id.is_some() && it.socket == id)
    }

    /// What was sent on a socket, a `send` each.
    pub fn sends(&self, slot: Slot) -> Vec<&Bytes> {
        self.of(slot)
            .filter_map(|it| match &it.what {
                What::Sent { bytes, .. } => Some(bytes),
                _ => None,
            })
            .collect()
    }

    /// What came back on a socket, as it came.
    pub fn replies(&self, slot: Slot) -> Vec<&Bytes> {
        self.of(slot)
            .filter_map(|it| match &it.what {
                What::Received { bytes, .. } => Some(bytes),
                _ => None,
            })
            .collect()
    }

    /// All bytes that came back on a socket.
    pub fn came_back(&self, slot: Slot) -> Vec<u8> {
        self.replies(slot).into_iter().flatten().copied().collect()
    }

    /// When something came back on a socket first, in ms by the browser's clock.
    pub fn first_reply_ms(&self, slot: Slot) -> Option<f64> {
        self.of(slot)
            .find(|it| matches!(it.what, What::Received { .. }))
            .map(|it| it.at_ms)
    }

    /// What the server did on a socket, with its clock in µs, in its order.
    pub fn server(&self, slot: Slot) -> Vec<(u64, &ServerDid)> {
        self.of(slot)
            .filter_map(|it| match &it.what {
                What::Server { did, clock_us } => Some((*clock_us, did)),
                _ => None,
            })
            .collect()
    }

    /// How many bytes each of the server's `recv` returned on a socket; its empty reads are left out.
    pub fn recvs(&self, slot: Slot) -> Vec<u32> {
        self.server(slot)
            .into_iter()
            .filter_map(|(_, did)| match did {
                ServerDid::Recv { bytes } | ServerDid::RecvCut { bytes, .. } => Some(*bytes),
                _ => None,
            })
            .collect()
    }

    /// What the faults did on a socket.
    pub fn faults(&self, slot: Slot) -> impl Iterator<Item = &FaultDid> {
        self.of(slot).filter_map(|it| match &it.what {
            What::Fault { did, .. } => Some(did),
            _ => None,
        })
    }

    /// Whether the other side shut down its side (FIN), as an empty read tells.
    pub fn eof(&self, slot: Slot) -> bool {
        self.of(slot).any(|it| matches!(it.what, What::Eof { .. }))
    }

    /// Why a socket was closed.
    pub fn closed(&self, slot: Slot) -> Option<Reason> {
        self.of(slot).find_map(|it| match &it.what {
            What::Closed { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    /// Whether this was waited for in vain.
    pub fn missed(&self, what: Awaited) -> bool {
        self.unmet.contains(&what)
    }
}

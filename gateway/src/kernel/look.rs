//! One look at one end of a socket: which question that is.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use chalkwire_shared::kernel::{End, View};
use chalkwire_shared::target::Kind;

use super::diag::Diag;
use crate::target::Ends;

/// What one round of looks has found out about listeners: many sockets have the same one.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    inet: HashMap<SocketAddr, Option<View>>,
}

/// What earlier looks at a socket found out: the numbers of Unix sockets, by which they are found
/// again. Finding one by its path is a look at all there are.
#[derive(Debug, Default)]
pub(super) struct Look {
    listener: Option<u32>,
    gateway: Option<u32>,
    server: Option<u32>,
}

impl Look {
    /// An end as it is now; `None` where there is none.
    pub(super) fn at(
        &mut self,
        diag: &mut Diag,
        ends: &Ends,
        end: End,
        listeners: &mut Listeners,
    ) -> io::Result<Option<View>> {
        match ends {
            Ends::Inet { kind, local, peer } => inet(diag, *kind, *local, *peer, end, listeners),
            Ends::Path { kind, local, peer } => self.path(diag, *kind, local, peer, end),
        }
    }

    fn path(
        &mut self,
        diag: &mut Diag,
        kind: Kind,
        local: &str,
        peer: &str,
        end: End,
    ) -> io::Result<Option<View>> {
        match end {
            End::Gateway => {
                let found = named(diag, &mut self.gateway, local)?;
                // Once it was accepted the other end has a number of its own.
                let server = found.as_ref().and_then(|found| found.peer);
                self.server = server.or(self.server);
                Ok(found.map(|found| found.view))
            }
            // A datagram server has one socket for all.
            End::Server if kind.is_datagram() => {
                Ok(named(diag, &mut self.listener, peer)?.map(|found| found.view))
            }
            End::Server => match self.server {
                Some(inode) => Ok(diag.inode(inode, peer)?.map(|found| found.view)),
                None => Ok(None),
            },
            End::Listener if kind.is_datagram() => Ok(None),
            End::Listener => Ok(named(diag, &mut self.listener, peer)?.map(|found| found.view)),
        }
    }
}

fn inet(
    diag: &mut Diag,
    kind: Kind,
    local: SocketAddr,
    peer: SocketAddr,
    end: End,
    listeners: &mut Listeners,
) -> io::Result<Option<View>> {
    match end {
        End::Gateway => diag.inet(kind, local, Some(peer)),
        End::Server if kind.is_datagram() => diag.inet(kind, peer, None),
        End::Server => diag.inet(kind, peer, Some(local)),
        End::Listener if kind.is_datagram() => Ok(None),
        End::Listener => {
            if let Some(known) = listeners.inet.get(&peer) {
                return Ok(known.clone());
            }
            let view = diag.inet(kind, peer, None)?;
            listeners.inet.insert(peer, view.clone());
            Ok(view)
        }
    }
}

/// A socket by its number, or by its path as long as that is not known.
fn named(
    diag: &mut Diag,
    inode: &mut Option<u32>,
    path: &str,
) -> io::Result<Option<super::diag::Found>> {
    match *inode {
        Some(inode) => diag.inode(inode, path),
        None => {
            let found = diag.path(path)?;
            *inode = found.as_ref().map(|found| found.inode);
            Ok(found)
        }
    }
}

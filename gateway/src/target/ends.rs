//! A socket's two addresses, for whoever watches it by them.

use std::net::SocketAddr;

use chalkwire_shared::target::Kind;

/// The two ends of a socket of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ends {
    /// TCP or UDP
    Inet {
        /// Which of them.
        kind: Kind,
        /// Our address.
        local: SocketAddr,
        /// The target's.
        peer: SocketAddr,
    },
    /// Unix
    Path {
        /// Stream or datagrams.
        kind: Kind,
        /// The path that our end is bound to, or `unnamed`.
        local: String,
        /// The target's.
        peer: String,
    },
}

impl Ends {
    /// What kind of socket it is.
    pub fn kind(&self) -> Kind {
        match self {
            Ends::Inet { kind, .. } | Ends::Path { kind, .. } => *kind,
        }
    }

    /// Our address, for people.
    pub fn local(&self) -> String {
        match self {
            Ends::Inet { local, .. } => local.to_string(),
            Ends::Path { local, .. } => local.clone(),
        }
    }

    /// The target's address, for people.
    pub fn peer(&self) -> String {
        match self {
            Ends::Inet { peer, .. } => peer.to_string(),
            Ends::Path { peer, .. } => peer.clone(),
        }
    }
}

/// Is told a socket's ends when they are known: before it connects, where that can be.
pub type Named<'a> = &'a mut (dyn FnMut(&Ends) + Send);

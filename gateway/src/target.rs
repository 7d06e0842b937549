//! Targets: the named addresses that may be reached, how they are dialled, and the open stream.

mod dial;
mod ends;
mod readiness;
mod stream;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chalkwire_shared::close::Reason;
use chalkwire_shared::target::{Kind, TargetInfo, TargetUrl};
use ipnet::IpNet;

pub use dial::{Dialled, reason_of};
pub use ends::{Ends, Named};
pub use readiness::Readiness;
pub use stream::{
    BUFFER_BYTES, BoundPath, LINGER, RECV_BYTES, Stream, recv_stream, send_last, with_buffer,
};

/// A target that can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What browsers may know of it.
    pub info: TargetInfo,
    /// Where it is.
    pub url: TargetUrl,
}

impl Target {
    /// What kind of socket reaches it.
    pub fn kind(&self) -> Kind {
        self.url.kind()
    }
}

/// Every target there is, and what dialling them takes.
#[derive(Debug)]
pub struct Targets {
    by_name: BTreeMap<String, Arc<Target>>,
    order: Vec<Arc<Target>>,
    allow: Vec<IpNet>,
    /// Where our ends of Unix datagram sockets are bound: their servers need an address to answer.
    directory: PathBuf,
}

/// Why a socket could not be had, or is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// For programs.
    pub reason: Reason,
    /// For a learner; holds nothing that the client may not know.
    pub detail: String,
}

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Failure {
            reason,
            detail: reason.sentence().to_owned(),
        }
    }
}

impl Failure {
    /// What an error of a socket means: one that was a failure before is the same again.
    pub fn of(error: &io::Error) -> Self {
        let before = error.get_ref().and_then(|inner| inner.downcast_ref());
        before.cloned().unwrap_or_else(|| reason_of(error).into())
    }
}

impl Targets {
    /// The targets in the order in which the page lists them; a later one of the same name wins.
    pub fn new(targets: Vec<Target>, allow: Vec<IpNet>, directory: PathBuf) -> Self {
        let mut order: Vec<Arc<Target>> = Vec::new();
        for target in targets.into_iter().map(Arc::new) {
            order.retain(|other| other.info.name != target.info.name);
            order.push(target);
        }
        let by_name = order
            .iter()
            .map(|target| (target.info.name.clone(), target.clone()))
            .collect();
        Targets {
            by_name,
            order,
            allow,
            directory,
        }
    }

    /// The target of that name.
    ///
    /// # Errors
    /// [`Reason::UnknownTarget`].
    pub fn get(&self, name: &str) -> Result<&Arc<Target>, Failure> {
        self.by_name
            .get(name)
            .ok_or_else(|| Reason::UnknownTarget.into())
    }

    /// What the page may know of each.
    pub fn list(&self) -> Vec<TargetInfo> {
        self.order
            .iter()
            .map(|target| target.info.clone())
            .collect()
    }
}

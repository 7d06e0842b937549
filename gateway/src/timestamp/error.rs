//! Why a timestamp server could not be started: one sentence each, which names the thing.

use std::io;

/// Why a timestamp server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The host has no address.
    #[error("the host of {url} could not be resolved: {said}")]
    NotResolved {
        /// Where it was to listen.
        url: String,
        /// What the resolver said.
        said: io::Error,
    },
    /// Somebody listens there.
    #[error("{0} is in use: another program listens there")]
    InUse(String),
    /// The system forbids it.
    #[error("{0} may not be bound by this user: permission denied")]
    Permission(String),
    /// An address that is not this machine's.
    #[error("{0} is no address of this machine")]
    NotOurs(String),
    /// A file that is no socket.
    #[error("{0} exists and is no socket; it is left as it is")]
    NoSocket(String),
    /// A socket file that another user owns, or that cannot be asked whether somebody listens.
    #[error(
        "{path} is a socket file that may belong to another program ({why}); it is left as it is"
    )]
    ForeignSocket {
        /// The file.
        path: String,
        /// What speaks against replacing it.
        why: String,
    },
    /// More bytes than the address of a Unix socket holds (unix(7): `sun_path`, 108 with its NUL).
    #[error("{path} is too long for a Unix socket: {bytes} bytes, and at most 107 fit")]
    PathTooLong {
        /// The path.
        path: String,
        /// Its length, in bytes.
        bytes: usize,
    },
    /// No directory to bind in.
    #[error("the directory of {0} does not exist")]
    NoDirectory(String),
    /// The model `process` has no program to run.
    #[error("the worker program {0} does not exist")]
    NoWorker(String),
    /// Anything else that the system said.
    #[error("{url} could not be bound: {said}")]
    System {
        /// Where it was to listen.
        url: String,
        /// What the system said.
        said: io::Error,
    },
}

impl StartError {
    /// What a failed `bind` or `listen` at `url` means.
    pub(super) fn at(url: &str, said: io::Error) -> Self {
        let url = url.to_owned();
        match said.kind() {
            io::ErrorKind::AddrInUse => StartError::InUse(url),
            io::ErrorKind::PermissionDenied => StartError::Permission(url),
            io::ErrorKind::AddrNotAvailable => StartError::NotOurs(url),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StartError::NoDirectory(url),
            _ => StartError::System { url, said },
        }
    }
}

//! Why an exchange failed: what happened and why, in a sentence.

use std::io;
use std::time::Duration;

use chalkwire_shared::close::Reason;

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// How the socket ended, as far as that has a name.
    #[error("{}", .0.sentence())]
    Closed(Reason),
    /// The host has no address.
    #[error("the host could not be resolved: {0}")]
    NotResolved(io::Error),
    /// Nothing came back in time.
    #[error("no reply within {0:?}")]
    TimedOut(Duration),
    /// The other side closed and had said nothing.
    #[error("the connection was closed without a reply")]
    NoReply,
    /// Not a gateway, or one that does not want to.
    #[error("the gateway did not open the WebSocket: {0}")]
    Handshake(String),
    /// The gateway ended the WebSocket.
    #[error("{0}")]
    Gateway(String),
    /// The reply could not be written.
    #[error("the reply could not be written: {0}")]
    Output(io::Error),
    /// Anything else that the system said.
    #[error("{0}")]
    System(io::Error),
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        SendError::Closed(match error.kind() {
            io::ErrorKind::ConnectionRefused => Reason::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Reason::Reset,
            io::ErrorKind::TimedOut => Reason::ConnectTimeout,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Reason::Unreachable
            }
            io::ErrorKind::NotFound => Reason::NoSuchPath,
            // Only a connect to a Unix listener says so to one who may wait.
            io::ErrorKind::WouldBlock => Reason::BacklogFull,
            _ if error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) => {
                Reason::TooLarge
            }
            _ => return SendError::System(error),
        })
    }
}

//! How things end: reasons for a socket, codes for a link, each with a sentence for a learner.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Both sides said that they were done (FIN each way).
    Finished,
    /// The client closed it.
    ClosedByClient,
    /// The target reset the connection (RST).
    Reset,
    /// Nothing listens there (RST to a SYN, ICMP port unreachable, or a stale Unix socket file).
    Refused,
    /// No answer to the connection attempt.
    ConnectTimeout,
    /// No way to the target's host or network.
    Unreachable,
    /// The gateway's policy does not allow the address.
    Blocked,
    /// The gateway has no target of that name.
    UnknownTarget,
    /// The target's name could not be resolved.
    NotResolved,
    /// The Unix socket's path does not exist.
    NoSuchPath,
    /// The queue of a Unix listener is full (EAGAIN).
    BacklogFull,
    /// A datagram larger than the way to the target carries (EMSGSIZE).
    TooLarge,
    /// No byte went either way for as long as the gateway keeps an idle socket.
    Idle,
    /// The client sent more than its credit.
    CreditExceeded,
    /// A cap of the gateway was reached (sockets of a link, or of the gateway).
    Limit,
    /// The request does not fit this socket or this gateway.
    BadRequest,
    /// The client's room does not allow it, or not now.
    ByRoom,
    /// The gateway is being stopped.
    Draining,
    /// The gateway ran into an error of its own or of its system.
    Failed,
}

impl Reason {
    /// Every reason, in the order in which PROTOCOL.md lists them.
    pub const ALL: [Reason; 19] = [
        Reason::Finished,
        Reason::ClosedByClient,
        Reason::Reset,
        Reason::Refused,
        Reason::ConnectTimeout,
        Reason::Unreachable,
        Reason::Blocked,
        Reason::UnknownTarget,
        Reason::NotResolved,
        Reason::NoSuchPath,
        Reason::BacklogFull,
        Reason::TooLarge,
        Reason::Idle,
        Reason::CreditExceeded,
        Reason::Limit,
        Reason::BadRequest,
        Reason::ByRoom,
        Reason::Draining,
        Reason::Failed,
    ];

    /// The reason as it stands on the wire, in metrics and in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Finished => "finished",
            Reason::ClosedByClient => "closed_by_client",
            Reason::Reset => "reset",
            Reason::Refused => "refused",
            Reason::ConnectTimeout => "connect_timeout",
            Reason::Unreachable => "unreachable",
            Reason::Blocked => "blocked",
            Reason::UnknownTarget => "unknown_target",
            Reason::NotResolved => "not_resolved",
            Reason::NoSuchPath => "no_such_path",
            Reason::BacklogFull => "backlog_full",
            Reason::TooLarge => "too_large",
            Reason::Idle => "idle",
            Reason::CreditExceeded => "credit_exceeded",
            Reason::Limit => "limit",
            Reason::BadRequest => "bad_request",
            Reason::ByRoom => "by_room",
            Reason::Draining => "draining",
            Reason::Failed => "failed",
        }
    }

    /// What happened, what it means on the wire, and what to try: for a learner.
    pub fn sentence(self) -> &'static str {
        match self {
            Reason::Finished => "Closed: both sides said that they were done (FIN each way).",
            Reason::ClosedByClient => "Closed by you: the gateway closed its end of the socket.",
            Reason::Reset => {
                "Connection reset: the server's machine sent RST, so what was under way is lost. \
                 The program there ended, or closed without reading all that you sent."
            }
            Reason::Refused => {
                "Connection refused: the machine answered, but nothing listens there (it sent RST, \
                 or ICMP port unreachable for UDP). Is the server running, on that port?"
            }
            Reason::ConnectTimeout => {
                "Timed out: no answer to the connection attempt (SYN), neither yes nor no. A \
                 firewall that drops, a machine that is off, or a full accept queue look like this."
            }
            Reason::Unreachable => {
                "Unreachable: a router or this machine knows no way to that address (ICMP \
                 unreachable). Check the address and the network."
            }
            Reason::Blocked => {
                "Blocked by the gateway's policy: that address may not be reached from here. The \
                 operator decides which targets there are."
            }
            Reason::UnknownTarget => {
                "Unknown target: this gateway has no target of that name. Pick one from the list."
            }
            Reason::NotResolved => {
                "Name not resolved: the gateway's DNS gave no address for the target's host."
            }
            Reason::NoSuchPath => {
                "No such path: the Unix socket's file does not exist, so no server has bound it."
            }
            Reason::BacklogFull => {
                "The listener's queue is full: a Unix socket says so at once (EAGAIN), where TCP \
                 would wait. Try again when the server has accepted someone."
            }
            Reason::TooLarge => {
                "Datagram too large: a datagram goes whole or not at all, and this one does not \
                 fit (EMSGSIZE). Send less at once."
            }
            Reason::Idle => {
                "Closed for silence: no byte went either way for as long as the gateway keeps a \
                 socket open. Connect again when you need it."
            }
            Reason::CreditExceeded => {
                "Closed: more was sent than the gateway had given credit for. A client must wait \
                 for credit."
            }
            Reason::Limit => {
                "Too many sockets: the gateway's cap is reached. Close one, or try again later."
            }
            Reason::BadRequest => "The gateway cannot do what was asked of this socket.",
            Reason::ByRoom => "Your room does not allow that, or not now: the teacher decides.",
            Reason::Draining => {
                "The gateway is being stopped or updated. The page connects again by itself."
            }
            Reason::Failed => {
                "The gateway could not go on with this socket because of an error on its side."
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a link's WebSocket is closed: the close codes of RFC 6455, section 7.4, and our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkClose {
    /// The client is done (1000).
    Normal,
    /// A message or frame that breaks the protocol (1002).
    Protocol,
    /// A text message that is not valid UTF-8 (1007).
    NotUtf8,
    /// Too many messages, or none at all (1008).
    Policy,
    /// A message over the size limit (1009).
    TooBig,
    /// An error of the gateway (1011).
    Internal,
    /// The gateway is being stopped; come back (1012).
    Restart,
    /// The client drops this connection, and comes back for its link (4000).
    Reconnects,
    /// Another connection took this link over (4001).
    TakenOver,
    /// The client does not read; what waits for it is too much (4002).
    Slow,
}

impl LinkClose {
    /// Every code, in the order in which PROTOCOL.md lists them.
    pub const ALL: [LinkClose; 10] = [
        LinkClose::Normal,
        LinkClose::Protocol,
        LinkClose::NotUtf8,
        LinkClose::Policy,
        LinkClose::TooBig,
        LinkClose::Internal,
        LinkClose::Restart,
        LinkClose::Reconnects,
        LinkClose::TakenOver,
        LinkClose::Slow,
    ];

    /// The close code on the wire.
    pub fn code(self) -> u16 {
        match self {
            LinkClose::Normal => 1000,
            LinkClose::Protocol => 1002,
            LinkClose::NotUtf8 => 1007,
            LinkClose::Policy => 1008,
            LinkClose::TooBig => 1009,
            LinkClose::Internal => 1011,
            LinkClose::Restart => 1012,
            LinkClose::Reconnects => 4000,
            LinkClose::TakenOver => 4001,
            LinkClose::Slow => 4002,
        }
    }

    /// The meaning of a close code that a client received.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|close| close.code() == code)
    }

    /// What happened and what to try: for a learner.
    pub fn sentence(self) -> &'static str {
        match self {
            LinkClose::Normal => "The link was closed as it was meant to be.",
            LinkClose::Protocol => {
                "The gateway closed the link: it received a message that is not part of the \
                 protocol. Reload the page, so that both speak the same version."
            }
            LinkClose::NotUtf8 => {
                "The gateway closed the link: a text message was not valid UTF-8. Bytes travel in \
                 data frames."
            }
            LinkClose::Policy => {
                "The gateway closed the link: too many messages in too short a time, or none at \
                 all when one was due."
            }
            LinkClose::TooBig => {
                "The gateway closed the link: a message was larger than it accepts. Send less at \
                 once."
            }
            LinkClose::Internal => "The gateway closed the link because of an error on its side.",
            LinkClose::Restart => {
                "The gateway is being restarted. The page connects again by itself."
            }
            LinkClose::Reconnects => "The connection was dropped for another one.",
            LinkClose::TakenOver => {
                "This link was taken over by a newer connection, in another tab or after a \
                 reconnect."
            }
            LinkClose::Slow => {
                "The gateway closed the connection: this side did not read what was waiting for \
                 it."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_name_and_sentence() {
        for (i, a) in Reason::ALL.iter().enumerate() {
            assert_eq!(
                serde_json::to_string(a).unwrap(),
                format!("\"{}\"", a.as_str())
            );
            for b in &Reason::ALL[i + 1..] {
                assert_ne!(a.as_str(), b.as_str());
                assert_ne!(a.sentence(), b.sentence());
            }
        }
    }

    #[test]
    fn close_codes_come_back_as_they_went() {
        for close in LinkClose::ALL {
            assert_eq!(LinkClose::from_code(close.code()), Some(close));
        }
        assert_eq!(LinkClose::from_code(1006), None);
    }
}

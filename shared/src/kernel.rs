//! A socket as the kernel has it: `sock_diag(7)`, `tcp(7)`.

use serde::{Deserialize, Serialize};

/// Whose socket is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The gateway's end: the client's side of the conversation.
    Gateway,
    /// The built-in server's end.
    Server,
    /// The server's listening socket.
    Listener,
}

/// A socket's state: those of TCP (RFC 9293, section 3.3.2), of which others have a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Connected, both ways open.
    Established,
    /// A SYN is out, no answer yet.
    SynSent,
    /// A SYN came and was answered, the last step of the handshake is missing.
    SynRecv,
    /// Our FIN is out, and not acknowledged yet.
    FinWait1,
    /// Our FIN is acknowledged; the peer may still send.
    FinWait2,
    /// Both are done, and late segments are waited for.
    TimeWait,
    /// Not connected.
    Close,
    /// The peer's FIN came; our program has not closed yet.
    CloseWait,
    /// The peer's FIN came, then ours went out, and is not acknowledged yet.
    LastAck,
    /// Waits for connections.
    Listen,
    /// Both FINs crossed.
    Closing,
}

impl State {
    /// The state as `ss` and the RFC write it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Established => "ESTABLISHED",
            State::SynSent => "SYN-SENT",
            State::SynRecv => "SYN-RECV",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::TimeWait => "TIME-WAIT",
            State::Close => "CLOSED",
            State::CloseWait => "CLOSE-WAIT",
            State::LastAck => "LAST-ACK",
            State::Listen => "LISTEN",
            State::Closing => "CLOSING",
        }
    }
}

/// What the kernel says of one socket at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its state.
    pub state: State,
    /// Bytes received that the program has not read, the peer's FIN among them as one. Of a listener:
    /// connections that wait for `accept`. Not of datagrams: there the kernel tells the memory that they
    /// take, or the bytes of the first alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recv_queue: Option<u32>,
    /// Bytes sent that the peer has not acknowledged, our FIN among them as one. Of a listener: its
    /// backlog. Of TCP alone, and of listeners: elsewhere the kernel tells the memory that they take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_queue: Option<u32>,
    /// The smoothed round-trip time in µs (`tcpi_rtt`), for TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_us: Option<u32>,
    /// Segments sent again so far (`tcpi_total_retrans`), for TCP; of a SYN as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u32>,
}

impl View {
    /// Bytes received that the program has not read. The kernel's queues are differences of sequence
    /// numbers, of which a FIN has one: it is the last there, and no byte.
    pub fn unread_bytes(&self) -> Option<u32> {
        let fin = matches!(
            self.state,
            State::CloseWait | State::LastAck | State::Closing
        );
        Some(self.recv_queue?.saturating_sub(fin.into()))
    }

    /// Bytes sent that the peer has not acknowledged, without our FIN.
    pub fn unacknowledged_bytes(&self) -> Option<u32> {
        let fin = matches!(
            self.state,
            State::FinWait1 | State::Closing | State::LastAck
        );
        Some(self.send_queue?.saturating_sub(fin.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fin_is_in_the_queues_and_is_no_byte() {
        let bytes = |state, recv_queue, send_queue| {
            let view = View {
                state,
                recv_queue: Some(recv_queue),
                send_queue: Some(send_queue),
                rtt_us: None,
                retransmits: None,
            };
            (
                view.unread_bytes().unwrap(),
                view.unacknowledged_bytes().unwrap(),
            )
        };
        assert_eq!(bytes(State::Established, 1, 7), (1, 7));
        assert_eq!(bytes(State::FinWait1, 0, 1), (0, 0));
        assert_eq!(bytes(State::CloseWait, 1, 0), (0, 0));
        assert_eq!(bytes(State::CloseWait, 8, 3), (7, 3));
        // It was read.
        assert_eq!(bytes(State::LastAck, 0, 1), (0, 0));
    }
}

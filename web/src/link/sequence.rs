//! The order of what the gateway says: each message once, none left out, and acknowledged.

use chalkwire_shared::message::ClientMessage;

use super::{Do, Heard, Link};

/// An `ack` is due after so many messages,
const ACK_MESSAGES: u32 = 32;
/// or after so many bytes, whichever is first.
const ACK_BYTES: usize = 65_536;

/// What a message is by its number.
pub(super) enum Numbered {
    /// The next one.
    New,
    /// It came before.
    Known,
    /// One before it is missing: what the page hears of the drop.
    Missed(Option<Heard>),
}

impl Link {
    pub(super) fn acknowledge(&mut self, out: &mut Vec<Do>) {
        self.unacked_messages = 0;
        self.unacked_bytes = 0;
        out.push(Do::Text(ClientMessage::Ack { seen: self.seen }.encode()));
    }

    /// What the message of this number is; one with a gap before it drops the connection, so that all
    /// after the last one comes again.
    pub(super) fn take(
        &mut self,
        seq: u64,
        size: usize,
        now_ms: f64,
        random: f64,
        out: &mut Vec<Do>,
    ) -> Numbered {
        if seq <= self.seen {
            return Numbered::Known;
        }
        if seq > self.seen + 1 || !self.is_up() {
            out.push(Do::Drop);
            return Numbered::Missed(self.dropped(1006, now_ms, random, out));
        }
        self.seen = seq;
        self.unacked_messages += 1;
        self.unacked_bytes += size;
        if self.unacked_messages >= ACK_MESSAGES || self.unacked_bytes >= ACK_BYTES {
            self.acknowledge(out);
        }
        Numbered::New
    }
}

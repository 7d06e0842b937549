//! What a screen reader hears of the log: a summary now and then, never the whole log.

use chalkwire_shared::close::Reason;

use crate::bytes::escape;
use crate::model::{Class, Entry, What, bytes_text};
use crate::words;

/// The most of a payload that is read out, in bytes.
const READ_BYTES: usize = 80;

/// What has happened since the last summary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct News {
    sent: u32,
    received: u32,
    other: u32,
    /// What came back last; what follows it says less.
    reply: String,
    last: String,
    /// Whether that is an error.
    failed: bool,
}

impl News {
    /// One more entry; whether it is the first since the last summary.
    pub fn add(&mut self, entry: &Entry) -> bool {
        let first = self.sent + self.received + self.other == 0;
        match &entry.what {
            What::Sent { .. } => self.sent += 1,
            What::Received { bytes, .. } => {
                self.received += 1;
                let head = &bytes[..bytes.len().min(READ_BYTES)];
                let text = String::from_utf8_lossy(head);
                let text = match text.trim_end() {
                    text if text.chars().any(char::is_control) => escape(head),
                    text => text.to_owned(),
                };
                let size = bytes_text(bytes.len());
                self.reply = format!("Received {size} from {}: {text}", entry.target);
            }
            // The answer says more than that the question is under way.
            What::Connecting
            | What::Connected { .. }
            | What::Server { .. }
            | What::Kernel { .. } => return false,
            // That is how it ends once the reply is there.
            What::Closed {
                reason: Reason::Finished | Reason::ClosedByClient,
                ..
            } if self.received > 0 => return false,
            _ => {
                self.other += 1;
                self.failed = entry.class() == Class::Error;
                let sentence = words::sentence(entry);
                self.last = match entry.target.is_empty() {
                    true => sentence.into_owned(),
                    false => format!("{}: {sentence}", entry.target),
                };
            }
        }
        first
    }

    /// The summary, which begins anew.
    pub fn tell(&mut self) -> String {
        let News {
            sent,
            received,
            other,
            reply,
            last,
            failed,
        } = std::mem::take(self);
        if received == 1 {
            return match failed {
                true => format!("{reply}. {last}"),
                false => reply,
            };
        }
        if received == 0 && (failed || other <= 2) && !last.is_empty() {
            return last;
        }
        let mut parts = Vec::new();
        for (count, word) in [(sent, "sent"), (received, "received"), (other, "other")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn entry(what: What) -> Entry {
        Entry {
            no: 1,
            at_ms: 1.0,
            socket: None,
            target: "line".to_owned(),
            kind: None,
            what,
        }
    }

    fn received(text: &'static str) -> Entry {
        entry(What::Received {
            bytes: Bytes::from_static(text.as_bytes()),
            datagram: false,
            truncated: false,
            clock_us: 1,
        })
    }

    #[test]
    fn one_reply_is_read_out_and_many_are_counted() {
        let mut news = News::default();
        assert!(news.add(&received("[x]hello\r\n")));
        assert_eq!(news.tell(), "Received 10 bytes from line: [x]hello");
        for _ in 0..3 {
            news.add(&received("y"));
        }
        news.add(&entry(What::Eof { clock_us: 1 }));
        assert_eq!(news.tell(), "3 received, 1 other");
        assert_eq!(news.tell(), "");
    }

    #[test]
    fn a_reply_is_read_out_whatever_comes_with_it() {
        let mut news = News::default();
        let closed = |reason| {
            entry(What::Closed {
                reason,
                detail: String::new(),
                clock_us: 1,
            })
        };
        news.add(&entry(What::Notice("Faults".to_owned())));
        assert!(!news.add(&received("x")));
        news.add(&entry(What::Eof { clock_us: 1 }));
        news.add(&closed(Reason::ClosedByClient));
        assert_eq!(news.tell(), "Received 1 byte from line: x");
        news.add(&received("x"));
        news.add(&closed(Reason::Reset));
        let told = news.tell();
        assert!(
            told.starts_with("Received 1 byte from line: x. line: "),
            "{told}"
        );
        // Without a reply its end is news, and an error whatever else there is.
        for _ in 0..3 {
            news.add(&entry(What::Notice("Faults".to_owned())));
        }
        news.add(&closed(Reason::Refused));
        assert!(news.tell().starts_with("line: "));
        assert!(news.add(&closed(Reason::Finished)));
        assert!(news.tell().starts_with("line: "));
    }
}

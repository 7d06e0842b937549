//! Messages that only a newer gateway knows: what can be said of them all the same.

use serde::Deserialize;

use super::sequence::Numbered;
use super::{Do, Heard, Link};

/// What every message has, whatever its kind.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Foreign {
    /// Its `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its place in the gateway's sequence, if it has one.
    pub seq: Option<u64>,
}

/// Reads a message of an unknown kind; `None` when the text is no message at all.
pub fn read(text: &str) -> Option<Foreign> {
    let mut foreign: Foreign = serde_json::from_str(text).ok()?;
    foreign.kind = foreign.kind.chars().take(40).collect();
    Some(foreign)
}

impl Link {
    /// A text that is no message of this version: perhaps one of a newer gateway.
    pub(super) fn foreign(
        &mut self,
        text: &str,
        now_ms: f64,
        random: f64,
        out: &mut Vec<Do>,
    ) -> Option<Heard> {
        let Some(foreign) = read(text) else {
            return Some(Heard::Strange(
                "The gateway sent a text that is no message of this protocol. It was left out; if \
                 this goes on, reload the page, so that both speak the same version."
                    .to_owned(),
            ));
        };
        if let Some(seq) = foreign.seq {
            match self.take(seq, text.len(), now_ms, random, out) {
                Numbered::New => {}
                Numbered::Known => return None,
                Numbered::Missed(lost) => return lost,
            }
        }
        if self.strange.contains(&foreign.kind) || self.strange.len() >= 16 {
            return None;
        }
        let sentence = format!(
            "The gateway sent a message of the kind “{}”, which this page does not know: the \
             gateway is newer. Reload the page to get the one that fits.",
            foreign.kind
        );
        self.strange.push(foreign.kind);
        Some(Heard::Strange(sentence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_message_is_told_from_garbage() {
        let newer = read(r#"{"type":"weather","seq":3,"sky":"blue"}"#).unwrap();
        assert_eq!((newer.kind.as_str(), newer.seq), ("weather", Some(3)));
        assert_eq!(read(r#"{"type":"weather"}"#).unwrap().seq, None);
        for garbage in ["", "hello", "[]", "{}", r#"{"type":7}"#] {
            assert_eq!(read(garbage), None, "{garbage}");
        }
    }
}

//! Messages that only a newer gateway knows: what can be said of them all the same.

use serde::Deserialize;

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

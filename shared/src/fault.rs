//! Faults: wrongs done on purpose to a socket's traffic, as they are asked for and as they are reported.
//!
//! A fault has two spellings of the same names: JSON in a link's messages,
//! `{"kind":"latency","direction":"to_target","ms":200,"jitter_ms":50}`, and a text for URLs and the
//! configuration, `latency,direction=to_target,ms=200,jitter_ms=50`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// Faults that a socket may have at once.
pub const MAX_FAULTS: usize = 8;

/// The longest time that a fault may hold something back, in ms.
pub const MAX_MS: u32 = 60_000;

/// Which way the traffic goes that a fault is done to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client to the target.
    ToTarget,
    /// From the target to the client.
    FromTarget,
    /// Each way, by itself.
    #[default]
    Both,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Everything comes later, in order.
    Latency {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// By so many ms,
        ms: u32,
        /// give or take so many, by chance.
        #[serde(default)]
        jitter_ms: u32,
    },
    /// Streams: so many bytes a second.
    Bandwidth {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes a second.
        bytes_per_s: u32,
    },
    /// Streams: writes are cut into smaller ones.
    Slice {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes of a part,
        bytes: u32,
        /// give or take so many, by chance.
        #[serde(default)]
        vary_bytes: u32,
        /// A pause between two parts, in ms.
        #[serde(default)]
        gap_ms: u32,
    },
    /// Streams: after so many bytes the connection is closed.
    Limit {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass.
        bytes: u32,
    },
    /// Streams: the end (FIN) is passed on late.
    SlowClose {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// By so many ms.
        ms: u32,
    },
    /// Streams: the connection is reset (RST) after so many bytes.
    Reset {
        /// Which way the bytes are counted.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass before it.
        #[serde(default)]
        after_bytes: u32,
    },
    /// Nothing passes any more after so many bytes, and nobody is told.
    BlackHole {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass before it.
        #[serde(default)]
        after_bytes: u32,
    },
    /// The connection is refused, without asking the target.
    Refuse,
    /// Datagrams are lost.
    Loss {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// Datagrams come twice.
    Duplicate {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// Datagrams are overtaken by the next one.
    Reorder {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// One bit of a datagram is flipped.
    Corrupt {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// How likely, 0 to 100.
        percent: u8,
    },
    /// Datagrams lose what is beyond so many bytes.
    Truncate {
        /// Which way.
        #[serde(default)]
        direction: Direction,
        /// Bytes that pass.
        bytes: u32,
    },
}

/// Why something is no fault: a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FaultError(String);

/// A fault as a client asks for it, not looked at yet.
///
/// The list of kinds is open: a gateway answers one that it does not know with the close reason
/// `bad_request`, so that a newer page learns it from the one socket and not from a lost link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Asked(Value);

impl From<Fault> for Asked {
    fn from(fault: Fault) -> Self {
        // Maps with text keys and numbers: nothing that serde_json refuses.
        Asked(serde_json::to_value(fault).unwrap_or_default())
    }
}

impl Asked {
    /// The fault that is asked for.
    ///
    /// # Errors
    /// [`FaultError`] says what is unknown or out of range.
    pub fn read(&self) -> Result<Fault, FaultError> {
        let kind = self
            .0
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !KINDS.contains(&kind) {
            let kind = kind.escape_debug();
            let kinds = KINDS.join(", ");
            return Err(FaultError(format!(
                "This gateway has no fault named '{kind}'. It has: {kinds}."
            )));
        }
        let fault: Fault = serde_json::from_value(self.0.clone())
            .map_err(|error| FaultError(format!("The fault {kind} is not right: {error}.")))?;
        fault.check()?;
        Ok(fault)
    }
}

/// Every kind of fault, in the order of [`Fault`].
pub const KINDS: [&str; 13] = [
    "latency",
    "bandwidth",
    "slice",
    "limit",
    "slow_close",
    "reset",
    "black_hole",
    "refuse",
    "loss",
    "duplicate",
    "reorder",
    "corrupt",
    "truncate",
];

impl Fault {
    /// Reads the text form: the kind, then `key=value`, all parted by commas.
    ///
    /// # Errors
    /// [`FaultError`] says what is unknown, missing or out of range.
    pub fn from_text(text: &str) -> Result<Self, FaultError> {
        let mut parts = text.split(',');
        let mut object = Map::new();
        let kind = parts.next().unwrap_or_default().trim();
        object.insert("kind".to_owned(), Value::String(kind.to_owned()));
        for part in parts {
            let Some((key, value)) = part.split_once('=') else {
                let part = part.escape_debug();
                return Err(FaultError(format!(
                    "In a fault, '{part}' is no key=value, such as ms=200."
                )));
            };
            let value = value.trim();
            let value = match value.parse::<u32>() {
                Ok(number) => Value::Number(Number::from(number)),
                Err(_) => Value::String(value.to_owned()),
            };
            object.insert(key.trim().to_owned(), value);
        }
        Asked(Value::Object(object)).read()
    }

    /// The text form; what has its default value is left out.
    pub fn to_text(self) -> String {
        let Asked(Value::Object(object)) = Asked::from(self) else {
            return String::new();
        };
        let mut text = self.kind().to_owned();
        for (key, value) in object {
            let value = match value {
                Value::String(text) if text != "both" => text,
                Value::Number(number) if number.as_u64() != Some(0) || key == "percent" => {
                    number.to_string()
                }
                _ => continue,
            };
            if key != "kind" {
                text += &format!(",{key}={value}");
            }
        }
        text
    }

    /// The name of its kind.
    pub fn kind(self) -> &'static str {
        KINDS[match self {
            Fault::Latency { .. } => 0,
            Fault::Bandwidth { .. } => 1,
            Fault::Slice { .. } => 2,
            Fault::Limit { .. } => 3,
            Fault::SlowClose { .. } => 4,
            Fault::Reset { .. } => 5,
            Fault::BlackHole { .. } => 6,
            Fault::Refuse => 7,
            Fault::Loss { .. } => 8,
            Fault::Duplicate { .. } => 9,
            Fault::Reorder { .. } => 10,
            Fault::Corrupt { .. } => 11,
            Fault::Truncate { .. } => 12,
        }]
    }

    /// Whether it can be done to this sort of socket: a stream, or datagrams.
    pub fn fits(self, datagram: bool) -> bool {
        match self {
            Fault::Latency { .. } | Fault::BlackHole { .. } | Fault::Refuse => true,
            Fault::Bandwidth { .. }
            | Fault::Slice { .. }
            | Fault::Limit { .. }
            | Fault::SlowClose { .. }
            | Fault::Reset { .. } => !datagram,
            Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Reorder { .. }
            | Fault::Corrupt { .. }
            | Fault::Truncate { .. } => datagram,
        }
    }

    fn check(self) -> Result<(), FaultError> {
        let kind = self.kind();
        let wrong = |what: &str| {
            Err(FaultError(format!(
                "The fault {kind} is not right: {what}."
            )))
        };
        match self {
            Fault::Latency { ms, jitter_ms, .. } if ms > MAX_MS || jitter_ms > MAX_MS => {
                wrong("ms and jitter_ms go up to 60000")
            }
            Fault::Slice { gap_ms: ms, .. } | Fault::SlowClose { ms, .. } if ms > MAX_MS => {
                wrong("its time goes up to 60000 ms")
            }
            Fault::Bandwidth { bytes_per_s: 0, .. } => wrong("bytes_per_s must be at least 1"),
            Fault::Slice { bytes: 0, .. } => wrong("bytes must be at least 1"),
            Fault::Loss { percent, .. }
            | Fault::Duplicate { percent, .. }
            | Fault::Reorder { percent, .. }
            | Fault::Corrupt { percent, .. }
                if percent > 100 =>
            {
                wrong("percent goes from 0 to 100")
            }
            _ => Ok(()),
        }
    }
}

/// What a fault did, made on purpose and said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultDid {
    /// Bytes went on after the faults: for the target they were handed to the kernel now.
    Passed {
        /// How many.
        bytes: u32,
        /// How long they were held back on purpose, in µs.
        held_us: u64,
    },
    /// A write was cut here, after so many bytes of its own.
    Cut {
        /// Bytes of the part that ends at the cut.
        bytes: u32,
    },
    /// A datagram was lost, or bytes fell into the black hole.
    Dropped {
        /// How many bytes.
        bytes: u32,
    },
    /// A datagram was passed on a second time.
    Duplicated {
        /// How many bytes.
        bytes: u32,
    },
    /// A datagram waits until the next one has overtaken it.
    Reordered {
        /// How many bytes.
        bytes: u32,
    },
    /// A bit of a datagram was flipped.
    Corrupted {
        /// How many bytes the datagram has.
        bytes: u32,
        /// In which byte the bit is, counted from 0.
        at: u32,
    },
    /// A datagram's tail was cut off.
    Truncated {
        /// Bytes that are left.
        bytes: u32,
        /// Bytes that there were.
        of: u32,
    },
    /// The end (FIN) was held back and passed on now.
    ClosedLate {
        /// How long, in µs.
        held_us: u64,
    },
    /// The limit was reached and the connection closed.
    Limited,
    /// The connection was reset.
    Reset,
    /// The connection was refused.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_the_same_in_json_and_as_a_text() {
        let latency = Fault::Latency {
            direction: Direction::ToTarget,
            ms: 200,
            jitter_ms: 50,
        };
        let text = latency.to_text();
        assert_eq!(text, "latency,direction=to_target,jitter_ms=50,ms=200");
        assert_eq!(Fault::from_text(&text), Ok(latency));
        assert_eq!(Asked::from(latency).read(), Ok(latency));
        assert_eq!(Fault::from_text("refuse"), Ok(Fault::Refuse));
        let never = Fault::Loss {
            direction: Direction::Both,
            percent: 0,
        };
        assert_eq!(never.to_text(), "loss,percent=0");
        assert_eq!(Fault::from_text("loss,percent=0"), Ok(never));
    }

    #[test]
    fn what_is_no_fault_is_told_in_a_sentence() {
        let told = |text| Fault::from_text(text).unwrap_err().to_string();
        assert!(
            told("flood").starts_with("This gateway has no fault named 'flood'. It has: latency")
        );
        assert!(told("latency").contains("missing field `ms`"));
        assert!(told("latency,ms=1,colour=red").contains("unknown field `colour`"));
        assert!(told("loss,percent=101").contains("percent goes from 0 to 100"));
        assert!(told("latency,200").contains("is no key=value"));
        assert!(told("slice,bytes=0").contains("at least 1"));
    }
}

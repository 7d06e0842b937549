//! Reading faults: from JSON, from a text, and whether a list of them makes sense.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{Direction, Fault, KINDS, MAX_FAULTS, MAX_MS};

/// What may be left out of a fault, and is 0 then.
const OPTIONAL: [&str; 4] = ["jitter_ms", "vary_bytes", "gap_ms", "after_bytes"];

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
            if object.insert(key.trim().to_owned(), value).is_some() {
                let key = key.trim().escape_debug();
                return Err(FaultError(format!(
                    "In a fault, '{key}' is there twice: which is meant?"
                )));
            }
        }
        Asked(Value::Object(object)).read()
    }

    /// Reads a seed: a whole number of 32 bits.
    ///
    /// # Errors
    /// [`FaultError`] says that it is none.
    pub fn seed_from_text(text: &str) -> Result<u32, FaultError> {
        text.trim().parse().map_err(|_| {
            let text = text.escape_debug();
            FaultError(format!(
                "'{text}' is no seed: a whole number from 0 to 4294967295, such as 7."
            ))
        })
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
                Value::Number(number)
                    if number.as_u64() != Some(0) || !OPTIONAL.contains(&key.as_str()) =>
                {
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

    /// Whether its numbers are in range.
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

/// Whether these faults, in this order, can be done to a socket: a stream, or datagrams.
///
/// # Errors
/// [`FaultError`] says what does not fit, and what to use instead.
pub fn check_list(faults: &[Fault], datagram: bool) -> Result<(), FaultError> {
    if faults.len() > MAX_FAULTS {
        return Err(FaultError(format!(
            "{} faults are too many: a socket has {MAX_FAULTS} at the most.",
            faults.len()
        )));
    }
    if let Some(fault) = faults.iter().find(|fault| !fault.fits(datagram)) {
        let kind = fault.kind();
        return Err(FaultError(match datagram {
            false => format!(
                "There is no fault {kind} for a stream. TCP hides loss, copies and disorder: it \
                 numbers its bytes and sends them again, so that they only come later. Use latency \
                 or reset instead, or a UDP target."
            ),
            true => format!(
                "There is no fault {kind} for datagrams: each goes whole or not at all, and there \
                 is no connection to end. Use latency, loss or truncate instead, or a TCP target."
            ),
        }));
    }
    // Each doubles what the one before has doubled: a few of them would be an amplifier.
    let doubles = |way: Direction| {
        let on_way = |fault: &&Fault| [way, Direction::Both].contains(&fault.direction());
        faults
            .iter()
            .filter(|fault| matches!(fault, Fault::Duplicate { .. }))
            .filter(on_way)
            .count()
    };
    if doubles(Direction::ToTarget) > 1 || doubles(Direction::FromTarget) > 1 {
        return Err(FaultError(
            "The fault duplicate can be done once in each direction, not more.".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts that nearly are faults.
    fn text() -> impl Strategy<Value = String> {
        let kind = prop_oneof![9 => proptest::sample::select(&KINDS[..]), 1 => Just("")];
        let key = "ms|jitter_ms|bytes|bytes_per_s|after_bytes|percent|direction|kind|.{0,4}";
        let value = "[0-9]{0,3}|429496729[56]|-1|both|to_target|.{0,4}";
        let field = (key, value).prop_map(|(key, value)| format!(",{key}={value}"));
        let fields = proptest::collection::vec(field, 0..4);
        (kind, fields, ".{0,2}")
            .prop_map(|(kind, fields, rest)| kind.to_owned() + &fields.concat() + &rest)
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reading_panic_and_what_is_read_is_written_so(text in text()) {
            if let Ok(fault) = Fault::from_text(&text) {
                prop_assert_eq!(Fault::from_text(&fault.to_text()), Ok(fault));
                prop_assert_eq!(Asked::from(fault).read(), Ok(fault));
            }
            let _ = Fault::seed_from_text(&text);
        }

        #[test]
        fn nor_does_any_text_at_all(text in ".{0,80}") {
            let _ = (Fault::from_text(&text), Fault::seed_from_text(&text));
        }
    }

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
    fn a_zero_that_must_be_said_is_said_and_no_other() {
        for (text, written) in [
            ("latency,ms=0,jitter_ms=0", "latency,ms=0"),
            ("slow_close,ms=0", "slow_close,ms=0"),
            ("limit,bytes=0", "limit,bytes=0"),
            ("truncate,bytes=0", "truncate,bytes=0"),
            ("corrupt,percent=0", "corrupt,percent=0"),
            ("reset,after_bytes=0", "reset"),
            ("black_hole,after_bytes=0", "black_hole"),
            ("slice,bytes=1,vary_bytes=0,gap_ms=0", "slice,bytes=1"),
        ] {
            let fault = Fault::from_text(text).unwrap();
            assert_eq!(fault.to_text(), written);
            assert_eq!(Fault::from_text(written), Ok(fault));
        }
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
        assert!(told("latency,ms=1,ms=2").contains("'ms' is there twice"));
        assert!(told("latency,kind=refuse").contains("'kind' is there twice"));
        assert!(told("slice,bytes=0").contains("at least 1"));
        assert_eq!(Fault::seed_from_text("7"), Ok(7));
        let seed = Fault::seed_from_text("-1").unwrap_err().to_string();
        assert!(seed.contains("'-1' is no seed"));
    }

    #[test]
    fn a_list_must_fit_its_socket_and_the_sentence_says_what_to_use() {
        let read = |texts: &[&str]| -> Vec<Fault> {
            let fault = |text: &&str| Fault::from_text(text).unwrap();
            texts.iter().map(fault).collect()
        };
        let told = |texts: &[&str], datagram| {
            let told = check_list(&read(texts), datagram);
            told.err().map(|error| error.to_string())
        };
        assert_eq!(
            told(&["latency,ms=1", "refuse", "limit,bytes=1"], false),
            None
        );
        assert_eq!(told(&["latency,ms=1", "loss,percent=1"], true), None);
        let loss = told(&["loss,percent=1"], false).unwrap();
        assert!(
            loss.contains("TCP hides loss") && loss.contains("latency or reset"),
            "{loss}"
        );
        let slice = told(&["slice,bytes=1"], true).unwrap();
        assert!(slice.contains("no fault slice for datagrams"), "{slice}");
        assert!(told(&["refuse"; 9], false).unwrap().contains("too many"));
        let each_way = [
            "duplicate,direction=to_target,percent=1",
            "duplicate,direction=from_target,percent=1",
        ];
        assert_eq!(told(&each_way, true), None);
        assert!(told(&["duplicate,percent=1", each_way[0]], true).is_some());
    }
}

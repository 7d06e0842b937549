//! Durations as people write them, on the command line and in the configuration: `5s`, `50ms`, `1m`.

use std::time::Duration;

/// The longest duration that is taken: a day.
const LONGEST: Duration = Duration::from_secs(86_400);

const UNITS: [(&str, u64); 5] = [
    // The longer ones first: "50ms" ends in "s", too.
    ("ms", 1_000),
    ("us", 1),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
];

/// Reads a whole number with its unit (us, ms, s, m or h).
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let Some((number, unit_us)) = UNITS
        .iter()
        .find_map(|(unit, us)| Some((text.strip_suffix(unit)?, *us)))
    else {
        return Err(
            if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
                format!("it needs a unit: {text}s, {text}ms or {text}m")
            } else {
                "write it as a number and a unit, such as 5s, 50ms or 1m".to_owned()
            },
        );
    };
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err("write it as a whole number and a unit, such as 5s, 50ms or 1m".to_owned());
    }
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit_us))
        .map(Duration::from_micros)
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| "it is longer than a day (24h)".to_owned())
}

/// The same, where no time at all makes no sense.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    match parse(text)? {
        Duration::ZERO => Err("it must be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

/// For serde's `deserialize_with`.
pub(crate) fn deserialize<'de, D>(from: D) -> Result<Duration, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let text = <String as serde::Deserialize>::deserialize(from)?;
    parse(&text).map_err(|why| serde::de::Error::custom(format!("'{text}' is no duration: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, us) in [
            ("0ms", 0),
            ("7us", 7),
            ("50ms", 50_000),
            ("5s", 5_000_000),
            ("1m", 60_000_000),
            ("24h", 86_400_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_micros(us)), "{text}");
        }
    }

    #[test]
    fn a_bad_duration_is_told_what_is_wrong_with_it() {
        for (text, part) in [
            ("5", "needs a unit: 5s"),
            ("", "number and a unit"),
            ("s", "whole number"),
            ("1.5s", "whole number"),
            ("-1s", "whole number"),
            ("+1s", "whole number"),
            ("1 s", "whole number"),
            ("5 parsecs", "whole number"),
            ("25h", "longer than a day"),
            ("99999999999999999999s", "longer than a day"),
            ("9999999999999999h", "longer than a day"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(parse_positive("0s").is_err());
    }
}

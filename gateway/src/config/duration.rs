//! Durations as people write them: `50ms`, `5s`, `2m`, `1h`.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no duration: write a whole number and ms, s, m or h, such as 50ms or 5s")]
pub struct DurationError(String);

/// Reads a duration.
///
/// # Errors
/// [`DurationError`] where there is no whole number, no known unit, or too much of it.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError(text.to_owned());
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| error())?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(error()),
    };
    // A year is more than anybody waits, and far from where adding it to a clock overflows.
    let total = number
        .checked_mul(milliseconds)
        .filter(|ms| *ms <= 31_536_000_000);
    total.map(Duration::from_millis).ok_or_else(error)
}

/// For serde's `deserialize_with`.
pub(super) fn deserialize<'de, D>(from: D) -> Result<Duration, D::Error>
where
    D: serde::Deserializer<'de>,
{
    let text = <String as serde::Deserialize>::deserialize(from)?;
    parse(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, ms) in [
            ("0ms", 0),
            ("50ms", 50),
            ("5s", 5_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)));
        }
    }

    #[test]
    fn a_bad_duration_is_named() {
        for bad in [
            "",
            "5",
            "s",
            "-5s",
            "5 s",
            "1.5s",
            "5d",
            "99999999999999999999s",
            "9999999h",
        ] {
            assert!(
                parse(bad)
                    .unwrap_err()
                    .to_string()
                    .contains(&format!("'{bad}'"))
            );
        }
    }
}

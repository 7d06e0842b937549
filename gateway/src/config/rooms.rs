//! Rooms: whether there are any, how many, and for how long.

use std::time::Duration;

use chalkwire_shared::room::MAX_MEMBERS;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::duration;

/// What the gateway does for classes. The file's section `[rooms]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rooms {
    /// Whether there are any.
    pub enabled: bool,
    /// Rooms at once.
    pub rooms: usize,
    /// Students of one room at the most, those who are away included.
    pub members: usize,
    /// A room that nobody is in ends after this time, and its transcript with it.
    #[serde(deserialize_with = "days")]
    pub idle: Duration,
    /// A member without a connection is shown as away after this time.
    #[serde(deserialize_with = "duration::deserialize")]
    pub presence: Duration,
    /// The text of one room's events that is kept; the oldest go first.
    pub log_bytes: u64,
}

/// A duration that may be as long as a school year: days are a unit here.
fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    match days {
        Some(days @ 1..=366) => Ok(Duration::from_secs(86_400 * days)),
        Some(_) => Err(Error::custom(format!("'{text}' is not from 1d to 366d"))),
        None => duration::parse_positive(&text)
            .map_err(|why| Error::custom(format!("'{text}' is no duration: {why}, or 30d"))),
    }
}

impl Default for Rooms {
    fn default() -> Self {
        Rooms {
            enabled: true,
            rooms: 256,
            members: MAX_MEMBERS,
            idle: Duration::from_secs(86_400),
            presence: Duration::from_secs(10),
            log_bytes: 64 << 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_kept_for_hours_or_days() {
        let idle = |text: &str| {
            let rooms = toml::from_str::<Rooms>(&format!("idle = \"{text}\""));
            rooms.map(|rooms| rooms.idle.as_secs())
        };
        assert_eq!(idle("24h").unwrap(), 86_400);
        assert_eq!(idle("30d").unwrap(), 30 * 86_400);
        for wrong in ["0s", "0d", "367d", "d", "1.5d", "30"] {
            assert!(idle(wrong).is_err(), "{wrong}");
        }
    }
}

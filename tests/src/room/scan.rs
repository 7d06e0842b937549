//! Reading a room's events without reading all of them: hundreds of members share two cores with the
//! gateway that is measured.

/// An event, as far as a member's count needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glimpse {
    /// Its epoch.
    pub epoch: u32,
    /// Its place.
    pub offset: u64,
    /// The place before it.
    pub prev: u64,
    /// When it happened, in µs since 1970.
    pub time_us: u64,
}

/// The events of a `room_events` message; `None` where it is another one.
pub fn events(text: &str) -> Option<impl Iterator<Item = Glimpse>> {
    // Inside of a text there would be backslashes before the quotes.
    let starts = text.match_indices(r#"{"epoch":"#);
    text.starts_with(r#"{"type":"room_events""#)
        .then(|| starts.filter_map(|(at, _)| glimpse(&text[at..])))
}

/// The number of a sequenced message.
pub fn seq(text: &str) -> Option<u64> {
    let at = text.find(r#","seq":"#)?;
    number(&text[at + 7..]).map(|(seq, _)| seq)
}

fn glimpse(text: &str) -> Option<Glimpse> {
    let mut rest = text;
    let mut next = |key: &str| {
        let (value, after) = number(rest.strip_prefix(key)?)?;
        rest = after;
        Some(value)
    };
    Some(Glimpse {
        epoch: u32::try_from(next(r#"{"epoch":"#)?).ok()?,
        offset: next(r#","offset":"#)?,
        prev: next(r#","prev":"#)?,
        time_us: next(r#","time_us":"#)?,
    })
}

fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_at_a_glance_is_what_is_there() {
        let text = r#"{"type":"room_events","saved":3,"events":[{"epoch":1,"offset":2,"prev":1,"time_us":7,"by":1,"what":{"renamed":{"title":"{\"epoch\":9,"}}},{"epoch":1,"offset":3,"prev":2,"time_us":8,"by":0,"what":"ended"}]}"#;
        let seen: Vec<(u64, u64, u64)> = events(text)
            .unwrap()
            .map(|it| (it.offset, it.prev, it.time_us))
            .collect();
        assert_eq!(seen, [(2, 1, 7), (3, 2, 8)]);
        assert!(events(r#"{"type":"room_done","seq":4,"no":1}"#).is_none());
        assert_eq!(seq(r#"{"type":"room_done","seq":4,"no":1}"#), Some(4));
        assert_eq!(seq(r#"{"type":"room_lagging","behind":1}"#), None);
    }
}

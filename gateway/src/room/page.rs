//! A page: some events of a room as one text, which all members get as it is.

use std::sync::OnceLock;

use bytes::Bytes;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::room::{Happened, MAX_PAGE_BYTES, Member, MemberId, RoomEvent, State};

/// What stands around the events of a page, in bytes at the most.
pub(super) const AROUND_BYTES: usize = 512;

/// The most text of events in one page, the commas between them included.
pub(super) const EVENTS_BYTES: usize = MAX_PAGE_BYTES - AROUND_BYTES;

/// How far a room is saved, as its members are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// The last offset that is saved.
    pub(super) saved: u64,
    /// Why nothing is saved at present.
    pub(super) unsaved: Option<&'static str>,
}

/// Events in a row, as one text.
#[derive(Debug)]
pub(super) struct Page {
    /// The offset before its first event.
    pub(super) prev: u64,
    /// The offset of its last event.
    pub(super) last: u64,
    /// How many events it has.
    pub(super) count: u32,
    /// What it says of how far the room is saved.
    pub(super) kept: Kept,
    text: Bytes,
    /// There are names in it.
    named: bool,
    /// The same without names, made when somebody needs it.
    veiled: OnceLock<Bytes>,
}

impl Page {
    /// The text for somebody who has all up to `seen`; without names where `veil` says so.
    pub(super) fn text(&self, seen: u64, veil: bool) -> Bytes {
        let veil = veil && self.named;
        match (seen <= self.prev, veil) {
            (true, false) => self.text.clone(),
            (true, true) => self.veiled.get_or_init(|| self.written(0, true)).clone(),
            (false, _) => self.written(seen, veil),
        }
    }

    /// Whether there are names in it.
    pub(super) fn has_names(&self) -> bool {
        self.named
    }

    /// What it costs to keep.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.len()
    }

    /// Its events, read again.
    pub(super) fn events(&self) -> Vec<RoomEvent> {
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        match GatewayMessage::decode(text) {
            Ok(GatewayMessage::RoomEvents { events, .. }) => events,
            // It was written here.
            _ => Vec::new(),
        }
    }

    /// The same page with a member called otherwise in the event of its coming.
    pub(super) fn renamed(&self, member: MemberId, name: &str) -> Self {
        let mut building = Building::after(self.prev);
        for mut event in self.events() {
            rename(&mut event, member, name);
            building.push(&event, &text_of(&event));
        }
        building.page(&self.kept)
    }

    fn written(&self, seen: u64, veil: bool) -> Bytes {
        let mut events = self.events();
        events.retain(|event| event.offset > seen);
        if veil {
            events.iter_mut().for_each(veil_event);
        }
        let message = GatewayMessage::RoomEvents {
            saved: self.kept.saved,
            unsaved: self.kept.unsaved.map(str::to_owned),
            events,
        };
        message.encode().into()
    }
}

/// A page that grows.
#[derive(Debug)]
pub(super) struct Building {
    prev: u64,
    last: u64,
    count: u32,
    named: bool,
    texts: String,
}

impl Building {
    /// An empty page, to begin after an offset.
    pub(super) fn after(prev: u64) -> Self {
        Building {
            prev,
            last: prev,
            count: 0,
            named: false,
            texts: String::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether so much text fits as well.
    pub(super) fn has_room(&self, text: &str) -> bool {
        self.is_empty() || self.texts.len() + 1 + text.len() <= EVENTS_BYTES
    }

    /// Takes the next event, with its text.
    pub(super) fn push(&mut self, event: &RoomEvent, text: &str) {
        self.named |= matches!(event.what, Happened::Joined { .. });
        self.push_text(event.offset, text);
    }

    /// The same of an event whose names are seen to.
    pub(super) fn push_text(&mut self, offset: u64, text: &str) {
        if !self.is_empty() {
            self.texts.push(',');
        }
        self.texts.push_str(text);
        self.last = offset;
        self.count += 1;
    }

    /// The page.
    pub(super) fn page(self, kept: &Kept) -> Page {
        Page {
            prev: self.prev,
            last: self.last,
            count: self.count,
            named: self.named,
            text: around(kept, &self.texts),
            kept: kept.clone(),
            veiled: OnceLock::new(),
        }
    }

    /// The texts of its events, to be read again.
    pub(super) fn events(&self) -> Vec<RoomEvent> {
        serde_json::from_str(&format!("[{}]", self.texts)).unwrap_or_default()
    }

    /// The same with a member called otherwise in the event of its coming.
    pub(super) fn rename(&mut self, member: MemberId, name: &str) {
        if self.named {
            let events = std::mem::replace(self, Building::after(self.prev));
            let page = events.page(&Kept::default()).renamed(member, name);
            for event in page.events() {
                self.push(&event, &text_of(&event));
            }
        }
    }
}

/// Calls a member otherwise in the event of its coming; whether this is that event.
pub(super) fn rename(event: &mut RoomEvent, member: MemberId, name: &str) -> bool {
    match &mut event.what {
        Happened::Joined {
            member: joined,
            name: old,
            ..
        } if *joined == member => {
            name.clone_into(old);
            true
        }
        _ => false,
    }
}

/// A page of no events, which tells how far the room is saved.
pub(super) fn note(kept: &Kept) -> Bytes {
    around(kept, "")
}

/// An event as it is kept and as it travels.
pub(super) fn text_of(event: &RoomEvent) -> String {
    // Maps with text keys and no failing Serialize: serde_json has nothing to refuse.
    serde_json::to_string(event).unwrap_or_default()
}

fn around(kept: &Kept, texts: &str) -> Bytes {
    let mut text = String::with_capacity(texts.len() + 96);
    text.push_str(r#"{"type":"room_events","saved":"#);
    text.push_str(&kept.saved.to_string());
    if let Some(why) = kept.unsaved {
        text.push_str(r#","unsaved":"#);
        text.push_str(&serde_json::Value::from(why).to_string());
    }
    text.push_str(r#","events":["#);
    text.push_str(texts);
    text.push_str("]}");
    text.into()
}

/// Gives a member the name in an event that it has now: one that was removed is in none.
pub(super) fn renew(event: &mut RoomEvent, state: &State) {
    if let Happened::Joined { member, name, .. } = &mut event.what
        && let Some(it) = state.members.get(member)
    {
        name.clone_from(&it.name);
    }
}

/// Hides the name in an event.
pub(super) fn veil_event(event: &mut RoomEvent) {
    if let Happened::Joined { member, name, .. } = &mut event.what {
        *name = nameless(*member);
    }
}

/// Hides a member's name.
pub(super) fn veil_member(member: &mut Member) {
    member.name = nameless(member.member);
}

/// What one is called whose name is hidden.
pub(super) fn nameless(member: MemberId) -> String {
    format!("member {}", member.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::role::Role;
    use chalkwire_shared::room::RoomId;
    use proptest::prelude::*;

    fn events(names: &[String]) -> Vec<RoomEvent> {
        let mut state = State::new(RoomId::from_random([1; 8]));
        let mut events = Vec::new();
        for name in names {
            let what = match state.join(name, Role::Student) {
                Ok(joined) => joined,
                Err(_) => Happened::Paused { on: true },
            };
            let event = state.event(1, 7, MemberId(0), None, what);
            state.apply(&event).unwrap();
            events.push(event);
        }
        events
    }

    fn page(events: &[RoomEvent], kept: &Kept) -> Page {
        let mut building = Building::after(0);
        for event in events {
            building.push(event, &text_of(event));
        }
        building.page(kept)
    }

    fn read(text: Bytes) -> GatewayMessage {
        GatewayMessage::decode(std::str::from_utf8(&text).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn a_page_reads_as_the_message_that_it_is_from_wherever_one_was(
            names in proptest::collection::vec("[a-z\"\\\\é]{0,9}", 1..12),
            seen in 0u64..14,
            saved: u64,
            unsaved in proptest::option::of(Just("the disk is \"full\"")),
        ) {
            let all = events(&names);
            let kept = Kept { saved, unsaved };
            let message = read(page(&all, &kept).text(seen, false));
            let rest = all.into_iter().filter(|event| event.offset > seen).collect();
            let expected = GatewayMessage::RoomEvents {
                saved,
                unsaved: unsaved.map(str::to_owned),
                events: rest,
            };
            prop_assert_eq!(message, expected);
        }
    }

    #[test]
    fn a_veiled_page_has_numbers_for_names_and_all_else() {
        let names = ["otter".to_owned(), " ".to_owned(), "heron".to_owned()];
        let page = page(&events(&names), &Kept::default());
        for seen in [0, 1] {
            let text = page.text(seen, true);
            let text = std::str::from_utf8(&text).unwrap();
            assert!(!text.contains("otter") && !text.contains("heron"), "{text}");
            assert!(
                text.contains("member 2") && text.contains("paused"),
                "{text}"
            );
        }
        let text = page.text(0, false);
        assert!(std::str::from_utf8(&text).unwrap().contains("otter"));
    }

    #[test]
    fn a_removed_name_is_in_no_page_that_is_sent_later() {
        let names = ["otter".to_owned(), "heron".to_owned()];
        let all = events(&names);
        let renamed = page(&all, &Kept::default()).renamed(MemberId(1), "member 1");
        let mut building = Building::after(0);
        all.iter()
            .for_each(|event| building.push(event, &text_of(event)));
        building.rename(MemberId(1), "member 1");
        for text in [
            renamed.text(0, false),
            building.page(&Kept::default()).text(0, false),
        ] {
            let text = std::str::from_utf8(&text).unwrap().to_owned();
            assert!(!text.contains("otter") && text.contains("heron"), "{text}");
        }
        assert_eq!((renamed.prev, renamed.last, renamed.count), (0, 2, 2));
    }
}

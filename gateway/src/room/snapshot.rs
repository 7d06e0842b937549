//! The room as it is, in messages: what somebody gets who has nothing of it, shared by all who come.

use std::sync::Arc;

use bytes::Bytes;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::room::{Member, RoomEvent, State};

use super::page::{EVENTS_BYTES, Kept, veil_event, veil_member};
use super::ring::Ring;

/// What just happened comes along: so many events.
const HISTORY: usize = 100;

/// A snapshot serves everybody who comes within so many events after it: those follow as pages.
const FRESH_EVENTS: u64 = 256;

/// The room after an event, as messages to be sent in this order.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The last event in it.
    pub(super) offset: u64,
    pub(super) texts: Box<[Bytes]>,
}

/// The latest snapshots, for those who may see names and those who may not.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    named: Option<Arc<Snapshot>>,
    veiled: Option<Arc<Snapshot>>,
}

impl Snapshots {
    /// A snapshot from which the ring goes on, without names where `veil` says so.
    pub(super) fn of(
        &mut self,
        state: &State,
        ring: &mut Ring,
        kept: &Kept,
        veil: bool,
    ) -> Arc<Snapshot> {
        let place = match veil {
            true => &mut self.veiled,
            false => &mut self.named,
        };
        let offset = state.facts.offset;
        let is_fresh =
            |it: &&Arc<Snapshot>| it.offset + FRESH_EVENTS > offset && ring.has(it.offset);
        if let Some(snapshot) = place.as_ref().filter(is_fresh) {
            return snapshot.clone();
        }
        // So that it ends where a page does.
        ring.seal(kept);
        place
            .insert(Arc::new(Snapshot::new(state, ring, veil)))
            .clone()
    }

    /// None of them serves any more.
    pub(super) fn forget(&mut self) {
        *self = Snapshots::default();
    }
}

impl Snapshot {
    fn new(state: &State, ring: &Ring, veil: bool) -> Self {
        let subscribed = GatewayMessage::RoomSubscribed {
            recovered: false,
            facts: Some(Box::new(state.facts.clone())),
        };
        let mut texts = vec![Bytes::from(subscribed.encode())];
        let mut members: Vec<Member> = state.members.values().cloned().collect();
        let mut history = ring.history(state.facts.offset, HISTORY);
        if veil {
            members.iter_mut().for_each(veil_member);
            history.iter_mut().for_each(veil_event);
        }
        let pages = parts(members);
        let last = pages.len() - 1;
        for (at, members) in pages.into_iter().enumerate() {
            let more = at < last;
            let message = GatewayMessage::RoomMembers { members, more };
            texts.push(message.encode().into());
        }
        for events in parts::<RoomEvent>(history) {
            let message = GatewayMessage::RoomHistory { events };
            texts.push(message.encode().into());
        }
        Snapshot {
            offset: state.facts.offset,
            texts: texts.into(),
        }
    }
}

/// Cut into what fits one message each; at least one part.
fn parts<T: serde::Serialize>(all: Vec<T>) -> Vec<Vec<T>> {
    let mut parts = vec![Vec::new()];
    let mut bytes = 0;
    for one in all {
        let size = serde_json::to_string(&one).map_or(0, |text| text.len() + 1);
        if bytes + size > EVENTS_BYTES {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(part) = parts.last_mut() {
            part.push(one);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::role::Role;
    use chalkwire_shared::room::{MAX_PAGE_BYTES, MemberId, RoomId};

    #[test]
    fn a_full_room_comes_in_messages_that_fit_and_no_member_is_missing() {
        let mut state = State::new(RoomId::from_random([1; 8]));
        let mut ring = Ring::after(0, 1 << 20);
        for n in 0..500 {
            let joined = state.join(&format!("otter with a long name {n}"), Role::Student);
            let event = state.event(1, 7, MemberId(0), None, joined.unwrap());
            state.apply(&event).unwrap();
            ring.push(
                &event,
                &super::super::page::text_of(&event),
                &Default::default(),
            );
        }
        ring.seal(&Default::default());
        for veil in [false, true] {
            let mut snapshots = Snapshots::default();
            let snapshot = snapshots.of(&state, &mut ring, &Kept::default(), veil);
            let mut members = 0;
            let mut mores = Vec::new();
            let mut history = 0;
            for text in &snapshot.texts {
                assert!(text.len() <= MAX_PAGE_BYTES, "{}", text.len());
                let text = std::str::from_utf8(text).unwrap();
                assert_eq!(text.contains("otter"), !veil && !text.contains("facts"));
                match GatewayMessage::decode(text).unwrap() {
                    GatewayMessage::RoomSubscribed { facts, .. } => {
                        assert_eq!(*facts.unwrap(), state.facts);
                    }
                    GatewayMessage::RoomMembers {
                        members: some,
                        more,
                    } => {
                        members += some.len();
                        mores.push(more);
                    }
                    GatewayMessage::RoomHistory { events } => history += events.len(),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!((members, history), (500, 100));
            assert_eq!(mores.pop(), Some(false));
            assert!(!mores.is_empty() && mores.iter().all(|more| *more));
            assert!(Arc::ptr_eq(
                &snapshot,
                &snapshots.of(&state, &mut ring, &Kept::default(), veil)
            ));
        }
    }
}

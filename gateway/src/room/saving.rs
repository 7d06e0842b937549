//! How a room's events come into the log, and what it does when the log takes none.

use std::collections::BTreeSet;
use std::sync::Arc;

use chalkwire_shared::room::{MemberId, RoomEvent};

use super::inside::Inside;
use super::page::text_of;
use super::{Room, Told};
use crate::log::{Health, NotSaved, Record, Snapshot, Why};
use crate::policy::secret::Hash;

/// After so many events the log gets the room's state, from which a start goes on.
const SNAPSHOT_EVENTS: u64 = 5_000;

/// Or after this part of the text that it keeps of a room: events can go once a snapshot has them.
const SNAPSHOT_PART: u64 = 8;

/// Which is no less and no more than this, in bytes: the state itself is written as well.
const SNAPSHOT_BYTES: std::ops::RangeInclusive<u64> = (256 << 10)..=(8 << 20);

/// Where the saving of a room stands.
#[derive(Debug)]
pub(super) struct Progress {
    /// The last event in the snapshot that the log has.
    snapshot: u64,
    /// Of the events since then.
    bytes: u64,
    /// Somebody sees to it that a cut room is saved again.
    is_mending: bool,
    /// Events by which a name is to go that the log still has. Who waits for one of them, or for a later
    /// one, is told when it is gone.
    forgetting: BTreeSet<u64>,
    /// The log has deleted the room.
    pub(super) is_deleted: bool,
}

impl Progress {
    /// With a snapshot in the log that has all up to an event.
    pub(super) fn after(snapshot: u64) -> Self {
        Progress {
            snapshot,
            bytes: 0,
            is_mending: false,
            forgetting: BTreeSet::new(),
            is_deleted: false,
        }
    }

    /// Whether the log still has a name that is to go.
    #[cfg(test)]
    pub(super) fn is_forgetting(&self) -> bool {
        !self.forgetting.is_empty()
    }

    /// The log gets a snapshot.
    fn is_at(&mut self, offset: u64) {
        (self.snapshot, self.bytes) = (offset, 0);
    }
}

impl Room {
    /// An event goes into the log; where it does not take it, the room goes on without.
    pub(super) fn save(
        &self,
        inside: &mut Inside,
        event: &RoomEvent,
        text: String,
        token: Option<(u32, Hash)>,
    ) {
        let bytes = u64::try_from(text.len()).unwrap_or(0);
        let record = Record {
            epoch: event.epoch,
            offset: event.offset,
            prev: event.prev,
            time_us: event.time_us,
            text: text.into(),
            token,
        };
        if let Err(refused) = self.transcript.append(record) {
            return tracing::debug!(room = %self.id, %refused, "an event is live only");
        }
        inside.saving.bytes += bytes;
        let most_bytes = self.common.limits.log_bytes;
        let at_once = most_bytes / SNAPSHOT_PART;
        let at_once = at_once.clamp(*SNAPSHOT_BYTES.start(), *SNAPSHOT_BYTES.end());
        let events = event.offset - inside.saving.snapshot;
        if events >= SNAPSHOT_EVENTS || inside.saving.bytes >= at_once {
            self.snapshot(inside);
            // There is room for what comes until the next one.
            let keep_bytes = most_bytes.saturating_sub(at_once);
            if let Err(refused) = self.transcript.prune(keep_bytes) {
                tracing::debug!(room = %self.id, %refused, "nothing was pruned");
            }
        }
    }

    /// The log gets the state as it is.
    fn snapshot(&self, inside: &mut Inside) {
        let offset = inside.state.facts.offset;
        match self.transcript.snapshot(offset, state_of(inside)) {
            Ok(()) => inside.saving.is_at(offset),
            // With the next event once more.
            Err(refused) => tracing::debug!(room = %self.id, %refused, "no snapshot"),
        }
    }

    /// A name goes from the log: from the event that has it, and from the snapshot.
    pub(super) fn rewrite(
        self: &Arc<Self>,
        inside: &mut Inside,
        joined: Option<u64>,
        member: MemberId,
        name: String,
    ) {
        self.snapshot(inside);
        let forgotten = inside.state.facts.offset;
        inside.saving.forgetting.insert(forgotten);
        // What is not saved yet is in the ring.
        let event = joined.and_then(|joined| Some((joined, inside.ring.event(joined)?)));
        if let Some((joined, event)) = &event {
            self.put(*joined, event);
        }
        let in_ring = event.is_some();
        let room = self.clone();
        self.common.chore(async move {
            if !in_ring {
                room.forget_in_log(joined, member, &name).await;
            }
            room.transcript.settled().await;
            room.with(|_, inside| inside.saving.forgetting.remove(&forgotten));
        });
    }

    pub(super) fn put(&self, offset: u64, event: &RoomEvent) {
        if let Err(refused) = self.transcript.rewrite(offset, text_of(event).into()) {
            tracing::warn!(room = %self.id, %refused, "a name was not removed from the log");
        }
    }

    /// A token opens nothing any more.
    pub(super) fn forget_token(&self, member: MemberId) {
        if let Err(refused) = self.transcript.forget_token(member.0) {
            tracing::debug!(room = %self.id, %refused, "a token was not deleted");
        }
    }

    /// The room is deleted from the log.
    pub(super) fn delete(self: &Arc<Self>) {
        let (room, deleted) = (self.clone(), self.transcript.end());
        self.common.chore(async move {
            match deleted.await {
                Ok(()) => room.with(|_, inside| inside.saving.is_deleted = true),
                Err(error) => tracing::warn!(room = %room.id, %error, "a room was not deleted"),
            }
        });
    }

    /// Looks at how far the log is: who waits for it is told.
    pub(super) fn look_at_the_log(&self, inside: &mut Inside, health: Health) {
        let saved = match inside.saving.is_deleted {
            // With the room its end is saved, too.
            true => u64::MAX,
            false => *self.transcript.saved().borrow(),
        };
        let unsaved = match (health, self.transcript.is_cut()) {
            _ if inside.over.is_some() => None,
            (Health::NotSaving(why), _) => Some(sentence(why)),
            (Health::Saving, true) => Some(CUT),
            (Health::Saving, false) => None,
        };
        inside.kept.saved = inside.kept.saved.max(saved);
        inside.kept.unsaved = unsaved;
        let forgetting = inside.saving.forgetting.first().copied();
        while let Some(first) = inside.waiting.front()
            && first.offset <= inside.kept.saved
            && forgetting.is_none_or(|forgotten| first.offset < forgotten)
        {
            if let Some(done) = inside.waiting.pop_front() {
                inside
                    .told
                    .push((done.occupant, Told::Done { no: done.no }));
            }
        }
    }

    /// Whether a cut room can be mended now, and nobody is at it.
    pub(super) fn is_to_be_mended(&self, inside: &mut Inside, health: Health) -> bool {
        let now = health == Health::Saving && inside.over.is_none() && self.transcript.is_cut();
        now && !std::mem::replace(&mut inside.saving.is_mending, true)
    }

    /// Has a cut room saved again: from its state as it is, in a new epoch.
    pub(super) async fn mend(self: Arc<Self>) {
        let begun = self.transcript.begin_epoch().await;
        self.with(|room, inside| {
            inside.saving.is_mending = false;
            let mended = begun.and_then(|epoch| {
                let tokens = inside.places.iter();
                let snapshot = Snapshot {
                    offset: inside.state.facts.offset,
                    text: state_of(inside),
                    tokens: tokens
                        .map(|(member, place)| (member.0, place.token))
                        .collect(),
                };
                room.transcript.restart(epoch.epoch, snapshot)?;
                inside.epoch = epoch.epoch;
                inside.saving.is_at(inside.state.facts.offset);
                Ok::<(), NotSaved>(())
            });
            match mended {
                Ok(()) => tracing::info!(room = %room.id, "saved again, in a new epoch"),
                // The task of all rooms comes back to it.
                Err(error) => tracing::debug!(room = %room.id, %error, "not saved yet"),
            }
        });
    }
}

fn state_of(inside: &Inside) -> Box<str> {
    // Maps with number keys and no failing Serialize: serde_json has nothing to refuse.
    serde_json::to_string(&inside.state)
        .unwrap_or_default()
        .into()
}

/// What is said where the log goes on, but the room's part of it not yet.
const CUT: &str = "The room is not saved just now: the gateway is about to take it up again.";

/// Why a room is not saved, for its members.
fn sentence(why: Why) -> &'static str {
    match why {
        Why::DiskFull => {
            "The room goes on, but is not saved: the gateway's disk is full. What happens meanwhile \
             is lost if the gateway stops."
        }
        Why::Disk => {
            "The room goes on, but is not saved: the gateway's disk can't be written. What happens \
             meanwhile is lost if the gateway stops."
        }
        Why::Damaged => {
            "The room goes on, but is not saved: the gateway's file of rooms is damaged. Its operator \
             must see to it."
        }
        Why::Busy => {
            "The room goes on, but is not saved just now: another program is using the gateway's file \
             of rooms."
        }
        Why::Other => {
            "The room goes on, but is not saved just now. What happens meanwhile is lost if the \
             gateway stops."
        }
    }
}

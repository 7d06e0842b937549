//! A group of things to save, written into one transaction, and what is told after its commit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode};

use super::room::{Progress, put_epoch};
use super::wipe;
use crate::log::NewRoom;
use crate::log::epoch::Epoch;
use crate::log::error::{NotSaved, Refused, Why};
use crate::log::file::from_u64;
use crate::log::queue::{Group, Item, Order, Queue};
use crate::log::reader::Reader;
use crate::log::transcript::{Room, Transcript};

/// What a transaction has written. Nobody knows of it before the commit.
#[derive(Debug, Default)]
pub(super) struct Saved {
    rooms: BTreeMap<i64, Progress>,
    /// One for each item of the group.
    outcomes: Vec<Outcome>,
    events: u64,
    /// Something of it is to be nowhere on the disk any more.
    forgets: bool,
}

/// Rooms of which more is to be pruned than one commit does, and what they are to keep.
pub(super) type Pruning = BTreeMap<i64, (Arc<Room>, u64)>;

/// What is to be said of one item.
#[derive(Debug)]
enum Outcome {
    Done,
    /// The room is not on the disk any more.
    Gone,
    /// The room has this number now.
    Created(i64),
    /// The room's name or code is another one's.
    Taken,
    Begun(Epoch),
}

impl Saved {
    /// Writes all items, in order, and prunes one of the rooms where there is more to prune.
    pub(super) fn write(
        to: &Connection,
        items: &[Item],
        pruning: &mut Pruning,
    ) -> rusqlite::Result<Self> {
        let mut saved = Saved::default();
        let next = pruning.pop_first();
        for item in items {
            let outcome = match item {
                Item::Create { room, .. } => create(to, room)?,
                Item::Room { room, order } => saved.order(to, room, order, pruning)?,
            };
            saved.outcomes.push(outcome);
        }
        if let Some((_, (room, keep_bytes))) = next {
            saved.order(to, &room, &Order::Prune(keep_bytes), pruning)?;
        }
        for progress in saved.rooms.values() {
            progress.finish(to)?;
        }
        Ok(saved)
    }

    /// How many events it has.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Whether something of it is to be nowhere on the disk any more.
    pub(super) fn forgets(&self) -> bool {
        self.forgets
    }

    /// After the commit: tells who waits, and every room how far it is saved.
    pub(super) fn tell(self, group: &mut Group, queue: &Arc<Queue>, reader: &Reader) {
        // Who waits may have gone meanwhile.
        for (item, outcome) in group.items.drain(..).zip(self.outcomes) {
            match (item, outcome) {
                (Item::Create { room, reply }, Outcome::Created(key)) => {
                    let made = Transcript::created(key, room.room, FIRST, queue, reader);
                    let _ = reply.send(Ok(made));
                }
                (Item::Create { reply, .. }, _) => {
                    let _ = reply.send(Err(NotSaved::Taken));
                }
                (Item::Room { room, order }, outcome) => tell_room(&room, order, outcome),
            }
        }
        for progress in self.rooms.into_values() {
            progress.tell();
        }
    }

    fn order(
        &mut self,
        to: &Connection,
        room: &Arc<Room>,
        order: &Order,
        pruning: &mut Pruning,
    ) -> rusqlite::Result<Outcome> {
        let key = room.key;
        let Some(progress) = self.progress(to, room)? else {
            return Ok(Outcome::Gone);
        };
        match order {
            Order::Append(record) => {
                if progress.append(to, record)? {
                    self.events += 1;
                }
            }
            Order::BeginEpoch(_) => return progress.begin_epoch(to).map(Outcome::Begun),
            Order::Restart { epoch, snapshot } => progress.restart(to, *epoch, snapshot)?,
            Order::Snapshot { offset, text } => progress.snapshot(to, *offset, text)?,
            Order::Rewrite { offset, text } => {
                progress.rewrite(to, *offset, text)?;
                self.forgets = true;
            }
            Order::ForgetToken(member) => {
                to.prepare_cached("DELETE FROM tokens WHERE room = ?1 AND member = ?2")?
                    .execute((key, member))?;
            }
            Order::Touch(used_ms) => {
                to.prepare_cached("UPDATE rooms SET used_ms = max(used_ms, ?2) WHERE key = ?1")?
                    .execute((key, from_u64(*used_ms)))?;
            }
            Order::Settle(_) => {}
            Order::Prune(keep_bytes) => {
                if progress.prune(to, *keep_bytes)? {
                    pruning.insert(key, (room.clone(), *keep_bytes));
                }
            }
            Order::End(_) => {
                to.prepare_cached("DELETE FROM rooms WHERE key = ?1")?
                    .execute([key])?;
                wipe::begin(to, key)?;
                self.rooms.remove(&key);
                self.forgets = true;
            }
        }
        Ok(Outcome::Done)
    }

    /// How far a room is; `None` where it is gone.
    fn progress(
        &mut self,
        to: &Connection,
        room: &Arc<Room>,
    ) -> rusqlite::Result<Option<&mut Progress>> {
        match self.rooms.entry(room.key) {
            Entry::Occupied(known) => Ok(Some(known.into_mut())),
            Entry::Vacant(place) => {
                let found = Progress::find(to, room)?;
                Ok(found.map(|progress| place.insert(progress)))
            }
        }
    }
}

/// What a new room begins with.
const FIRST: Epoch = Epoch {
    epoch: 1,
    last: 0,
    first: 1,
};

fn tell_room(room: &Room, order: Order, outcome: Outcome) {
    if matches!(outcome, Outcome::Gone) {
        room.ended();
    }
    match (order, outcome) {
        (Order::BeginEpoch(reply), Outcome::Begun(epoch)) => {
            room.begun(epoch);
            let _ = reply.send(Ok(epoch));
        }
        (Order::BeginEpoch(reply), _) => {
            let _ = reply.send(Err(Refused::Ended.into()));
        }
        (Order::Settle(reply), _) => {
            let _ = reply.send(());
        }
        (Order::End(reply), _) => {
            room.ended();
            let _ = reply.send(Ok(()));
        }
        _ => {}
    }
}

impl Group {
    /// A try has failed: who can't wait is told, and what only they wanted is not tried again. Events
    /// stay, and all else that nobody waits for, and the ends of rooms.
    pub(super) fn fail(&mut self, why: Why) {
        let items = std::mem::take(&mut self.items);
        for item in items {
            match item {
                Item::Create { reply, .. } => {
                    let _ = reply.send(Err(why.into()));
                }
                Item::Room {
                    order: Order::BeginEpoch(reply),
                    ..
                } => {
                    let _ = reply.send(Err(why.into()));
                }
                item @ Item::Room { .. } => self.items.push(item),
            }
        }
    }
}

fn create(to: &Connection, room: &NewRoom) -> rusqlite::Result<Outcome> {
    let made = to
        .prepare_cached(
            "INSERT INTO rooms (room, code, teach_hash, view_hash, created_ms, used_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        )?
        .insert((
            &room.room,
            &room.code,
            room.teach_hash,
            room.view_hash,
            from_u64(room.created_ms),
        ));
    match made {
        Ok(key) => {
            put_epoch(to, key, FIRST)?;
            Ok(Outcome::Created(key))
        }
        // This one row alone is undone; the transaction goes on.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Ok(Outcome::Taken)
        }
        Err(error) => Err(error),
    }
}

//! A group of things to save, written into one transaction, and what is told after its commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use crate::log::NewRoom;
use crate::log::epoch::Epoch;
use crate::log::error::{NotSaved, Refused, Why};
use crate::log::file::{from_u64, to_u32, to_u64};
use crate::log::queue::{Group, Item, Order, Queue};
use crate::log::reader::Reader;
use crate::log::transcript::{Record, Room, Snapshot, Transcript};

/// What a transaction has written. Nobody knows of it before the commit.
#[derive(Debug, Default)]
pub(super) struct Saved {
    rooms: BTreeMap<i64, Progress>,
    /// One for each item of the group.
    outcomes: Vec<Outcome>,
    events: u64,
    deletes: bool,
}

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
    Expired(Vec<String>),
}

/// How far a room is, inside the transaction.
#[derive(Debug)]
struct Progress {
    room: Arc<Room>,
    last: u64,
    /// Of all texts that are kept.
    bytes: i64,
    changed: bool,
    /// An event did not follow the one before it, so that none can be saved.
    broken: bool,
}

impl Saved {
    /// Writes all items, in order.
    pub(super) fn write(to: &Connection, items: &[Item]) -> rusqlite::Result<Self> {
        let mut saved = Saved::default();
        for item in items {
            let outcome = match item {
                Item::Create { room, .. } => create(to, room)?,
                Item::Expire { before_ms, .. } => {
                    let gone = expire(to, *before_ms)?;
                    saved.deletes |= !gone.is_empty();
                    for (key, _) in &gone {
                        saved.rooms.remove(key);
                    }
                    Outcome::Expired(gone.into_iter().map(|(_, room)| room).collect())
                }
                Item::Room { room, order } => saved.order(to, room, order)?,
            };
            saved.outcomes.push(outcome);
        }
        for (key, progress) in saved.rooms.iter().filter(|(_, p)| p.changed) {
            to.prepare_cached("UPDATE rooms SET last = ?2, bytes = ?3 WHERE key = ?1")?
                .execute((key, from_u64(progress.last), progress.bytes))?;
        }
        Ok(saved)
    }

    /// How many events it has.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Whether pages may have become free.
    pub(super) fn deletes(&self) -> bool {
        self.deletes
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
                (Item::Expire { reply, .. }, Outcome::Expired(rooms)) => {
                    let _ = reply.send(Ok(rooms));
                }
                (Item::Room { room, order }, outcome) => tell_room(&room, order, outcome),
                (Item::Expire { .. }, _) => {}
            }
        }
        for progress in self.rooms.into_values().filter(|p| p.changed) {
            if progress.broken {
                progress.room.cut();
            }
            progress.room.saved(progress.last);
        }
    }

    fn order(
        &mut self,
        to: &Connection,
        room: &Arc<Room>,
        order: &Order,
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
            Order::BeginEpoch(_) => return begin_epoch(to, key, progress.last).map(Outcome::Begun),
            Order::Restart { epoch, snapshot } => progress.restart(to, *epoch, snapshot)?,
            Order::Snapshot { offset, text } => {
                if *offset <= progress.last {
                    put_snapshot(to, key, *offset, text)?;
                }
            }
            Order::Rewrite { offset, text } => progress.rewrite(to, *offset, text)?,
            Order::ForgetToken(member) => {
                to.prepare_cached("DELETE FROM tokens WHERE room = ?1 AND member = ?2")?
                    .execute((key, member))?;
            }
            Order::Touch(used_ms) => {
                to.prepare_cached("UPDATE rooms SET used_ms = max(used_ms, ?2) WHERE key = ?1")?
                    .execute((key, from_u64(*used_ms)))?;
            }
            Order::Prune(keep_bytes) => {
                let pruned = progress.prune(to, *keep_bytes)?;
                self.deletes |= pruned;
            }
            Order::End(_) => {
                to.prepare_cached("DELETE FROM rooms WHERE key = ?1")?
                    .execute([key])?;
                self.rooms.remove(&key);
                self.deletes = true;
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
        use std::collections::btree_map::Entry;
        match self.rooms.entry(room.key) {
            Entry::Occupied(known) => Ok(Some(known.into_mut())),
            Entry::Vacant(place) => {
                let found = to
                    .prepare_cached("SELECT last, bytes FROM rooms WHERE key = ?1")?
                    .query_row([room.key], |row| Ok((to_u64(row.get(0)?), row.get(1)?)))
                    .optional()?;
                Ok(found.map(|(last, bytes)| {
                    place.insert(Progress {
                        room: room.clone(),
                        last,
                        bytes,
                        changed: false,
                        broken: false,
                    })
                }))
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
                Item::Expire { reply, .. } => {
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

impl Progress {
    /// Writes an event, unless it does not follow the one before it; says whether it did.
    fn append(&mut self, to: &Connection, record: &Record) -> rusqlite::Result<bool> {
        let Record {
            epoch,
            offset,
            prev,
            time_us,
            text,
            token,
        } = record;
        if self.broken || *prev != self.last {
            if !self.broken {
                let room = &self.room.name;
                tracing::error!(%room, offset, prev, last = self.last, "an event is out of order");
            }
            self.broken = true;
            self.changed = true;
            return Ok(false);
        }
        let key = self.room.key;
        to.prepare_cached(
            "INSERT INTO events (room, offset, prev, epoch, time_us, text) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            key,
            from_u64(*offset),
            from_u64(*prev),
            epoch,
            from_u64(*time_us),
            text,
        ))?;
        if let Some((member, hash)) = token {
            put_token(to, key, *member, hash)?;
        }
        self.last = *offset;
        self.bytes += length(text);
        self.changed = true;
        Ok(true)
    }

    fn restart(
        &mut self,
        to: &Connection,
        epoch: u32,
        snapshot: &Snapshot,
    ) -> rusqlite::Result<()> {
        let key = self.room.key;
        to.prepare_cached("UPDATE epochs SET first = ?3 WHERE room = ?1 AND epoch = ?2")?
            .execute((key, epoch, from_u64(snapshot.offset + 1)))?;
        put_snapshot(to, key, snapshot.offset, &snapshot.text)?;
        to.prepare_cached("DELETE FROM tokens WHERE room = ?1")?
            .execute([key])?;
        for (member, hash) in &snapshot.tokens {
            put_token(to, key, *member, hash)?;
        }
        self.last = snapshot.offset;
        self.broken = false;
        self.changed = true;
        Ok(())
    }

    fn rewrite(&mut self, to: &Connection, offset: u64, text: &str) -> rusqlite::Result<()> {
        let at = (self.room.key, from_u64(offset));
        let old: Option<i64> = to
            .prepare_cached(
                "SELECT octet_length(text) FROM events WHERE room = ?1 AND offset = ?2",
            )?
            .query_row(at, |row| row.get(0))
            .optional()?;
        // It may have been pruned.
        let Some(old) = old else {
            return Ok(());
        };
        to.prepare_cached("UPDATE events SET text = ?3 WHERE room = ?1 AND offset = ?2")?
            .execute((at.0, at.1, text))?;
        self.bytes += length(text) - old;
        self.changed = true;
        Ok(())
    }

    /// Deletes from the oldest event on; says whether there was anything to delete.
    fn prune(&mut self, to: &Connection, keep_bytes: u64) -> rusqlite::Result<bool> {
        let key = self.room.key;
        let too_many = self.bytes - from_u64(keep_bytes);
        if too_many <= 0 {
            return Ok(false);
        }
        let mut oldest = to.prepare_cached(
            "SELECT offset, octet_length(text) FROM events \
             WHERE room = ?1 AND offset <= (SELECT offset FROM snapshots WHERE room = ?1) \
             ORDER BY offset",
        )?;
        let mut rows = oldest.query([key])?;
        let (mut up_to, mut freed) = (None, 0);
        while freed < too_many {
            let Some(row) = rows.next()? else { break };
            up_to = Some(row.get::<_, i64>(0)?);
            freed += row.get::<_, i64>(1)?;
        }
        let Some(up_to) = up_to else {
            return Ok(false);
        };
        to.prepare_cached("DELETE FROM events WHERE room = ?1 AND offset <= ?2")?
            .execute((key, up_to))?;
        self.bytes -= freed;
        self.changed = true;
        Ok(true)
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

fn expire(to: &Connection, before_ms: u64) -> rusqlite::Result<Vec<(i64, String)>> {
    to.prepare_cached("DELETE FROM rooms WHERE used_ms < ?1 RETURNING key, room")?
        .query_map([from_u64(before_ms)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn begin_epoch(to: &Connection, key: i64, last: u64) -> rusqlite::Result<Epoch> {
    let before: i64 = to
        .prepare_cached("SELECT coalesce(max(epoch), 0) FROM epochs WHERE room = ?1")?
        .query_row([key], |row| row.get(0))?;
    let epoch = Epoch {
        epoch: to_u32(before + 1),
        last,
        first: last + 1,
    };
    put_epoch(to, key, epoch)?;
    Ok(epoch)
}

fn put_epoch(to: &Connection, key: i64, epoch: Epoch) -> rusqlite::Result<()> {
    to.prepare_cached("INSERT INTO epochs (room, epoch, last, first) VALUES (?1, ?2, ?3, ?4)")?
        .execute((
            key,
            epoch.epoch,
            from_u64(epoch.last),
            from_u64(epoch.first),
        ))?;
    Ok(())
}

/// Never back to an older one: events that only that would need may be pruned.
fn put_snapshot(to: &Connection, key: i64, offset: u64, text: &str) -> rusqlite::Result<()> {
    to.prepare_cached(
        "INSERT INTO snapshots (room, offset, text) VALUES (?1, ?2, ?3) \
         ON CONFLICT (room) DO UPDATE SET offset = excluded.offset, text = excluded.text \
         WHERE excluded.offset >= offset",
    )?
    .execute((key, from_u64(offset), text))?;
    Ok(())
}

fn put_token(to: &Connection, key: i64, member: u32, hash: &[u8; 32]) -> rusqlite::Result<()> {
    to.prepare_cached(
        "INSERT INTO tokens (room, member, hash) VALUES (?1, ?2, ?3) \
         ON CONFLICT (room, member) DO UPDATE SET hash = excluded.hash",
    )?
    .execute((key, member, hash))?;
    Ok(())
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

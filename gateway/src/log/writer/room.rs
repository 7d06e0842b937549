//! One room's rows, as a transaction changes them.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use crate::log::epoch::Epoch;
use crate::log::file::{event_id, from_u64, to_u32, to_u64};
use crate::log::transcript::{Record, Room, Snapshot};

/// Bytes of text that one commit prunes of a room, and one event more: other rooms wait meanwhile.
pub(in crate::log) const PRUNED_BYTES: i64 = 1 << 20;

/// How far a room is, inside the transaction.
#[derive(Debug)]
pub(super) struct Progress {
    room: Arc<Room>,
    last: u64,
    /// Of all texts that are kept.
    bytes: i64,
    changed: bool,
    /// An event did not follow the one before it, so that none can be saved.
    broken: bool,
}

impl Progress {
    /// Of a room; `None` where it is gone.
    pub(super) fn find(to: &Connection, room: &Arc<Room>) -> rusqlite::Result<Option<Self>> {
        to.prepare_cached("SELECT last, bytes FROM rooms WHERE key = ?1")?
            .query_row([room.key], |row| {
                Ok(Progress {
                    room: room.clone(),
                    last: to_u64(row.get(0)?),
                    bytes: row.get(1)?,
                    changed: false,
                    broken: false,
                })
            })
            .optional()
    }

    /// Writes what it has changed, at the end of the transaction.
    pub(super) fn finish(&self, to: &Connection) -> rusqlite::Result<()> {
        if self.changed {
            to.prepare_cached("UPDATE rooms SET last = ?2, bytes = ?3 WHERE key = ?1")?
                .execute((self.room.key, from_u64(self.last), self.bytes))?;
        }
        Ok(())
    }

    /// After the commit: tells the room how far it is saved.
    pub(super) fn tell(self) {
        if self.broken {
            self.room.cut();
        }
        if self.changed {
            self.room.saved(self.last);
        }
    }

    /// Writes an event, unless it does not follow the one before it; says whether it did.
    pub(super) fn append(&mut self, to: &Connection, record: &Record) -> rusqlite::Result<bool> {
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
            "INSERT INTO events (id, prev, epoch, time_us, text) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            event_id(key, *offset),
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

    /// Goes on from a snapshot, after a gap.
    pub(super) fn restart(
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

    /// Replaces an event's text.
    pub(super) fn rewrite(
        &mut self,
        to: &Connection,
        offset: u64,
        text: &str,
    ) -> rusqlite::Result<()> {
        let id = event_id(self.room.key, offset);
        let old: Option<i64> = to
            .prepare_cached("SELECT octet_length(text) FROM events WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        // It may have been pruned.
        let Some(old) = old else {
            return Ok(());
        };
        to.prepare_cached("UPDATE events SET text = ?2 WHERE id = ?1")?
            .execute((id, text))?;
        self.bytes += length(text) - old;
        self.changed = true;
        Ok(())
    }

    /// Keeps the room's state; of what is not saved, there is nothing to keep.
    pub(super) fn snapshot(
        &self,
        to: &Connection,
        offset: u64,
        text: &str,
    ) -> rusqlite::Result<()> {
        if offset <= self.last {
            put_snapshot(to, self.room.key, offset, text)?;
        }
        Ok(())
    }

    /// Deletes from the oldest event on; says whether that was too much for one commit.
    pub(super) fn prune(&mut self, to: &Connection, keep_bytes: u64) -> rusqlite::Result<bool> {
        let key = self.room.key;
        let too_many = self.bytes - from_u64(keep_bytes);
        let snapshot: Option<i64> = to
            .prepare_cached("SELECT offset FROM snapshots WHERE room = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        let Some(snapshot) = snapshot else {
            return Ok(false);
        };
        let all = (event_id(key, 0), event_id(key, to_u64(snapshot)));
        let Some((up_to, bytes)) = oldest(to, all, too_many.min(PRUNED_BYTES))? else {
            return Ok(false);
        };
        delete(to, (all.0, up_to))?;
        self.bytes -= bytes;
        self.changed = true;
        // What comes after the snapshot stays, however much it is.
        Ok(PRUNED_BYTES <= bytes && bytes < too_many)
    }

    /// Begins the next epoch, after what is saved.
    pub(super) fn begin_epoch(&self, to: &Connection) -> rusqlite::Result<Epoch> {
        let key = self.room.key;
        let before: i64 = to
            .prepare_cached("SELECT coalesce(max(epoch), 0) FROM epochs WHERE room = ?1")?
            .query_row([key], |row| row.get(0))?;
        let epoch = Epoch {
            epoch: to_u32(before + 1),
            last: self.last,
            first: self.last + 1,
        };
        put_epoch(to, key, epoch)?;
        Ok(epoch)
    }
}

/// The oldest of these events that have so many bytes of text together, or a little more: the last of
/// them, and their bytes. `None` where no bytes are asked for, or no events are there.
pub(super) fn oldest(
    to: &Connection,
    ids: (i64, i64),
    bytes: i64,
) -> rusqlite::Result<Option<(i64, i64)>> {
    let mut events = to.prepare_cached(
        "SELECT id, octet_length(text) FROM events WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let mut rows = events.query(ids)?;
    let mut found = None;
    let mut so_far = 0;
    while so_far < bytes
        && let Some(row) = rows.next()?
    {
        so_far += row.get::<_, i64>(1)?;
        found = Some((row.get(0)?, so_far));
    }
    Ok(found)
}

/// Deletes events.
pub(super) fn delete(to: &Connection, ids: (i64, i64)) -> rusqlite::Result<()> {
    to.prepare_cached("DELETE FROM events WHERE id BETWEEN ?1 AND ?2")?
        .execute(ids)?;
    Ok(())
}

/// Writes an epoch.
pub(super) fn put_epoch(to: &Connection, key: i64, epoch: Epoch) -> rusqlite::Result<()> {
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

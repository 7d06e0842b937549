//! The file: made, checked, brought up to date, and read once at the start.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::epoch::Epoch;
use super::error::LogError;
use super::queue::Queue;
use super::reader::Reader;
use super::transcript::Transcript;
use super::{Kept, NewRoom};
use crate::policy::secret::Hash;

/// Each makes a file of version n one of version n + 1. What is here was released: add, never change.
const MIGRATIONS: [&str; 2] = [
    include_str!("migrations/001_rooms.sql"),
    include_str!("migrations/002_no_index.sql"),
];

/// For its owner alone: there are names of people in it.
const MODE: u32 = 0o600;

/// The journal is cut back to this after it was larger.
const JOURNAL_BYTES: u32 = 16 << 20;

/// While it lives, no other gateway opens the file.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being started has a copy of the handle until
        // it runs its program, and flock(2)'s locks live as long as the last copy.
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the rooms' file may stay locked");
        }
    }
}

/// Opens the file to write, or makes it.
pub(super) fn open(path: &Path, busy: Duration) -> Result<(Lock, Connection), LogError> {
    let file = path.display().to_string();
    let failed = |error| LogError::File {
        file: file.clone(),
        error,
    };
    // A file of its own: closing any handle of the database's would undo SQLite's locks on it.
    let lock = make(&path.with_extension("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LogError::InUse { file }),
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let lock = Lock(lock);
    // Before SQLite opens it; the journal gets the same permissions from SQLite.
    drop(make(path).map_err(failed)?);
    let opened = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy);
    let sqlite = |error: rusqlite::Error| LogError::new(&file, &error);
    let mut connection = opened.map_err(sqlite)?;
    let version = version(&connection).map_err(sqlite)?;
    let known = MIGRATIONS.len() as u32;
    if version > known {
        return Err(LogError::Newer {
            file,
            version,
            known,
        });
    }
    prepare(&mut connection, version).map_err(sqlite)?;
    Ok((lock, connection))
}

/// Opens the file, which is there, to read.
pub(super) fn open_to_read(path: &Path, busy: Duration) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy)
}

fn make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.mode(MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

fn connect(path: &Path, flags: OpenFlags, busy: Duration) -> rusqlite::Result<Connection> {
    // One thread has it: SQLite need not lock. No URI: a path is a path.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(busy)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn prepare(connection: &mut Connection, version: u32) -> rusqlite::Result<()> {
    if version == 0 {
        // Only a file that is still empty takes it: deleted rooms give their space back.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
    // A name that is to go must not stay behind in a page that is free.
    connection.pragma_update(None, "secure_delete", true)?;
    for (number, migration) in (1_u32..).zip(MIGRATIONS).skip(version as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// A room as its tables have it.
pub(super) struct Row {
    key: i64,
    room: NewRoom,
    used_ms: u64,
    last: u64,
    snapshot: Option<u64>,
    tokens: Vec<(u32, Hash)>,
    epochs: Vec<Epoch>,
}

impl Row {
    /// With a transcript, to go on.
    pub(super) fn kept(self, queue: &Arc<Queue>, reader: &Reader) -> Kept {
        let name = &self.room.room;
        let transcript = Transcript::kept(self.key, name, self.last, self.epochs, queue, reader);
        Kept {
            room: self.room,
            used_ms: self.used_ms,
            last: self.last,
            snapshot: self.snapshot,
            tokens: self.tokens,
            transcript,
        }
    }
}

/// All rooms, the oldest first.
pub(super) fn rooms(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    let mut rooms = connection.prepare(
        "SELECT key, rooms.room, code, teach_hash, view_hash, created_ms, used_ms, last, \
         snapshots.offset FROM rooms LEFT JOIN snapshots ON snapshots.room = key ORDER BY key",
    )?;
    let rows = rooms.query_map((), |row| {
        Ok(Row {
            key: row.get(0)?,
            room: NewRoom {
                room: row.get(1)?,
                code: row.get(2)?,
                teach_hash: row.get(3)?,
                view_hash: row.get(4)?,
                created_ms: to_u64(row.get(5)?),
            },
            used_ms: to_u64(row.get(6)?),
            last: to_u64(row.get(7)?),
            snapshot: row.get::<_, Option<i64>>(8)?.map(to_u64),
            tokens: Vec::new(),
            epochs: Vec::new(),
        })
    })?;
    let mut rows = rows.collect::<rusqlite::Result<Vec<Row>>>()?;
    let mut tokens =
        connection.prepare("SELECT member, hash FROM tokens WHERE room = ?1 ORDER BY member")?;
    let mut epochs = connection
        .prepare("SELECT epoch, last, first FROM epochs WHERE room = ?1 ORDER BY epoch")?;
    for row in &mut rows {
        row.tokens = tokens
            .query_map([row.key], |token| {
                Ok((to_u32(token.get(0)?), token.get(1)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        row.epochs = epochs
            .query_map([row.key], |epoch| {
                Ok(Epoch {
                    epoch: to_u32(epoch.get(0)?),
                    last: to_u64(epoch.get(1)?),
                    first: to_u64(epoch.get(2)?),
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(rows)
}

/// Bits of an event's id that are its offset; the room's key has the 27 above.
const OFFSET_BITS: u32 = 36;

/// The highest offset: a hundred events a second for twenty years.
pub(super) const MAX_OFFSET: u64 = (1 << OFFSET_BITS) - 1;

/// The id of a room's event.
pub(super) fn event_id(key: i64, offset: u64) -> i64 {
    (key << OFFSET_BITS) | from_u64(offset.min(MAX_OFFSET))
}

/// The offset in an event's id.
pub(super) fn offset_of(id: i64) -> u64 {
    to_u64(id) & MAX_OFFSET
}

/// SQLite's integers have a sign; ours here never come near the end of either.
pub(super) fn from_u64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The same, back.
pub(super) fn to_u64(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// The same, for numbers of epochs and members.
pub(super) fn to_u32(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

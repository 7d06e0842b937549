//! Deletes the events of rooms that are gone, a few at a time, so that no room waits for another's end.

use rusqlite::{Connection, OptionalExtension};

use super::room::{delete, oldest};
use crate::log::file::{MAX_OFFSET, event_id};

/// Bytes of text that one commit wipes, and one event more.
const WIPED_BYTES: i64 = 1 << 20;

/// Pages that one commit gives back to the disk.
const PAGES_GIVEN_BACK: u32 = 512;

/// From now on, a room's events are to go.
pub(super) fn begin(to: &Connection, key: i64) -> rusqlite::Result<()> {
    to.prepare_cached("INSERT INTO leaving (room) VALUES (?1)")?
        .execute([key])?;
    Ok(())
}

/// Wipes some; says whether there is more.
pub(super) fn some(to: &Connection) -> rusqlite::Result<bool> {
    let Some(key) = next(to)? else {
        return Ok(false);
    };
    let all = (event_id(key, 0), event_id(key, MAX_OFFSET));
    let oldest = oldest(to, all, WIPED_BYTES)?;
    if let Some((up_to, _)) = oldest {
        delete(to, (all.0, up_to))?;
    }
    let is_done = oldest.is_none_or(|(_, bytes)| bytes < WIPED_BYTES);
    if is_done {
        to.prepare_cached("DELETE FROM leaving WHERE room = ?1")?
            .execute([key])?;
    }
    // It gives back one page for each row that is asked of it.
    let mut give_back = to.prepare(&format!("PRAGMA incremental_vacuum({PAGES_GIVEN_BACK})"))?;
    let mut rows = give_back.query(())?;
    while rows.next()?.is_some() {}
    Ok(!is_done || next(to)?.is_some())
}

fn next(to: &Connection) -> rusqlite::Result<Option<i64>> {
    to.prepare_cached("SELECT room FROM leaving ORDER BY room LIMIT 1")?
        .query_row((), |row| row.get(0))
        .optional()
}

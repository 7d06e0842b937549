//! The thread that reads what is saved, on a connection of its own.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use tokio::sync::{mpsc, oneshot};

use super::error::NotRead;
use super::file::{MAX_OFFSET, event_id, offset_of, to_u32, to_u64};
use super::transcript::Line;
use crate::metrics::Metrics;

/// Readings that wait; who comes when all places are taken waits for one.
const WAITING: usize = 256;

/// Asks the thread. Clones ask the same one.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    ask: Arc<Mutex<Option<mpsc::Sender<Ask>>>>,
}

/// The offset of the last event in a snapshot, and the text; `None` if the room has none.
type Latest = Option<(u64, Box<str>)>;

#[derive(Debug)]
enum Ask {
    Lines {
        key: i64,
        after: u64,
        most_bytes: usize,
        reply: oneshot::Sender<rusqlite::Result<Vec<Line>>>,
    },
    Snapshot {
        key: i64,
        reply: oneshot::Sender<rusqlite::Result<Latest>>,
    },
}

/// How to ask, and what the thread is to run. It ends when the reader is closed.
pub(super) fn start(
    connection: Connection,
    metrics: Arc<Metrics>,
) -> (Reader, impl FnOnce() + Send + 'static) {
    let (ask, asked) = mpsc::channel(WAITING);
    let reader = Reader {
        ask: Arc::new(Mutex::new(Some(ask))),
    };
    (reader, move || run(&connection, asked, &metrics))
}

fn run(connection: &Connection, mut asked: mpsc::Receiver<Ask>, metrics: &Metrics) {
    while let Some(ask) = asked.blocking_recv() {
        match ask {
            Ask::Lines { reply, .. } if reply.is_closed() => {}
            Ask::Snapshot { reply, .. } if reply.is_closed() => {}
            Ask::Lines {
                key,
                after,
                most_bytes,
                reply,
            } => answer(reply, lines(connection, key, after, most_bytes), metrics),
            Ask::Snapshot { key, reply } => answer(reply, snapshot(connection, key), metrics),
        }
    }
}

fn answer<T>(
    reply: oneshot::Sender<rusqlite::Result<T>>,
    read: rusqlite::Result<T>,
    metrics: &Metrics,
) {
    if let Err(error) = &read {
        metrics.log_failures.inc();
        tracing::error!(%error, "the rooms' log can't be read");
    }
    // Who asked may have gone meanwhile.
    let _ = reply.send(read);
}

impl Reader {
    /// A room's events after an offset: `most_bytes` of text, and at least one.
    pub(super) async fn lines(
        &self,
        key: i64,
        after: u64,
        most_bytes: usize,
    ) -> Result<Vec<Line>, NotRead> {
        self.ask(|reply| Ask::Lines {
            key,
            after,
            most_bytes,
            reply,
        })
        .await
    }

    /// A room's latest snapshot.
    pub(super) async fn snapshot(&self, key: i64) -> Result<Latest, NotRead> {
        self.ask(|reply| Ask::Snapshot { key, reply }).await
    }

    /// Answers what was asked already, then ends.
    pub(super) fn close(&self) {
        self.sender().take();
    }

    async fn ask<T>(
        &self,
        ask: impl FnOnce(oneshot::Sender<rusqlite::Result<T>>) -> Ask,
    ) -> Result<T, NotRead> {
        let sender = self.sender().clone().ok_or(NotRead::Stopped)?;
        let (reply, answer) = oneshot::channel();
        sender
            .send(ask(reply))
            .await
            .map_err(|_| NotRead::Stopped)?;
        // Or the thread would wait for as long as somebody waits for it.
        drop(sender);
        match answer.await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(_)) => Err(NotRead::Disk),
            Err(_) => Err(NotRead::Stopped),
        }
    }

    fn sender(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Ask>>> {
        self.ask.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lines(
    connection: &Connection,
    key: i64,
    after: u64,
    most_bytes: usize,
) -> rusqlite::Result<Vec<Line>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, epoch, prev, time_us, text FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id",
    )?;
    let mut rows = statement.query((event_id(key, after), event_id(key, MAX_OFFSET)))?;
    let mut lines = Vec::new();
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let text = row.get_ref(4)?.as_str()?;
        bytes += text.len();
        if bytes > most_bytes && !lines.is_empty() {
            break;
        }
        lines.push(Line {
            offset: offset_of(row.get(0)?),
            epoch: to_u32(row.get(1)?),
            prev: to_u64(row.get(2)?),
            time_us: to_u64(row.get(3)?),
            text: text.into(),
        });
    }
    Ok(lines)
}

fn snapshot(connection: &Connection, key: i64) -> rusqlite::Result<Latest> {
    connection
        .prepare_cached("SELECT offset, text FROM snapshots WHERE room = ?1")?
        .query_row([key], |row| {
            let text = row.get_ref(1)?.as_str()?.into();
            Ok((to_u64(row.get(0)?), text))
        })
        .optional()
}

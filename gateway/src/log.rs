//! The rooms' ordered logs, kept in one SQLite file.
//!
//! [`Log`] is the file, [`Transcript`] one room's part of it. An event is text to them, and only
//! this module knows any SQL.
//!
//! # How events are saved
//! Rooms put events into one queue, bounded in bytes, and go on. One thread owns the connection that
//! writes; it takes all that is queued, commits it as one transaction (WAL, `synchronous=FULL`: the
//! disk has it when the commit returns), and then tells each room how far it is saved
//! ([`Transcript::saved`]). So the time of a commit sets how many events share it. Another thread
//! reads, on a connection of its own, and neither waits for the other.
//!
//! # When the disk does not take them
//! The writer keeps what it has, in order, and tries again until it succeeds; [`Log::health`] says
//! so meanwhile. Nothing is lost while the queue holds it. When it is full, [`Transcript::append`]
//! refuses, and the room is *cut*: every later event is refused too, because the log would have a
//! hole that nobody can see. A cut room stays live, and becomes saved again in these steps:
//! 1. wait for [`Health::Saving`];
//! 2. `let epoch = transcript.begin_epoch().await?`: its number is on the disk before anybody sees it;
//! 3. without an await between them, so that no event comes between: make a snapshot of the room's
//!    state with the offset of its last event, hand it to [`Transcript::restart`], and give the next
//!    event the new epoch. If the queue is full again, start at 1.
//!
//! What was lost lies between [`Epoch::last`] and [`Epoch::first`], and [`can_resume`] sends nobody
//! across.
//!
//! # When the gateway starts
//! [`Log::open`] gives what is [`Kept`]. A room begins a new epoch before its first event; the first
//! offset then is `last + 1`. Its state is its latest snapshot and the events after it. Where the disk
//! does not take the epoch, the room is cut from the beginning, and its events are in [`UNSAVED`].

mod epoch;
mod error;
mod file;
mod queue;
mod reader;
#[cfg(test)]
mod tests;
mod transcript;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::metrics::Metrics;
use crate::policy::secret::Hash;

pub use epoch::{Epoch, UNSAVED, can_resume};
pub use error::{LogError, NotRead, NotSaved, Refused, Why};
pub use transcript::{Line, Record, Snapshot, Transcript};

use queue::{Item, Queue};
use reader::Reader;
use writer::Writer;

/// The file's name in the data directory.
pub const FILE: &str = "rooms.sqlite3";

/// What may wait to be saved, of all rooms together.
pub const QUEUE_BYTES: usize = 16 << 20;

/// How long SQLite waits for another program that has the file's lock, such as one that copies it.
const BUSY: Duration = Duration::from_secs(5);

/// A new room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// Its name, which no other room has.
    pub room: String,
    /// Its code, which no other room has.
    pub code: String,
    /// What is kept of the secret to teach.
    pub teach_hash: Hash,
    /// What is kept of the secret to look on.
    pub view_hash: Hash,
    /// When it was made, in ms since 1970.
    pub created_ms: u64,
}

/// A room as the file has it.
#[derive(Debug)]
pub struct Kept {
    /// What it was made with.
    pub room: NewRoom,
    /// When it was last used, in ms since 1970.
    pub used_ms: u64,
    /// The last saved offset; 0 if nothing was.
    pub last: u64,
    /// The offset of its latest snapshot, which [`Transcript::snapshot_kept`] reads.
    pub snapshot: Option<u64>,
    /// Members' numbers, and what is kept of their tokens.
    pub tokens: Vec<(u32, Hash)>,
    /// Its transcript, for which a new epoch must be begun.
    pub transcript: Transcript,
}

/// Whether events get to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// They do.
    Saving,
    /// They don't just now, and wait.
    NotSaving(Why),
}

/// What tests set; the program uses the default.
#[derive(Clone, Debug)]
struct Settings {
    queue_bytes: usize,
    busy: Duration,
    /// Pages that the file may have, as if the disk were full then; 0 is as many as it likes.
    most_pages: Arc<AtomicU32>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            queue_bytes: QUEUE_BYTES,
            busy: BUSY,
            most_pages: Arc::default(),
        }
    }
}

/// The file of all rooms, open. It ends with [`Log::stop`], or when it is dropped; both save what is
/// queued.
#[derive(Debug)]
pub struct Log {
    queue: Arc<Queue>,
    reader: Reader,
    health: watch::Receiver<Health>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Log {
    /// Opens the file in `directory`, or makes it, and gives the rooms in it. It blocks, some ms.
    ///
    /// # Errors
    /// [`LogError`] where the file can't be used, is another gateway's, newer, or damaged.
    pub fn open(directory: &Path, metrics: &Arc<Metrics>) -> Result<(Self, Vec<Kept>), LogError> {
        Self::open_with(directory, metrics, Settings::default())
    }

    fn open_with(
        directory: &Path,
        metrics: &Arc<Metrics>,
        settings: Settings,
    ) -> Result<(Self, Vec<Kept>), LogError> {
        let path: PathBuf = directory.join(FILE);
        let file = path.display().to_string();
        let sqlite = |error: rusqlite::Error| LogError::new(&file, &error);
        let (lock, writing) = file::open(&path, settings.busy)?;
        let reading = file::open_to_read(&path, settings.busy).map_err(sqlite)?;

        let queue = Arc::new(Queue::new(settings.queue_bytes, metrics.clone()));
        let (reader, read) = reader::start(reading, metrics.clone());
        let rows = file::rooms(&writing).map_err(sqlite)?;
        let kept = rows
            .into_iter()
            .map(|row| row.kept(&queue, &reader))
            .collect();
        let (tell, health) = watch::channel(Health::Saving);
        let writer = Writer {
            connection: writing,
            _lock: lock,
            queue: queue.clone(),
            reader: reader.clone(),
            health: tell,
            metrics: metrics.clone(),
            most_pages: settings.most_pages,
            busy: settings.busy,
            left: writer::Left::default(),
        };
        let thread = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let builder = std::thread::Builder::new().name(name.to_owned());
            builder.spawn(run).map_err(|error| LogError::File {
                file: file.clone(),
                error,
            })
        };
        let log = Log {
            queue,
            reader,
            health,
            threads: Mutex::default(),
        };
        // If the second thread can't start, dropping the log ends the first.
        log.own(thread("log-writer", Box::new(move || writer.run()))?);
        log.own(thread("log-reader", Box::new(read))?);
        Ok((log, kept))
    }

    /// The same for tests of a disk that fills up: with so long a queue, and as many pages as the last
    /// returned says; 0 is as many as it likes.
    #[cfg(test)]
    pub(crate) fn open_to_fail(
        directory: &Path,
        metrics: &Arc<Metrics>,
        queue_bytes: usize,
    ) -> (Self, Vec<Kept>, Arc<AtomicU32>) {
        let settings = Settings {
            queue_bytes,
            busy: Duration::from_millis(1),
            ..Settings::default()
        };
        let most_pages = settings.most_pages.clone();
        let opened = Self::open_with(directory, metrics, settings);
        let (log, kept) = opened.unwrap_or_else(|error| panic!("{error}"));
        (log, kept, most_pages)
    }

    /// Makes a room, in its first epoch; returns when the disk has it.
    ///
    /// # Errors
    /// [`NotSaved`]; then there is no room.
    pub async fn create(&self, room: NewRoom) -> Result<Transcript, NotSaved> {
        let (reply, answer) = oneshot::channel();
        let room = Box::new(room);
        self.queue.push(Item::Create { room, reply })?;
        answer.await.unwrap_or(Err(Refused::Stopped.into()))
    }

    /// Whether events get to the disk, now and at each change.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Takes nothing more, saves what is queued, and waits until both threads have ended. If the disk
    /// does not take it, it is tried once more and then left.
    pub async fn stop(&self) {
        let threads = self.close();
        let joined = tokio::task::spawn_blocking(move || join(threads));
        if let Err(error) = joined.await {
            tracing::warn!(%error, "the rooms' log did not stop as it should");
        }
    }

    fn own(&self, thread: JoinHandle<()>) {
        self.threads().push(thread);
    }

    fn close(&self) -> Vec<JoinHandle<()>> {
        self.queue.close();
        self.reader.close();
        std::mem::take(&mut *self.threads())
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread of the rooms' log has failed");
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        join(self.close());
    }
}

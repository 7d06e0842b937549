//! The thread that writes: takes what waits, commits it as one, tells who is saved, and tries again.
//!
//! What is deleted lies in the journal until that is emptied. So it is after a commit by which a name or
//! a room goes, before anybody is told; where somebody reads just then, soon after.

mod group;
mod room;
mod wipe;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

use super::Health;
use super::error::Why;
use super::file::Lock;
use super::queue::{Group, Queue};
use super::reader::Reader;
use crate::metrics::Metrics;
use group::{Pruning, Saved};
#[cfg(test)]
pub(super) use room::PRUNED_BYTES;

/// The first rest after a commit that failed; each is twice the one before it.
const FIRST_REST: Duration = Duration::from_millis(20);

/// The longest rest: so long may a room be unsaved after the disk has space again.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// How long the journal waits at a time for those who read it: everything waits with it.
const EMPTYING: Duration = Duration::from_millis(100);

/// After so long it is tried again.
const EMPTIED_AGAIN: Duration = Duration::from_secs(1);

/// What the thread owns.
pub(super) struct Writer {
    pub(super) connection: Connection,
    /// Nobody else opens the file while it lives.
    pub(super) _lock: Lock,
    pub(super) queue: Arc<Queue>,
    pub(super) reader: Reader,
    pub(super) health: watch::Sender<Health>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) most_pages: Arc<AtomicU32>,
    /// How long a commit waits for another program.
    pub(super) busy: Duration,
    pub(super) left: Left,
}

/// What is still to be done once there is nothing to save.
#[derive(Debug)]
pub(super) struct Left {
    /// There are events of rooms that are gone.
    wiping: bool,
    pruning: Pruning,
    /// The journal has something that is to be nowhere; when it is to be emptied.
    residue: Option<Instant>,
}

impl Default for Left {
    /// What an earlier gateway did not come to.
    fn default() -> Self {
        Left {
            wiping: true,
            pruning: Pruning::new(),
            residue: Some(Instant::now()),
        }
    }
}

impl Left {
    /// How long there may be nothing to save until it is done; `None` where there is nothing to do.
    fn after(&self) -> Option<Duration> {
        if self.wiping || !self.pruning.is_empty() {
            return Some(Duration::ZERO);
        }
        let due = self.residue?;
        Some(due.saturating_duration_since(Instant::now()))
    }
}

/// Whatever ends the thread, nothing more is taken after it.
struct Over(Arc<Queue>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Writer {
    /// Saves until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let _over = Over(self.queue.clone());
        while let Some(group) = self.queue.take(self.left.after()) {
            self.save(group);
        }
        // What the journal holds goes into the file now, which is quicker to open then.
        if !self.empty_journal(self.busy) {
            tracing::warn!("the rooms' journal stays beside their file");
        }
    }

    /// Commits a group and what comes meanwhile, however often it takes; once the queue is closed, it is
    /// tried once more.
    fn save(&mut self, mut group: Group) {
        let mut rest = FIRST_REST;
        let mut last_try = false;
        loop {
            match self.commit(&group) {
                Ok(saved) => {
                    if !group.items.is_empty() {
                        self.metrics.log_commits.inc();
                    }
                    self.metrics.log_saved.inc_by(saved.events());
                    self.forget(saved.forgets());
                    self.say(Health::Saving);
                    saved.tell(&mut group, &self.queue, &self.reader);
                    break;
                }
                Err(error) => {
                    let why = Why::of(&error);
                    self.metrics.log_failures.inc();
                    if *self.health.borrow() == Health::Saving {
                        tracing::error!(%error, "rooms are not saved; trying again");
                    }
                    self.say(Health::NotSaving(why));
                    group.fail(why);
                    if last_try {
                        let left = group.items.len();
                        tracing::error!(%error, left, "rooms are not saved, and the gateway stops");
                        break;
                    }
                }
            }
            last_try = self.queue.rest(rest);
            rest = (rest * 2).min(LONGEST_REST);
            // So that who waits for an answer gets it from the next try.
            self.queue.take_more(&mut group);
        }
        self.queue.done(group);
    }

    /// One try: all of the group, or nothing.
    fn commit(&mut self, group: &Group) -> rusqlite::Result<Saved> {
        let most_pages = self.most_pages.load(Ordering::Relaxed);
        if most_pages > 0 {
            let set = format!("PRAGMA max_page_count = {most_pages}");
            self.connection.query_row(&set, (), |_| Ok(()))?;
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut pruning = self.left.pruning.clone();
        let saved = Saved::write(&transaction, &group.items, &mut pruning)?;
        let wiping = wipe::some(&transaction)?;
        transaction.commit()?;
        self.left.pruning = pruning;
        self.left.wiping = wiping;
        Ok(saved)
    }

    /// After a commit: empties the journal where that has something that is to be nowhere, now or since
    /// earlier. Of a long transcript it does so once all of it is wiped.
    fn forget(&mut self, now: bool) {
        if now {
            self.left.residue = Some(Instant::now());
        }
        if !self.left.wiping
            && let Some(due) = self.left.residue
            && due <= Instant::now()
        {
            let emptied = self.empty_journal(EMPTYING.min(self.busy));
            self.left.residue = (!emptied).then(|| Instant::now() + EMPTIED_AGAIN);
        }
    }

    /// Puts what the journal has into the file, and cuts it to nothing. Says whether it could: others
    /// may be reading it.
    fn empty_journal(&self, busy: Duration) -> bool {
        let emptied = self.connection.busy_timeout(busy).and_then(|()| {
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.connection
                .query_row(checkpoint, (), |row| row.get::<_, bool>(0))
        });
        if let Err(error) = self.connection.busy_timeout(self.busy) {
            tracing::warn!(%error, "commits may not wait for other programs");
        }
        match emptied {
            Ok(is_busy) => !is_busy,
            Err(error) => {
                tracing::debug!(%error, "the journal is not empty");
                false
            }
        }
    }

    fn say(&self, health: Health) {
        self.health.send_if_modified(|now| {
            let changed = *now != health;
            *now = health;
            changed
        });
    }
}

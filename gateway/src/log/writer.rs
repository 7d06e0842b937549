//! The thread that writes: takes what waits, commits it as one, tells who is saved, and tries again.

mod group;
mod room;
mod wipe;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::watch;

use super::Health;
use super::error::Why;
use super::file::Lock;
use super::queue::{Group, Queue};
use super::reader::Reader;
use crate::metrics::Metrics;
use group::Saved;

/// The first rest after a commit that failed; each is twice the one before it.
const FIRST_REST: Duration = Duration::from_millis(20);

/// The longest rest: so long may a room be unsaved after the disk has space again.
const LONGEST_REST: Duration = Duration::from_secs(1);

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
        // What an earlier gateway did not come to.
        let mut wiping = true;
        while let Some(group) = self.queue.take(wiping) {
            wiping = self.save(group);
        }
        // What the journal holds goes into the file now, which is quicker to open then.
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        if let Err(error) = self.connection.query_row(checkpoint, (), |_| Ok(())) {
            tracing::warn!(%error, "the rooms' journal stays beside their file");
        }
    }

    /// Commits a group and what comes meanwhile, however often it takes; once the queue is closed, it is
    /// tried once more. Says whether there is more to wipe.
    fn save(&mut self, mut group: Group) -> bool {
        let mut rest = FIRST_REST;
        let mut last_try = false;
        let wiping = loop {
            match self.commit(&group) {
                Ok((saved, wiping)) => {
                    if !group.items.is_empty() {
                        self.metrics.log_commits.inc();
                    }
                    self.metrics.log_saved.inc_by(saved.events());
                    self.say(Health::Saving);
                    saved.tell(&mut group, &self.queue, &self.reader);
                    break wiping;
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
                        break false;
                    }
                }
            }
            last_try = self.queue.rest(rest);
            rest = (rest * 2).min(LONGEST_REST);
            // So that who waits for an answer gets it from the next try.
            self.queue.take_more(&mut group);
        };
        self.queue.done(group);
        wiping
    }

    /// One try: all of the group, or nothing. Says also whether there is more to wipe.
    fn commit(&mut self, group: &Group) -> rusqlite::Result<(Saved, bool)> {
        let most_pages = self.most_pages.load(Ordering::Relaxed);
        if most_pages > 0 {
            let set = format!("PRAGMA max_page_count = {most_pages}");
            self.connection.query_row(&set, (), |_| Ok(()))?;
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let saved = Saved::write(&transaction, &group.items)?;
        let wiping = wipe::some(&transaction)?;
        transaction.commit()?;
        Ok((saved, wiping))
    }

    fn say(&self, health: Health) {
        self.health.send_if_modified(|now| {
            let changed = *now != health;
            *now = health;
            changed
        });
    }
}

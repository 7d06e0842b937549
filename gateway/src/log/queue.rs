//! What waits to be saved: a queue in bytes between the rooms and the writer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::{NotSaved, Refused};
use super::transcript::{Record, Room, Snapshot, Transcript};
use super::{Epoch, NewRoom};
use crate::metrics::Metrics;

/// What small things may take beyond the bound, so that a full queue can still be told to forget.
const RESERVE_BYTES: usize = 1 << 20;

/// Something to be saved.
#[derive(Debug)]
pub(super) enum Item {
    /// A new room.
    Create {
        room: Box<NewRoom>,
        reply: oneshot::Sender<Result<Transcript, NotSaved>>,
    },
    /// Something of one room.
    Room { room: Arc<Room>, order: Order },
}

/// What is to be saved of a room.
#[derive(Debug)]
pub(super) enum Order {
    Append(Record),
    BeginEpoch(oneshot::Sender<Result<Epoch, NotSaved>>),
    Restart {
        epoch: u32,
        snapshot: Snapshot,
    },
    Snapshot {
        offset: u64,
        text: Box<str>,
    },
    Rewrite {
        offset: u64,
        text: Box<str>,
    },
    ForgetToken(u32),
    Touch(u64),
    Prune(u64),
    /// All before it is done.
    Settle(oneshot::Sender<()>),
    End(oneshot::Sender<Result<(), NotSaved>>),
}

impl Item {
    /// What it takes in memory.
    fn bytes(&self) -> usize {
        let text = match self {
            Item::Create { room, .. } => {
                size_of::<NewRoom>() + room.room.capacity() + room.code.capacity()
            }
            Item::Room { order, .. } => match order {
                Order::Append(Record { text, .. })
                | Order::Snapshot { text, .. }
                | Order::Rewrite { text, .. } => text.len(),
                Order::Restart { snapshot, .. } => {
                    snapshot.text.len() + size_of_val(snapshot.tokens.as_slice())
                }
                _ => 0,
            },
        };
        size_of::<Item>() + text
    }

    /// Whether it may use the reserve: what is small, and does not come by the hundred a second.
    fn is_small(&self) -> bool {
        match self {
            Item::Create { .. } => true,
            Item::Room { order, .. } => !matches!(
                order,
                Order::Append(_) | Order::Snapshot { .. } | Order::Restart { .. }
            ),
        }
    }
}

/// All that waited when the writer came, in order.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) items: Vec<Item>,
    bytes: usize,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    most_bytes: usize,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Waiting {
    items: Vec<Item>,
    /// Of these, and of what the writer is saving.
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// An empty queue for so many bytes.
    pub(super) fn new(most_bytes: usize, metrics: Arc<Metrics>) -> Self {
        Queue {
            waiting: Mutex::default(),
            wake: Condvar::new(),
            most_bytes,
            metrics,
        }
    }

    /// Puts something at the end.
    ///
    /// # Errors
    /// [`Refused::Full`] or [`Refused::Stopped`].
    pub(super) fn push(&self, item: Item) -> Result<(), Refused> {
        let reserve = if item.is_small() { RESERVE_BYTES } else { 0 };
        let bytes = item.bytes();
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Refused::Stopped);
        }
        if waiting.bytes + bytes > self.most_bytes + reserve {
            return Err(Refused::Full);
        }
        waiting.items.push(item);
        self.count(&mut waiting, bytes, 0);
        drop(waiting);
        self.wake.notify_one();
        Ok(())
    }

    /// Counts an event that is not taken, here or because of an earlier one.
    pub(super) fn refuse(&self) {
        self.metrics.log_refused.inc();
    }

    /// Takes all there is, and waits for something if there is nothing, but no longer than until there
    /// is other work to do. `None` once the queue is closed and empty. What was taken still counts until
    /// it is [`Queue::done`].
    pub(super) fn take(&self, other_work: Option<Duration>) -> Option<Group> {
        let end = other_work.map(|after| Instant::now() + after);
        let mut waiting = self.lock();
        while waiting.items.is_empty() {
            if waiting.closed {
                return None;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            waiting = match left {
                Some(Duration::ZERO) => return Some(Group::default()),
                Some(left) => self.wait_for(waiting, left),
                None => self.wait(waiting),
            };
        }
        let items = std::mem::take(&mut waiting.items);
        let bytes = items.iter().map(Item::bytes).sum();
        Some(Group { items, bytes })
    }

    /// Adds to a group what came after it, and waits for nothing.
    pub(super) fn take_more(&self, group: &mut Group) {
        let items = std::mem::take(&mut self.lock().items);
        group.bytes += items.iter().map(Item::bytes).sum::<usize>();
        group.items.extend(items);
    }

    /// A group, or what was left of it, has left the memory.
    pub(super) fn done(&self, group: Group) {
        let bytes = group.bytes;
        drop(group);
        self.count(&mut self.lock(), 0, bytes);
    }

    /// Rests, but no longer than until the queue is closed. Says whether it is.
    pub(super) fn rest(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut waiting = self.lock();
        while !waiting.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            waiting = self.wait_for(waiting, left);
        }
        waiting.closed
    }

    /// Takes nothing more; what is in it is still saved.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    fn count(&self, waiting: &mut Waiting, more: usize, less: usize) {
        waiting.bytes = waiting.bytes + more - less;
        self.metrics
            .log_queue
            .set(i64::try_from(waiting.bytes).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for<'a>(
        &self,
        waiting: MutexGuard<'a, Waiting>,
        time: Duration,
    ) -> MutexGuard<'a, Waiting> {
        let waited = self.wake.wait_timeout(waiting, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn wait<'a>(&self, waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        self.wake
            .wait(waiting)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

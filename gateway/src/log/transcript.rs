//! One room's part of the log: what a room holds to have its events kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use super::epoch::{Epoch, UNSAVED};
use super::error::{NotRead, NotSaved, Refused};
use super::file::MAX_OFFSET;
use super::queue::{Item, Order, Queue};
use super::reader::Reader;
use crate::policy::secret::Hash;

/// One event, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The room's epoch.
    pub epoch: u32,
    /// Its place, from 1; greater than `prev`.
    pub offset: u64,
    /// The place of the event before it; 0 if there is none.
    pub prev: u64,
    /// When, in µs since 1970.
    pub time_us: u64,
    /// The event: one line of JSON.
    pub text: Box<str>,
    /// The token that a member got by it: the member's number, and what is kept of the token.
    pub token: Option<(u32, Hash)>,
}

/// One event, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The epoch it happened in.
    pub epoch: u32,
    /// Its place.
    pub offset: u64,
    /// The place of the event before it. A replay is whole if this is where the reader was.
    pub prev: u64,
    /// When, in µs since 1970.
    pub time_us: u64,
    /// The event: one line of JSON.
    pub text: Box<str>,
}

/// What a cut room goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last event that it has in it.
    pub offset: u64,
    /// The room's state.
    pub text: Box<str>,
    /// All members' numbers, and what is kept of their tokens.
    pub tokens: Vec<(u32, Hash)>,
}

/// A room's transcript. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Transcript {
    room: Arc<Room>,
    queue: Arc<Queue>,
    reader: Reader,
}

/// What the transcript and the writer both know of a room.
#[derive(Debug)]
pub(super) struct Room {
    /// Its number in the file.
    pub(super) key: i64,
    pub(super) name: Box<str>,
    position: Mutex<Position>,
    saved: watch::Sender<u64>,
}

/// Where a room stands.
#[derive(Debug)]
struct Position {
    phase: Phase,
    /// The last offset that was taken.
    last: u64,
    epochs: Vec<Epoch>,
    /// Whether the last of these was begun since the room was cut.
    fresh: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// From the disk: it needs a new epoch.
    Kept,
    /// Events are taken.
    Open,
    /// An event was not taken, or no epoch could be begun: it needs a new epoch and a snapshot.
    Cut,
    /// It is gone.
    Ended,
}

impl Position {
    fn epoch(&self) -> u32 {
        self.epochs.last().map_or(0, |epoch| epoch.epoch)
    }
}

impl Room {
    fn new(key: i64, name: Box<str>, last: u64, epochs: Vec<Epoch>, phase: Phase) -> Arc<Self> {
        let position = Position {
            phase,
            last,
            epochs,
            fresh: false,
        };
        Arc::new(Room {
            key,
            name,
            position: Mutex::new(position),
            saved: watch::Sender::new(last),
        })
    }

    /// All up to `offset` is on the disk.
    pub(super) fn saved(&self, offset: u64) {
        self.saved.send_replace(offset);
    }

    /// A new epoch is on the disk.
    pub(super) fn begun(&self, epoch: Epoch) {
        let mut position = self.position();
        position.epochs.retain(|it| it.epoch != UNSAVED);
        position.epochs.push(epoch);
        match position.phase {
            Phase::Kept => position.phase = Phase::Open,
            Phase::Cut => position.fresh = true,
            Phase::Open | Phase::Ended => {}
        }
    }

    /// No epoch can be begun for a room from the disk: it goes on without.
    fn unsaved(&self) {
        let mut position = self.position();
        if position.phase == Phase::Kept {
            position.phase = Phase::Cut;
            let last = position.last;
            position.epochs.push(Epoch::unsaved(last));
        }
    }

    /// An event that was taken can't be saved.
    pub(super) fn cut(&self) {
        let mut position = self.position();
        if position.phase != Phase::Ended {
            position.phase = Phase::Cut;
        }
    }

    /// The room is gone from the disk.
    pub(super) fn ended(&self) {
        self.position().phase = Phase::Ended;
    }

    fn position(&self) -> MutexGuard<'_, Position> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transcript {
    /// That of a room that is new on the disk.
    pub(super) fn created(
        key: i64,
        name: String,
        epoch: Epoch,
        queue: &Arc<Queue>,
        reader: &Reader,
    ) -> Self {
        let room = Room::new(key, name.into(), 0, vec![epoch], Phase::Open);
        Transcript {
            room,
            queue: queue.clone(),
            reader: reader.clone(),
        }
    }

    /// That of a room that was found on the disk.
    pub(super) fn kept(
        key: i64,
        name: &str,
        last: u64,
        epochs: Vec<Epoch>,
        queue: &Arc<Queue>,
        reader: &Reader,
    ) -> Self {
        let room = Room::new(key, name.into(), last, epochs, Phase::Kept);
        Transcript {
            room,
            queue: queue.clone(),
            reader: reader.clone(),
        }
    }

    /// The room's name.
    pub fn room(&self) -> &str {
        &self.room.name
    }

    /// All epochs that the room had, in order, the current one last.
    pub fn epochs(&self) -> Vec<Epoch> {
        self.room.position().epochs.clone()
    }

    /// How far the room is saved: an offset, now and at each change. All up to it is on the disk.
    pub fn saved(&self) -> watch::Receiver<u64> {
        self.room.saved.subscribe()
    }

    /// Whether events are refused until there is a new epoch.
    pub fn is_cut(&self) -> bool {
        self.room.position().phase == Phase::Cut
    }

    /// Puts an event into the queue, in no time; [`Transcript::saved`] tells when the disk has it.
    ///
    /// # Errors
    /// [`Refused`]: the event is not saved, and none after it until the room has [restarted](Self::restart).
    pub fn append(&self, record: Record) -> Result<(), Refused> {
        let mut position = self.room.position();
        match position.phase {
            Phase::Open => {}
            Phase::Kept => return Err(Refused::NoEpoch),
            Phase::Cut => {
                self.queue.refuse();
                return Err(Refused::Cut);
            }
            Phase::Ended => return Err(Refused::Ended),
        }
        let (epoch, last, offset) = (position.epoch(), position.last, record.offset);
        let follows = record.epoch == epoch && record.prev == last;
        let follows = follows && offset > last && offset <= MAX_OFFSET;
        let taken = if follows {
            self.order(Order::Append(record))
        } else {
            Err(Refused::Order { epoch, last })
        };
        match taken {
            Ok(()) => position.last = offset,
            Err(_) => {
                position.phase = Phase::Cut;
                self.queue.refuse();
            }
        }
        taken
    }

    /// Begins an epoch, for a room from the disk or a cut one; returns when the disk has its number.
    ///
    /// # Errors
    /// [`NotSaved`]; then the room is cut. Of one from the disk, events are in [`UNSAVED`] until then.
    pub async fn begin_epoch(&self) -> Result<Epoch, NotSaved> {
        match self.room.position().phase {
            Phase::Kept | Phase::Cut => {}
            Phase::Open => return Err(Refused::HasEpoch.into()),
            Phase::Ended => return Err(Refused::Ended.into()),
        }
        let (reply, answer) = oneshot::channel();
        let begun = match self.order(Order::BeginEpoch(reply)) {
            Ok(()) => answer.await.unwrap_or(Err(Refused::Stopped.into())),
            Err(refused) => Err(refused.into()),
        };
        if begun.is_err() {
            self.room.unsaved();
        }
        begun
    }

    /// Lets a cut room go on from a snapshot, in an epoch that was [begun](Self::begin_epoch) since
    /// it was cut: the next event is the one after the snapshot's. It replaces all tokens, too, as
    /// some may have been lost. Events since the cut are not in the transcript.
    ///
    /// # Errors
    /// [`Refused`]; then the room is still cut.
    pub fn restart(&self, epoch: u32, snapshot: Snapshot) -> Result<(), Refused> {
        let mut position = self.room.position();
        match position.phase {
            Phase::Cut => {}
            Phase::Kept => return Err(Refused::NoEpoch),
            Phase::Open => return Err(Refused::HasEpoch),
            Phase::Ended => return Err(Refused::Ended),
        }
        if !position.fresh {
            return Err(Refused::NoEpoch);
        }
        let (current, last) = (position.epoch(), position.last);
        if epoch != current || snapshot.offset < last {
            return Err(Refused::Order {
                epoch: current,
                last,
            });
        }
        let offset = snapshot.offset;
        self.order(Order::Restart { epoch, snapshot })?;
        position.phase = Phase::Open;
        position.fresh = false;
        position.last = offset;
        if let Some(current) = position.epochs.last_mut() {
            current.first = offset + 1;
        }
        Ok(())
    }

    /// Keeps the room's state after the event at `offset`, instead of the snapshot before. It is left
    /// out if that one is newer, or if the event is not saved by then (of a cut room).
    ///
    /// # Errors
    /// [`Refused`]; then the snapshot before is still there.
    pub fn snapshot(&self, offset: u64, text: Box<str>) -> Result<(), Refused> {
        self.order(Order::Snapshot { offset, text })
    }

    /// Replaces the text of an event, as when a name is to go: from the file with the next commit, and
    /// from its journal with it or, where somebody reads that just then, soon after.
    ///
    /// # Errors
    /// [`Refused`]; then the old text is still there.
    pub fn rewrite(&self, offset: u64, text: Box<str>) -> Result<(), Refused> {
        self.order(Order::Rewrite { offset, text })
    }

    /// Forgets a member's token.
    ///
    /// # Errors
    /// [`Refused`]; then it is still there.
    pub fn forget_token(&self, member: u32) -> Result<(), Refused> {
        self.order(Order::ForgetToken(member))
    }

    /// The room was used at that time, in ms since 1970: the next gateway takes up what was
    /// [used](super::Kept::used_ms) not too long ago.
    ///
    /// # Errors
    /// [`Refused`]; then the time before counts.
    pub fn touch(&self, used_ms: u64) -> Result<(), Refused> {
        self.order(Order::Touch(used_ms))
    }

    /// Deletes the oldest events, so that the texts of the others come to `keep_bytes` or less; but
    /// none that is newer than the latest snapshot. Where they are many they go some at a time, in the
    /// moments after that. It costs nothing where there is nothing to delete.
    ///
    /// # Errors
    /// [`Refused`]; then all are still there.
    pub fn prune(&self, keep_bytes: u64) -> Result<(), Refused> {
        self.order(Order::Prune(keep_bytes))
    }

    /// Resolves when the disk has done all that was asked of this room before, or the log has stopped.
    pub fn settled(&self) -> impl Future<Output = ()> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let taken = self.order(Order::Settle(reply));
        async move {
            if taken.is_ok() {
                // It says no more by an answer than by none.
                let _ = answer.await;
            }
        }
    }

    /// Deletes the room with all it has. Nothing more is taken from now on; the future resolves when
    /// the disk has no such room any more, and dropping that changes nothing. Of a long transcript the
    /// last events are wiped in the moments after that, so that other rooms need not wait for it, and
    /// from the journal when nobody reads that.
    pub fn end(&self) -> impl Future<Output = Result<(), NotSaved>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let taken = {
            let mut position = self.room.position();
            let taken = self.order(Order::End(reply));
            if taken.is_ok() {
                position.phase = Phase::Ended;
            }
            taken
        };
        async move {
            taken?;
            answer.await.unwrap_or(Err(Refused::Stopped.into()))
        }
    }

    /// Reads saved events after an offset, in order: as many as have `most_bytes` of text together,
    /// and at least one if there is any. What is queued is not among them.
    ///
    /// # Errors
    /// [`NotRead`].
    pub async fn read(&self, after: u64, most_bytes: usize) -> Result<Vec<Line>, NotRead> {
        self.reader.lines(self.room.key, after, most_bytes).await
    }

    /// Reads the latest saved snapshot: the offset of the last event in it, and the room's state.
    ///
    /// # Errors
    /// [`NotRead`].
    pub async fn snapshot_kept(&self) -> Result<Option<(u64, Box<str>)>, NotRead> {
        self.reader.snapshot(self.room.key).await
    }

    fn order(&self, order: Order) -> Result<(), Refused> {
        let room = self.room.clone();
        self.queue.push(Item::Room { room, order })
    }
}

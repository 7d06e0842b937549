//! One who reads a room's events on one connection: a place in them, and no copy of anything.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::room::RoomEvent;
use tokio::sync::watch;

use super::inside::Inside;
use super::page::{self, AROUND_BYTES, Building, EVENTS_BYTES, Kept, text_of};
use super::ring::Next;
use super::seat::Seat;
use crate::log::{Line, NotRead, can_resume};

type Reading = Pin<Box<dyn Future<Output = Result<Vec<Line>, NotRead>> + Send + Sync>>;

/// What is read of the log at once: with the commas it fits a page.
const READ_BYTES: usize = EVENTS_BYTES - AROUND_BYTES;

/// One who reads a room's events.
pub struct Reader {
    seat: Arc<Seat>,
    changed: watch::Receiver<u64>,
    /// It has all events up to this one.
    seen: u64,
    /// What it gets before anything else.
    first: VecDeque<Bytes>,
    /// What it was told last of how far the room is saved.
    told: Option<Kept>,
    /// It was told that it lags, and has not caught up since.
    is_lagging: bool,
    /// It has to be said yet whether it recovers.
    is_asking: bool,
    /// What it gets has no names in it.
    veil: bool,
    reading: Option<Reading>,
}

/// What there is for a reader.
enum Step {
    Send(Bytes),
    Again,
    Wait,
    /// It has to read the log; so many events wait for it.
    Read(u64),
    Over,
}

impl Reader {
    pub(super) fn new(seat: Arc<Seat>, epoch: u32, offset: u64) -> Self {
        let room = seat.room.clone();
        let mut reader = Reader {
            changed: room.changed.subscribe(),
            seat,
            seen: offset,
            first: VecDeque::new(),
            told: None,
            is_lagging: false,
            is_asking: false,
            veil: false,
            reading: None,
        };
        room.with(|room, inside| {
            reader.veil = reader.veils(inside);
            let resumes = offset > 0
                && offset <= inside.state.facts.offset
                && can_resume(&room.transcript.epochs(), epoch, offset);
            match (resumes, inside.ring.has(offset)) {
                (true, true) => reader.recovered(),
                // Whether the log has what comes next is known when it was read.
                (true, false) => reader.is_asking = true,
                (false, _) => reader.start_anew(inside),
            }
        });
        reader
    }

    /// The next message for this connection. Cancel-safe.
    pub async fn next(&mut self) -> Bytes {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = reading.await;
                self.reading = None;
                if let Some(text) = self.take_lines(read) {
                    return text;
                }
                continue;
            }
            // Marked as seen before it is looked at.
            self.changed.borrow_and_update();
            match self.step() {
                Step::Send(text) => return text,
                Step::Again => {}
                Step::Wait => {
                    if self.changed.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
                Step::Read(behind) => {
                    let (transcript, seen) = (self.seat.room.transcript.clone(), self.seen);
                    let read = async move { transcript.read(seen, READ_BYTES).await };
                    self.reading = Some(Box::pin(read));
                    // Who was away is behind as well, and knows it.
                    if !std::mem::replace(&mut self.is_lagging, true) && !self.is_asking {
                        self.seat.room.common.metrics.room_lagging.inc();
                        return GatewayMessage::RoomLagging { behind }.encode().into();
                    }
                }
                // Its owner hears of it, and lets go.
                Step::Over => std::future::pending().await,
            }
        }
    }

    /// Whether there is nothing more to read: it is no longer in the room.
    pub fn is_over(&self) -> bool {
        self.seat.over().is_some()
    }

    fn step(&mut self) -> Step {
        let room = self.seat.room.clone();
        if self.is_over() {
            return Step::Over;
        }
        if let Some(text) = self.first.pop_front() {
            return Step::Send(text);
        }
        let mut inside = room.lock();
        if self.veils(&inside) != self.veil {
            drop(inside);
            // What it has does not fit what it may see.
            room.with(|_, inside| {
                self.veil = self.veils(inside);
                self.start_anew(inside);
            });
            return Step::Again;
        }
        match inside.ring.next(self.seen) {
            Next::Page(page) => {
                drop(inside);
                let text = page.text(self.seen, self.veil);
                self.seen = page.last;
                self.told = Some(page.kept.clone());
                self.is_lagging = false;
                room.common
                    .metrics
                    .room_deliveries
                    .inc_by(page.count.into());
                Step::Send(text)
            }
            Next::Gone(behind) => Step::Read(behind),
            Next::Nothing if self.told.as_ref() != Some(&inside.kept) => {
                self.told = Some(inside.kept.clone());
                Step::Send(inside.note())
            }
            Next::Nothing => Step::Wait,
        }
    }

    /// What the log had, if it goes on from here; or all anew.
    fn take_lines(&mut self, read: Result<Vec<Line>, NotRead>) -> Option<Bytes> {
        let room = self.seat.room.clone();
        let lines = match read {
            Ok(lines) => lines,
            Err(error) => {
                tracing::debug!(room = %room.id, %error, "a reader starts anew");
                Vec::new()
            }
        };
        let mut seen = self.seen;
        let follows = lines.iter().all(|line| {
            let follows = line.prev == seen;
            seen = line.offset;
            follows
        });
        let fits = follows && !lines.is_empty();
        let mut text = None;
        room.with(|_, inside| {
            if !fits && !inside.ring.has(self.seen) {
                return self.start_anew(inside);
            }
            if std::mem::take(&mut self.is_asking) {
                self.recovered();
            }
            // The ring goes on from here, so that the log is not needed.
            if !fits {
                return;
            }
            let mut building = Building::after(self.seen);
            for line in &lines {
                match with_name_of_today(line, inside, self.veil) {
                    Some(changed) => building.push_text(line.offset, &changed),
                    None => building.push_text(line.offset, &line.text),
                }
            }
            self.seen = seen;
            self.told = Some(inside.kept.clone());
            let page = building.page(&inside.kept);
            room.common
                .metrics
                .room_deliveries
                .inc_by(page.count.into());
            text = Some(page.text(0, false));
        });
        // What it is told first goes first.
        if !self.first.is_empty() {
            self.first.extend(text.take());
        }
        text
    }

    /// Nothing is missing: what comes after `seen` follows.
    fn recovered(&mut self) {
        let answer = GatewayMessage::RoomSubscribed {
            recovered: true,
            facts: None,
        };
        self.first.push_back(answer.encode().into());
    }

    /// The room as it is, in place of what it had.
    fn start_anew(&mut self, inside: &mut Inside) {
        let Inside {
            state,
            ring,
            snapshots,
            kept,
            ..
        } = inside;
        let snapshot = snapshots.of(state, ring, kept, self.veil);
        self.first.extend(snapshot.texts.iter().cloned());
        self.seen = snapshot.offset;
        self.told = None;
        self.is_asking = false;
        self.is_lagging = false;
    }

    /// Whether it may see no names: viewers, where they are hidden.
    fn veils(&self, inside: &Inside) -> bool {
        self.seat.member.is_none() && inside.state.facts.names_hidden
    }
}

/// An event of the log as it may be told now, where that differs: a name that is to go may still stand
/// there for a moment, and viewers may get none.
fn with_name_of_today(line: &Line, inside: &Inside, veil: bool) -> Option<String> {
    // Only these have names; to look for the word is quicker than to read them all.
    if !line.text.contains(r#""joined":{"#) {
        return None;
    }
    let mut event: RoomEvent = serde_json::from_str(&line.text).ok()?;
    super::page::renew(&mut event, &inside.state);
    if veil {
        page::veil_event(&mut event);
    }
    Some(text_of(&event))
}

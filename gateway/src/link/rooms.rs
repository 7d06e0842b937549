//! A link's room: coming in, telling it something, leaving, and what it hears from there.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Command, Key, LeftReason, NotEntered, Refusal};

use super::Link;
use crate::policy::rate::Bucket;
use crate::room::recorder::Recorder;
use crate::room::{Came, Coming, Occupant, Seat, Told};
use crate::room::{plan, under_way};

/// When a wrong key is answered, whatever was wrong with it and however soon that was known.
const ANSWER_AFTER: Duration = Duration::from_millis(100);

/// The same once so many were wrong on this link, one after the other.
const ANSWER_LATE: Duration = Duration::from_secs(1);
const MOST_WRONG: u32 = 5;

/// How often one link may come into rooms at once, and then each second.
const ENTRIES: (u32, u32) = (10, 1);

/// Who a link's client is, as its connection has it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Its address.
    pub(crate) address: IpAddr,
    /// What the addresses of the page begin with, for this client.
    pub(crate) base: Arc<str>,
}

/// A link's room.
#[derive(Debug, Default)]
pub(super) struct InRoom {
    pub(super) seat: Option<Arc<Seat>>,
    /// Tells the room of its exchanges.
    pub(super) recorder: Option<Arc<Recorder>>,
    /// How often it may come into a room.
    entries: Option<Bucket>,
    /// Wrong keys, one after the other.
    wrong: u32,
    /// Answers that are held back. They come one by one.
    held: u32,
}

impl InRoom {
    /// It came into a room once more, which everybody there is told.
    fn came(&mut self, now: Instant) {
        let bucket = || Bucket::new(ENTRIES.0, ENTRIES.1, now);
        self.entries.get_or_insert_with(bucket).take(now);
    }

    /// Whether it came so often that it has to wait.
    fn came_often(&mut self, now: Instant) -> bool {
        self.entries.as_mut().is_some_and(|it| it.is_empty(now))
    }

    /// It is in no room any more.
    fn take(&mut self) -> Option<Arc<Seat>> {
        if let Some(recorder) = self.recorder.take() {
            recorder.stop();
        }
        self.seat.take()
    }
}

impl Link {
    /// Where it sits, if it is in a room.
    pub(crate) fn seat(&self) -> Option<Arc<Seat>> {
        self.lock().room.seat.clone()
    }

    /// Whether its room lets it send to a target now.
    pub(super) fn may_send(&self, target: &str, faulted: bool) -> Result<(), Refusal> {
        match self.seat() {
            Some(seat) => seat.may_send(target, faulted),
            None => Ok(()),
        }
    }

    pub(super) fn enter(self: &Arc<Self>, key: Key, name: String, client: u32) {
        let Some(rooms) = self.rooms.clone() else {
            return self.not_entered(NotEntered::NoRooms);
        };
        let caller = {
            let mut state = self.lock();
            if state.room.seat.is_some() {
                drop(state);
                return self.not_entered(NotEntered::AlreadyIn);
            }
            if state.room.came_often(Instant::now()) {
                drop(state);
                return self.not_entered(NotEntered::TooMany);
            }
            // Who does not wait for its answer has more wrong ones, and nothing looked up.
            if state.room.held > 0 {
                state.room.held = state.room.held.saturating_add(1);
                return;
            }
            state.caller.clone()
        };
        let (now, at) = (Instant::now(), tokio::time::Instant::now());
        let guesses = &self.core.guesses;
        let this: Weak<Link> = Arc::downgrade(self);
        // Only codes are short enough to be guessed. A class that comes in again by its tokens is not
        // held up by who types wrong ones.
        let guessable = matches!(key, Key::Code { .. });
        let came = match !guessable || guesses.may(caller.address, now) {
            true => rooms.enter(Coming {
                key,
                name,
                client,
                occupant: this,
            }),
            false => {
                self.core.metrics.refuse("guesses");
                return self.hold(at);
            }
        };
        match came {
            Ok(came) => self.entered(came, &caller.base),
            Err(NotEntered::NoRoom) => {
                if guessable {
                    guesses.wrong(caller.address, now);
                }
                self.core.metrics.refuse("room_key");
                self.hold(at);
            }
            Err(reason) => self.not_entered(reason),
        }
    }

    fn entered(&self, came: Came, base: &str) {
        let Came {
            seat,
            you,
            code,
            plain_code,
        } = came;
        {
            let mut state = self.lock();
            state.room.wrong = 0;
            state.room.came(Instant::now());
            state.room.seat = Some(seat.clone());
        }
        if seat.member().is_some() {
            self.record(&seat);
        }
        // Where the gateway was started anew, nobody sees to its run yet.
        under_way::attend(&self.core, seat.room());
        let clock_offset_us = seat.clock_offset_us();
        let (keep_s, kept) = self.rooms.as_ref().map_or((0, false), |rooms| {
            (rooms.idle().as_secs(), rooms.are_kept())
        });
        let room = seat.room().id().clone();
        self.push(|seq| GatewayMessage::RoomEntered {
            seq,
            room,
            you,
            code,
            join: format!("{base}#/join/{plain_code}"),
            keep_s,
            kept,
            clock_offset_us,
        });
        // It may have been put out before it had sat down, or its link may have ended.
        if let Some(reason) = seat.over() {
            Occupant::tell(self, Told::Left(reason));
        }
        if self.ended.is_cancelled() {
            self.give_up_seat();
        }
    }

    /// What the gateway sees of its exchanges is told the room from here on.
    fn record(&self, seat: &Arc<Seat>) {
        let core = &self.core;
        let recorder = Recorder::new(
            core.clock,
            core.metrics.clone(),
            core.config.limits.sockets_per_link,
            seat.clock_offset_us(),
            self.ended.child_token(),
        );
        self.lock().room.recorder = Some(recorder.clone());
        let seat = seat.clone();
        core.tasks.spawn(async move {
            recorder.run(|exchange| seat.exchanged(exchange)).await;
        });
    }

    /// Holds the answer to a wrong key back, so that it comes at a time that tells nothing: so long
    /// after it came at `at`.
    fn hold(self: &Arc<Self>, mut at: tokio::time::Instant) {
        self.lock().room.held = 1;
        let link = self.clone();
        self.core.tasks.spawn(async move {
            loop {
                at += match link.lock().room.wrong {
                    ..MOST_WRONG => ANSWER_AFTER,
                    _ => ANSWER_LATE,
                };
                tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    () = link.ended.cancelled() => return,
                }
                let left = {
                    let mut state = link.lock();
                    state.room.wrong = state.room.wrong.saturating_add(1);
                    state.room.held -= 1;
                    state.room.held
                };
                link.not_entered(NotEntered::NoRoom);
                if left == 0 {
                    return;
                }
            }
        });
    }

    fn not_entered(&self, reason: NotEntered) {
        let detail = reason.sentence().to_owned();
        self.push(|seq| GatewayMessage::RoomNotEntered {
            seq,
            reason,
            detail,
        });
    }

    pub(super) fn tell_room(&self, no: u64, mut command: Command) {
        let told = match self.seat() {
            Some(seat) => {
                let fits = match &mut command {
                    // Others may not arm anyway.
                    Command::Arm { plan, .. } if seat.role() == Role::Teacher => {
                        plan::fit(plan, &self.core.targets)
                    }
                    _ => Ok(()),
                };
                let told = fits.and_then(|()| seat.tell(no, &command));
                if told.is_ok() && matches!(command, Command::Arm { .. }) {
                    under_way::attend(&self.core, seat.room());
                }
                told
            }
            None => Err(Refusal::NotIn),
        };
        if let Err(reason) = told {
            let detail = reason.sentence().to_owned();
            self.push(|seq| GatewayMessage::RoomRefused {
                seq,
                no,
                reason,
                detail,
            });
        }
    }

    pub(super) fn leave(&self) {
        if let Some(seat) = self.seat() {
            seat.leave();
            self.left(LeftReason::Left);
        }
    }

    /// The link is no longer in its room.
    fn left(&self, reason: LeftReason) {
        // Once, whoever comes first.
        if self.lock().room.take().is_none() {
            return;
        }
        self.wake.notify_one();
        let detail = reason.sentence().to_owned();
        self.push(|seq| GatewayMessage::RoomLeft {
            seq,
            reason,
            detail,
        });
    }

    /// The link ends: its member may come back on another.
    pub(super) fn give_up_seat(&self) {
        let seat = self.lock().room.take();
        if let Some(seat) = seat {
            seat.vacate();
        }
    }
}

impl Occupant for Link {
    fn tell(&self, told: Told) {
        match told {
            Told::Done { no } => self.push(|seq| GatewayMessage::RoomDone { seq, no }),
            Told::Silenced => self.silenced(),
            Told::Left(reason) => {
                let is_over = |seat: &Arc<Seat>| seat.over().is_some();
                if self.lock().room.seat.as_ref().is_some_and(is_over) {
                    self.left(reason);
                }
            }
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_and_goes_without_end_is_held_up() {
        let mut room = InRoom::default();
        let start = Instant::now();
        let mut tries = |at| {
            let may = !room.came_often(at);
            if may {
                room.came(at);
            }
            may
        };
        assert_eq!((0..720).filter(|_| tries(start)).count(), 10);
        let later = start + Duration::from_secs(3);
        assert_eq!((0..720).filter(|_| tries(later)).count(), 3);
    }
}

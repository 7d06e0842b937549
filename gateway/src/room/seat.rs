//! A link's seat in a room: who it is there, and what it may do.

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{
    Command, CommandNo, Exchange, Happened, LeftReason, MemberId, Refusal, RunId,
};

use super::inside::{Inside, Waiting};
use super::page::text_of;
use super::{Reader, Room};

/// Commands of one seat that wait to be saved. More come only where the disk takes nothing.
const MOST_WAITING: usize = 64;

/// The largest event that a command makes, in bytes of its text: the room's facts, with the largest
/// of them, must fit a message.
const MOST_EVENT_BYTES: usize = 16_384;

/// So long before its instant a socket may be of a run, in µs: a page whose way to the gateway is slow
/// knows the clock only roughly.
const EARLY_US: u64 = 1_000_000;

/// Something that a seat's owner is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A command is done and saved.
    Done {
        /// Its number.
        no: u64,
    },
    /// It may not send what it might before.
    Silenced,
    /// It is no longer in the room.
    Left(LeftReason),
}

/// Who sits in a room: a link. It is told things while it holds no lock that its own calls need.
pub trait Occupant: Send + Sync + fmt::Debug {
    /// Takes note of it. Does not block, and calls no room.
    fn tell(&self, told: Told);
}

/// A seat in a room. Its owner gives it up by [`Seat::vacate`].
#[derive(Debug)]
pub struct Seat {
    pub(super) room: Arc<Room>,
    /// `None` for a viewer.
    pub(super) member: Option<MemberId>,
    pub(super) role: Role,
    /// The page's own number among its member's.
    pub(super) client: u32,
    pub(super) occupant: Weak<dyn Occupant>,
    pub(super) over: OnceLock<LeftReason>,
}

impl Seat {
    /// The room.
    pub fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// Whose it is; `None` for a viewer.
    pub fn member(&self) -> Option<MemberId> {
        self.member
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The rooms' clock less the gateway's, in µs.
    pub fn clock_offset_us(&self) -> u64 {
        self.room.clock_offset_us()
    }

    /// Why it is no seat any more.
    pub fn over(&self) -> Option<LeftReason> {
        self.over.get().copied()
    }

    /// Whether a socket to a target may be opened now, and with faults.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn may_send(&self, target: &str, faulted: bool) -> Result<(), Refusal> {
        let member = self.member.ok_or(Refusal::NotAllowed)?;
        // Most rooms have no rules: then nobody waits for the lock.
        if !self.room.ruled.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.room.lock().state.may_send(member, target, faulted)
    }

    /// Whether a socket to a target that is opened now is of that run.
    pub fn is_of(&self, run: RunId, target: &str) -> bool {
        let now_us = self.room.common.now_us();
        let armed = self.room.armed.borrow();
        armed.as_ref().is_some_and(|armed| {
            let begun = armed.at_us <= now_us.saturating_add(EARLY_US);
            armed.run == run && armed.plan.target == target && begun
        })
    }

    /// The gateway saw an exchange of this member.
    pub fn exchanged(&self, exchange: Exchange) {
        let Some(member) = self.member else { return };
        self.room.with(|room, inside| {
            if inside.state.members.contains_key(&member) && !inside.state.facts.ended {
                let exchange = Box::new(exchange);
                room.happens(inside, Happened::Exchange { member, exchange });
            }
        });
    }

    /// The member tells the room. `Ok`: the owner is told when it is done and saved.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing is done.
    pub fn tell(self: &Arc<Self>, no: u64, command: &Command) -> Result<(), Refusal> {
        let Some(member) = self.member else {
            return Err(Refusal::NotAllowed);
        };
        let number = CommandNo {
            client: self.client,
            no,
        };
        self.room.with(|room, inside| {
            if self.over().is_some() {
                return Err(Refusal::NotIn);
            }
            inside.admit(member)?;
            if inside.waiting_of(self) >= MOST_WAITING {
                return Err(Refusal::TooMany);
            }
            if !inside.state.was_done(member, number) {
                let what = room.decide(inside, member, number, command)?;
                room.apply(inside, member, Some(number), what, None);
            } else if no == 0 {
                return Err(Refusal::BadRequest);
            }
            // Of one that was done before it is not known where: it is here by now.
            inside.waiting.push_back(Waiting {
                offset: inside.state.facts.offset,
                no,
                seat: Arc::downgrade(self),
                occupant: self.occupant.clone(),
            });
            Ok(())
        })
    }

    /// The room's events, for one who has all up to `offset` of `epoch`; nothing of it with zeros.
    pub fn read(self: &Arc<Self>, epoch: u32, offset: u64) -> Reader {
        Reader::new(self.clone(), epoch, offset)
    }

    /// Its owner has a connection.
    pub fn attached(self: &Arc<Self>) {
        self.room.with(|room, inside| room.attached(inside, self));
    }

    /// Its owner has none.
    pub fn detached(self: &Arc<Self>) {
        self.room.with(|room, inside| room.detached(inside, self));
    }

    /// Its owner is gone: the member keeps its place, and may come back to it.
    pub fn vacate(self: &Arc<Self>) {
        self.room.with(|room, inside| room.vacated(inside, self));
    }

    /// The member leaves for good.
    pub fn leave(self: &Arc<Self>) {
        self.room.with(|room, inside| {
            room.vacated(inside, self);
            if let Some(member) = self.member
                && inside.state.members.contains_key(&member)
                && self.over().is_none()
            {
                room.happens(inside, Happened::Left { member });
            }
            let _ = self.over.set(LeftReason::Left);
        });
    }
}

impl Room {
    fn decide(
        &self,
        inside: &Inside,
        member: MemberId,
        number: CommandNo,
        command: &Command,
    ) -> Result<Happened, Refusal> {
        let now_us = self.common.now_us();
        let look = |offset| inside.ring.spot(offset);
        let what = inside.state.decide(member, command, now_us, look)?;
        let event = inside
            .state
            .event(inside.epoch, now_us, member, Some(number), what);
        match text_of(&event).len() <= MOST_EVENT_BYTES {
            true => Ok(event.what),
            false => Err(Refusal::BadRequest),
        }
    }
}

//! What a room's lock protects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Instant;

use bytes::Bytes;
use chalkwire_shared::room::{Armed, LeftReason, MemberId, RUN_US, Refusal, RunId, State};

use super::page::{self, Kept};
use super::ring::Ring;
use super::seat::{Occupant, Seat, Told};
use super::snapshot::Snapshots;
use super::{Common, Letter, Over};
use crate::policy::rate::Bucket;
use crate::policy::secret::Hash;

/// Commands of one member at once, and then each second.
const COMMANDS: (u32, u32) = (40, 20);

/// How often the log is told that a room is in use, in the time that it is kept without.
pub(super) const TOUCHES: u64 = 24;

/// What a room's lock protects.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) state: State,
    /// That of the next event.
    pub(super) epoch: u32,
    pub(super) ring: Ring,
    /// The last page that its readers were woken for ends there.
    pub(super) announced: u64,
    pub(super) snapshots: Snapshots,
    /// What is known of each member besides the state.
    pub(super) places: BTreeMap<MemberId, Place>,
    /// When a member without a connection is away, by the rooms' clock, in µs.
    leases: BTreeSet<(u64, MemberId)>,
    pub(super) viewers: Vec<Weak<Seat>>,
    /// Commands that are done, and told so when they are saved.
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) kept: Kept,
    /// The page that tells it, for all who have nothing else to read.
    note: Option<(Kept, Bytes)>,
    /// Who is to be told what, when the lock is free.
    pub(super) told: Vec<Letter>,
    /// The task of all rooms has it on its list.
    pub(super) attended: bool,
    pub(super) saving: super::saving::Progress,
    /// Connections that it has.
    pub(super) connected: usize,
    /// Since when it has none, by the rooms' clock, in µs.
    pub(super) empty_us: u64,
    /// When the log was told last that it is used, by the rooms' clock, in µs.
    pub(super) touched_us: u64,
    pub(super) over: Option<Over>,
}

/// What is known of a member besides the state.
#[derive(Debug)]
pub(super) struct Place {
    /// What is kept of its token.
    pub(super) token: Hash,
    pub(super) seat: Weak<Seat>,
    pub(super) connected: bool,
    commands: Bucket,
    lease_us: Option<u64>,
}

impl Place {
    pub(super) fn new(token: Hash) -> Self {
        Place {
            token,
            seat: Weak::new(),
            connected: false,
            commands: Bucket::new(COMMANDS.0, COMMANDS.1, Instant::now()),
            lease_us: None,
        }
    }
}

/// A command that is done, and not known to be saved.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) offset: u64,
    pub(super) no: u64,
    /// To tell whose they are: it may be one no more.
    pub(super) seat: Weak<Seat>,
    pub(super) occupant: Weak<dyn Occupant>,
}

impl Inside {
    pub(super) fn new(state: State, epoch: u32, tokens: &[(u32, Hash)], common: &Common) -> Self {
        let now_us = common.now_us();
        let offset = state.facts.offset;
        let places = tokens
            .iter()
            .map(|(member, token)| (MemberId(*member), Place::new(*token)));
        Inside {
            epoch,
            ring: Ring::after(offset, common.ring_bytes),
            announced: offset,
            snapshots: Snapshots::default(),
            places: places.collect(),
            leases: BTreeSet::new(),
            viewers: Vec::new(),
            waiting: VecDeque::new(),
            kept: Kept {
                saved: offset,
                unsaved: None,
            },
            note: None,
            told: Vec::new(),
            attended: false,
            saving: super::saving::Progress::after(offset),
            connected: 0,
            empty_us: now_us,
            touched_us: now_us,
            over: None,
            state,
        }
    }

    /// A page without events: how far the room is saved.
    pub(super) fn note(&mut self) -> Bytes {
        let fresh = self.note.take().filter(|(kept, _)| *kept == self.kept);
        let (kept, text) = fresh.unwrap_or_else(|| (self.kept.clone(), page::note(&self.kept)));
        self.note = Some((kept, text.clone()));
        text
    }

    pub(super) fn is_present(&self, run: RunId) -> bool {
        self.armed().is_some_and(|armed| armed.run == run)
    }

    /// The run that is under way.
    pub(super) fn armed(&self) -> Option<&Armed> {
        let facts = &self.state.facts;
        facts.run.as_ref().filter(|run| !run.over && !facts.ended)
    }

    /// Whether some rule keeps some members from sending something.
    pub(super) fn is_ruled(&self) -> bool {
        let facts = &self.state.facts;
        facts.ended
            || facts.paused
            || facts.targets.is_some()
            || !facts.faults
            || self.state.members.values().any(|member| member.muted)
    }

    /// Whether the task of all rooms has something to do for it.
    pub(super) fn needs_attention(&self) -> bool {
        self.ring.has_news()
            || self.ring.last() != self.announced
            || !self.waiting.is_empty()
            || (self.over.is_none()
                && (self.kept.unsaved.is_some() || self.kept.saved < self.state.facts.offset))
    }

    /// When there is something to do at the latest, by the rooms' clock, in µs.
    pub(super) fn due_us(&self, idle_us: u64) -> u64 {
        if self.over.is_some() {
            return u64::MAX;
        }
        let idle = match self.is_empty() {
            true => self.empty_us.saturating_add(idle_us),
            false => self.touched_us.saturating_add(idle_us / TOUCHES),
        };
        let lease = self.leases.first().map_or(u64::MAX, |(due, _)| *due);
        let run = self
            .armed()
            .map_or(u64::MAX, |run| run.at_us.saturating_add(RUN_US));
        lease.min(run).min(idle)
    }

    /// Members whose lease is over.
    pub(super) fn lapsed(&mut self, now_us: u64) -> Vec<MemberId> {
        let mut lapsed = Vec::new();
        while let Some(&(due, member)) = self.leases.first()
            && due <= now_us
        {
            self.leases.pop_first();
            if let Some(place) = self.places.get_mut(&member) {
                place.lease_us = None;
            }
            lapsed.push(member);
        }
        lapsed
    }

    /// Whether nobody has a connection.
    pub(super) fn is_empty(&self) -> bool {
        self.connected == 0 && self.viewers.iter().all(|viewer| viewer.strong_count() == 0)
    }

    /// One more command of a member, if it may.
    pub(super) fn admit(&mut self, member: MemberId) -> Result<(), Refusal> {
        let place = self.places.get_mut(&member).ok_or(Refusal::NotIn)?;
        match place.commands.take(Instant::now()) {
            true => Ok(()),
            false => Err(Refusal::TooMany),
        }
    }

    pub(super) fn waiting_of(&self, seat: &Arc<Seat>) -> usize {
        let own = |waiting: &&Waiting| std::ptr::eq(waiting.seat.as_ptr(), Arc::as_ptr(seat));
        self.waiting.iter().filter(own).count()
    }

    /// A member without a connection has so long to come back.
    pub(super) fn lease(&mut self, member: MemberId, until_us: u64) {
        self.no_lease(member);
        if let Some(place) = self.places.get_mut(&member) {
            place.lease_us = Some(until_us);
            self.leases.insert((until_us, member));
        }
    }

    pub(super) fn no_lease(&mut self, member: MemberId) {
        if let Some(place) = self.places.get_mut(&member)
            && let Some(due) = place.lease_us.take()
        {
            self.leases.remove(&(due, member));
        }
    }

    /// A seat is one no more; whose it was is told.
    pub(super) fn close(&mut self, seat: &Weak<Seat>, reason: LeftReason) {
        if let Some(seat) = seat.upgrade()
            && seat.over.set(reason).is_ok()
        {
            self.told.push((seat.occupant.clone(), Told::Left(reason)));
        }
    }

    /// A member is in the room no more.
    pub(super) fn gone(&mut self, member: MemberId, reason: LeftReason) {
        self.no_lease(member);
        if let Some(place) = self.places.remove(&member) {
            self.connected -= usize::from(place.connected);
            self.close(&place.seat, reason);
        }
    }

    /// All seats, those of viewers too.
    pub(super) fn seats(&self) -> impl Iterator<Item = &Weak<Seat>> {
        let members = self.places.values().map(|place| &place.seat);
        members.chain(&self.viewers)
    }

    /// Who may not send any more is told.
    pub(super) fn silence(&mut self, only: Option<MemberId>) {
        let silenced: Vec<(Weak<dyn Occupant>, Told)> = self
            .places
            .iter()
            .filter(|(member, _)| only.is_none_or(|only| **member == only))
            .filter_map(|(_, place)| place.seat.upgrade())
            .map(|seat| (seat.occupant.clone(), Told::Silenced))
            .collect();
        self.told.extend(silenced);
    }
}

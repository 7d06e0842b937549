//! What a room's lock protects, and what each event does besides changing the state.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Instant;

use bytes::Bytes;
use chalkwire_shared::room::{
    Armed, CommandNo, Happened, LeftReason, MemberId, RUN_US, Refusal, RunId, State,
};

use super::page::{self, Kept, text_of};
use super::ring::Ring;
use super::seat::{Occupant, Seat, Told};
use super::snapshot::Snapshots;
use super::{Common, Letter, Over, Room};
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
    connected: usize,
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
    connected: bool,
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
    pub(super) fn armed(&self) -> Option<Armed> {
        let facts = &self.state.facts;
        facts.run.clone().filter(|run| !run.over && !facts.ended)
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
            || (self.over.is_none() && self.kept.saved < self.state.facts.offset)
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

    fn no_lease(&mut self, member: MemberId) {
        if let Some(place) = self.places.get_mut(&member)
            && let Some(due) = place.lease_us.take()
        {
            self.leases.remove(&(due, member));
        }
    }

    /// A seat is one no more; whose it was is told.
    fn close(&mut self, seat: &Weak<Seat>, reason: LeftReason) {
        if let Some(seat) = seat.upgrade()
            && seat.over.set(reason).is_ok()
        {
            self.told.push((seat.occupant.clone(), Told::Left(reason)));
        }
    }

    /// A member is in the room no more.
    fn gone(&mut self, member: MemberId, reason: LeftReason) {
        self.no_lease(member);
        if let Some(place) = self.places.remove(&member) {
            self.connected -= usize::from(place.connected);
            self.close(&place.seat, reason);
        }
    }

    /// All seats, those of viewers too.
    fn seats(&self) -> impl Iterator<Item = &Weak<Seat>> {
        let members = self.places.values().map(|place| &place.seat);
        members.chain(&self.viewers)
    }

    /// Who may not send any more is told.
    fn silence(&mut self, only: Option<MemberId>) {
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

impl Room {
    /// The next event happens: the state follows, the ring and the log have it.
    pub(super) fn apply(
        self: &Arc<Self>,
        inside: &mut Inside,
        by: MemberId,
        command: Option<CommandNo>,
        what: Happened,
        token: Option<(u32, Hash)>,
    ) {
        let now_us = self.common.now_us();
        let event = inside.state.event(inside.epoch, now_us, by, command, what);
        if let Err(gap) = inside.state.apply(&event) {
            // The state itself said what comes next.
            tracing::error!(%gap, "an event of a room was lost");
            return;
        }
        let text = text_of(&event);
        let kept = inside.kept.clone();
        inside.ring.push(&event, &text, &kept);
        self.common.metrics.room_events.inc();
        self.save(inside, &event, text, token);
        self.follow(inside, &event.what);
    }

    /// What an event does besides changing the state.
    fn follow(self: &Arc<Self>, inside: &mut Inside, what: &Happened) {
        match what {
            Happened::Joined { .. } => {
                self.common.metrics.room_members.inc();
            }
            Happened::Left { member } | Happened::Removed { member } => {
                self.common.metrics.room_members.dec();
                let reason = match what {
                    Happened::Removed { .. } => LeftReason::Removed,
                    _ => LeftReason::Left,
                };
                inside.gone(*member, reason);
                self.forget_token(*member);
            }
            Happened::Forgotten { member } => self.forget(inside, *member),
            Happened::Armed { .. } | Happened::RunOver { .. } => {
                self.armed.send_replace(inside.armed());
            }
            Happened::Muted { member, on } => {
                self.rules(inside);
                if *on {
                    inside.silence(Some(*member));
                }
            }
            Happened::Paused { .. } | Happened::Allowed { .. } => {
                self.rules(inside);
                inside.silence(None);
            }
            Happened::Ended => self.close(inside, Over::Ended),
            _ => {}
        }
    }

    fn rules(&self, inside: &Inside) {
        let ruled = inside.is_ruled();
        self.ruled.store(ruled, Ordering::Relaxed);
    }

    /// A member's name goes, from what happened before as well.
    fn forget(self: &Arc<Self>, inside: &mut Inside, member: MemberId) {
        let Some(it) = inside.state.members.get(&member) else {
            return;
        };
        let (joined, name) = (it.joined_offset, it.name.clone());
        inside.ring.rename(member, joined, &name);
        inside.snapshots.forget();
        self.rewrite(inside, joined, member);
    }

    /// The room is over: nobody is in it any more, and the log deletes it.
    pub(super) fn close(self: &Arc<Self>, inside: &mut Inside, over: Over) {
        if inside.over.replace(over).is_some() {
            return;
        }
        let members = i64::try_from(inside.state.members.len()).unwrap_or(0);
        self.common.metrics.room_members.dec_by(members);
        let seats: Vec<Weak<Seat>> = inside.seats().cloned().collect();
        for seat in &seats {
            inside.close(seat, over.reason());
        }
        self.armed.send_replace(None);
        self.rules(inside);
        self.common.some_over.store(true, Ordering::Relaxed);
        self.common.wake.notify_one();
        self.delete();
    }

    /// A seat's owner has a connection.
    pub(super) fn attached(self: &Arc<Self>, inside: &mut Inside, seat: &Arc<Seat>) {
        let Some(member) = seat.member else { return };
        let Some(place) = inside.places.get_mut(&member) else {
            return;
        };
        if !std::ptr::eq(place.seat.as_ptr(), Arc::as_ptr(seat)) {
            return;
        }
        if !std::mem::replace(&mut place.connected, true) {
            inside.connected += 1;
        }
        inside.no_lease(member);
        if inside.state.members.get(&member).is_some_and(|it| !it.here) {
            self.happens(inside, Happened::Back { member });
        }
    }

    /// A seat's owner has no connection.
    pub(super) fn detached(self: &Arc<Self>, inside: &mut Inside, seat: &Arc<Seat>) {
        let now_us = self.common.now_us();
        let Some(member) = seat.member else { return };
        let Some(place) = inside.places.get_mut(&member) else {
            return;
        };
        if !std::ptr::eq(place.seat.as_ptr(), Arc::as_ptr(seat)) {
            return;
        }
        if std::mem::replace(&mut place.connected, false) {
            inside.connected -= 1;
            inside.empty_us = now_us;
            inside.lease(member, now_us.saturating_add(self.common.presence_us()));
        }
    }

    /// A seat's owner is gone.
    pub(super) fn vacated(self: &Arc<Self>, inside: &mut Inside, seat: &Arc<Seat>) {
        self.detached(inside, seat);
        inside.empty_us = self.common.now_us();
        let is_it = |other: &Weak<Seat>| std::ptr::eq(other.as_ptr(), Arc::as_ptr(seat));
        if seat.member.is_none() {
            inside
                .viewers
                .retain(|viewer| !is_it(viewer) && viewer.strong_count() > 0);
        } else if let Some(place) = seat.member.and_then(|it| inside.places.get_mut(&it))
            && is_it(&place.seat)
        {
            place.seat = Weak::new();
        }
    }

    /// Gives a member's place to a seat; one that had it before is told.
    pub(super) fn take_place(
        self: &Arc<Self>,
        inside: &mut Inside,
        member: MemberId,
        seat: &Arc<Seat>,
    ) {
        let before = match inside.places.get_mut(&member) {
            Some(place) => std::mem::replace(&mut place.seat, Arc::downgrade(seat)),
            None => return,
        };
        inside.close(&before, LeftReason::Elsewhere);
        self.attached(inside, seat);
    }
}

//! What follows from an event.

use super::{Armed, Member, State};
use crate::role::Role;
use crate::room::{CommandNo, Exchange, Happened, MemberId, RoomEvent, unlike};

/// Pages of one member whose last command is remembered.
const CLIENTS: usize = 4;

/// An event that does not follow upon the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event after {prev} came where the one after {offset} was due")]
pub struct Gap {
    /// The last event that there is.
    pub offset: u64,
    /// The one that it should have come after.
    pub prev: u64,
}

impl State {
    /// Takes the next event.
    ///
    /// # Errors
    /// [`Gap`] where it is not the next one: the state is as it was.
    pub fn apply(&mut self, event: &RoomEvent) -> Result<(), Gap> {
        let facts = &mut self.facts;
        if event.prev != facts.offset || event.offset <= event.prev {
            return Err(Gap {
                offset: facts.offset,
                prev: event.prev,
            });
        }
        facts.epoch = event.epoch;
        facts.offset = event.offset;
        let (time_us, offset) = (event.time_us, event.offset);
        match &event.what {
            Happened::Opened { title } => {
                facts.title.clone_from(title);
                facts.opened_us = time_us;
            }
            Happened::Joined { member, name, role } => {
                facts.last_member = facts.last_member.max(member.0);
                let member = Member::new(*member, name.clone(), *role, time_us, offset);
                self.members.insert(member.member, member);
            }
            Happened::Away { member } => self.presence(*member, false, time_us),
            Happened::Back { member } => self.presence(*member, true, time_us),
            Happened::Left { member } | Happened::Removed { member } => {
                self.members.remove(member);
            }
            Happened::Forgotten { member } => {
                let name = self.nameless(*member);
                self.change(*member, |it| it.name = name);
            }
            Happened::Hand { member, up } => {
                self.change(*member, |it| it.hand_us = up.then_some(time_us));
            }
            Happened::Follows { member, on } => self.change(*member, |it| it.follows = *on),
            Happened::Muted { member, on } => self.change(*member, |it| it.muted = *on),
            Happened::Locked { on } => facts.locked = *on,
            Happened::Paused { on } => facts.paused = *on,
            Happened::NamesHidden { on } => facts.names_hidden = *on,
            Happened::Renamed { title } => facts.title.clone_from(title),
            Happened::Allowed { targets, faults } => {
                facts.targets.clone_from(targets);
                facts.faults = *faults;
            }
            Happened::Spotlit { of } => facts.spotlight.clone_from(of),
            Happened::Showing { place } => facts.showing.clone_from(place),
            Happened::Armed { run, plan, at_us } => {
                facts.run = Some(Armed {
                    run: *run,
                    plan: plan.clone(),
                    at_us: *at_us,
                    over: false,
                });
                for member in self.members.values_mut() {
                    member.of_run = None;
                    member.found = None;
                }
            }
            Happened::RunOver { run, .. } => {
                if let Some(present) = facts.run.as_mut().filter(|it| it.run == *run) {
                    present.over = true;
                }
            }
            Happened::Exchange { member, exchange } => self.exchanged(*member, exchange, offset),
            Happened::Found { member, found } => {
                self.change(*member, |it| it.found = Some(found.clone()));
            }
            Happened::Gauge { .. } => {}
            Happened::Ended => facts.ended = true,
        }
        if let Some(command) = event.command {
            self.change(event.by, |it| it.remember(command));
        }
        Ok(())
    }

    fn change(&mut self, member: MemberId, change: impl FnOnce(&mut Member)) {
        // Of one who is gone nothing is left to change.
        if let Some(member) = self.members.get_mut(&member) {
            change(member);
        }
    }

    fn presence(&mut self, member: MemberId, here: bool, time_us: u64) {
        self.change(member, |it| {
            it.here = here;
            it.since_us = time_us;
        });
    }

    /// What one is called whose name was removed.
    fn nameless(&self, member: MemberId) -> String {
        let others = self.members.values().filter(|it| it.member != member);
        let name = format!("member {}", member.0);
        unlike(&name, others.map(|it| it.name.as_str()))
    }

    fn exchanged(&mut self, member: MemberId, exchange: &Exchange, offset: u64) {
        let run = self.facts.run.as_ref().map(|it| it.run);
        self.change(member, |it| {
            // One that is still on is told again at its end, and counted then.
            if exchange.over_us.is_some() {
                it.exchanges = it.exchanges.saturating_add(1);
                it.replied = it
                    .replied
                    .saturating_add(u32::from(exchange.received_bytes > 0));
                it.failed = it.failed.saturating_add(u32::from(exchange.failed()));
            }
            it.last_offset = Some(offset);
            let mut last = Box::new(exchange.clone());
            last.sent = Default::default();
            last.received = Default::default();
            if exchange.run.is_some() && exchange.run == run {
                it.of_run = Some(last.clone());
            }
            it.last = Some(last);
        });
    }
}

impl Member {
    fn new(member: MemberId, name: String, role: Role, time_us: u64, offset: u64) -> Self {
        Member {
            member,
            name,
            role,
            here: true,
            since_us: time_us,
            hand_us: None,
            muted: false,
            follows: true,
            exchanges: 0,
            replied: 0,
            failed: 0,
            last_offset: None,
            last: None,
            of_run: None,
            found: None,
            joined_offset: offset,
            clients: Vec::new(),
        }
    }

    /// The last command of each of its pages, the newest page last.
    fn remember(&mut self, command: CommandNo) {
        self.clients.retain(|it| it.client != command.client);
        if self.clients.len() == CLIENTS {
            self.clients.remove(0);
        }
        self.clients.push(command);
    }
}

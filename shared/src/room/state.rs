//! A room's state: what follows from its events, and what commands make of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Command, CommandNo, Exchange, Found, Happened, MAX_MEMBERS, MAX_NAME_CHARS, MAX_TEACHERS,
    MAX_TITLE_CHARS, MemberId, NotEntered, Plan, Refusal, RoomEvent, RoomId, RunId, Spot, clean,
    unlike,
};
use crate::role::{Role, may};

/// Pages of one member whose last command is remembered.
const CLIENTS: usize = 4;

/// A run is over after this time at the latest, in µs.
pub const RUN_US: u64 = 120_000_000;

/// A room, as it follows from its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What is true of the room.
    pub facts: Facts,
    /// Who is in it, those who are away included.
    pub members: BTreeMap<MemberId, Member>,
}

/// What is true of a room as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its public name.
    pub room: RoomId,
    /// Its title.
    pub title: String,
    /// The last event's epoch.
    pub epoch: u32,
    /// The last event's place; 0 before the first.
    pub offset: u64,
    /// When the room was opened, by its clock, in µs since 1970.
    pub opened_us: u64,
    /// Nobody new comes in.
    pub locked: bool,
    /// Nobody sends.
    pub paused: bool,
    /// Names are hidden from viewers.
    pub names_hidden: bool,
    /// What may be sent to; `None` for all.
    pub targets: Option<Vec<String>>,
    /// Whether members may ask for faults.
    pub faults: bool,
    /// The exchange that is shown to all.
    pub spotlight: Option<Box<Spot>>,
    /// Where all who follow are led to.
    pub showing: Option<String>,
    /// The present "everyone send now", or the last one.
    pub run: Option<Armed>,
    /// The largest number that a member had.
    pub last_member: u32,
    /// The room is over.
    pub ended: bool,
}

/// An "everyone send now".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Armed {
    /// Its number.
    pub run: RunId,
    /// What they do.
    pub plan: Plan,
    /// When, by the room's clock, in µs since 1970.
    pub at_us: u64,
    /// All are done, its time is up, or it was called off.
    pub over: bool,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its number.
    pub member: MemberId,
    /// Its name, unlike all others in the room.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Whether it is connected, or was a moment ago.
    pub here: bool,
    /// Since when it is here, or away, by the room's clock, in µs since 1970.
    pub since_us: u64,
    /// Since when its hand is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_us: Option<u64>,
    /// It may not send.
    #[serde(default, skip_serializing_if = "is_false")]
    pub muted: bool,
    /// It goes where the teacher leads.
    pub follows: bool,
    /// How many exchanges it had,
    pub exchanges: u32,
    /// of these with a reply,
    pub replied: u32,
    /// and of these that failed.
    pub failed: u32,
    /// The event of the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_offset: Option<u64>,
    /// The last one, without its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Box<Exchange>>,
    /// That of the present run, without its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_run: Option<Box<Exchange>>,
    /// What the present run's experiment came out as on its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// The event by which it joined.
    pub joined_offset: u64,
    /// The last commands of its pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<CommandNo>,
}

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
    /// A room of which nothing is known but its name: its first event is still to come.
    pub fn new(room: RoomId) -> Self {
        State {
            facts: Facts {
                room,
                title: String::new(),
                epoch: 0,
                offset: 0,
                opened_us: 0,
                locked: false,
                paused: false,
                names_hidden: false,
                targets: None,
                faults: true,
                spotlight: None,
                showing: None,
                run: None,
                last_member: 0,
                ended: false,
            },
            members: BTreeMap::new(),
        }
    }

    /// The next event of this room.
    pub fn event(
        &self,
        epoch: u32,
        time_us: u64,
        by: MemberId,
        command: Option<CommandNo>,
        what: Happened,
    ) -> RoomEvent {
        RoomEvent {
            epoch,
            offset: self.facts.offset + 1,
            prev: self.facts.offset,
            time_us,
            by,
            command,
            what,
        }
    }

    /// The event by which somebody new comes in.
    ///
    /// # Errors
    /// [`NotEntered`] where that can't be. Whether the room is locked counts for students alone.
    pub fn join(&self, name: &str, role: Role) -> Result<Happened, NotEntered> {
        if self.facts.ended || (self.facts.locked && role != Role::Teacher) {
            return Err(NotEntered::NoRoom);
        }
        let teachers = |it: &&Member| it.role == Role::Teacher;
        let full = match role {
            Role::Teacher => self.members.values().filter(teachers).count() >= MAX_TEACHERS,
            _ => {
                let teachers = self.members.values().filter(teachers).count();
                self.members.len() - teachers >= MAX_MEMBERS
            }
        };
        if full {
            return Err(NotEntered::Full);
        }
        let name = clean(name, MAX_NAME_CHARS).ok_or(NotEntered::BadName)?;
        let name = unlike(&name, self.members.values().map(|it| it.name.as_str()));
        Ok(Happened::Joined {
            member: MemberId(self.facts.last_member + 1),
            name,
            role,
        })
    }

    /// Whom a newcomer may displace where the room is full: the student who is away for longest.
    pub fn displaced(&self) -> Option<MemberId> {
        let away = self.members.values();
        away.filter(|it| !it.here && it.role == Role::Student)
            .min_by_key(|it| it.since_us)
            .map(|it| it.member)
    }

    /// Whether a member's command was done before.
    pub fn was_done(&self, by: MemberId, command: CommandNo) -> bool {
        self.last_no(by, command.client) >= command.no
    }

    /// The last command of a member's page; 0 for none.
    pub fn last_no(&self, by: MemberId, client: u32) -> u64 {
        let clients = self.members.get(&by).map(|it| it.clients.as_slice());
        let mut clients = clients.unwrap_or_default().iter();
        clients.find(|it| it.client == client).map_or(0, |it| it.no)
    }

    /// Whether a member may open a socket to a target now.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn may_send(&self, by: MemberId, target: &str, faulted: bool) -> Result<(), Refusal> {
        let member = self.members.get(&by).ok_or(Refusal::NoSuchMember)?;
        if self.facts.ended {
            return Err(Refusal::Over);
        }
        if member.muted {
            return Err(Refusal::Muted);
        }
        let teaches = member.role == Role::Teacher;
        if self.facts.paused && !teaches {
            return Err(Refusal::Paused);
        }
        // A server of one's own is nobody else's business.
        if !target.starts_with('#') && !teaches && !self.allows(target) {
            return Err(Refusal::NoSuchTarget);
        }
        if faulted && !self.facts.faults && !teaches {
            return Err(Refusal::NoFaults);
        }
        Ok(())
    }

    /// Whether a target may be sent to in this room.
    pub fn allows(&self, target: &str) -> bool {
        let targets = self.facts.targets.as_ref();
        targets.is_none_or(|names| names.iter().any(|name| name == target))
    }

    /// What comes of a command, said by a member now. Past exchanges are not in the state: `look` finds
    /// the one whose event has an offset.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing does.
    pub fn decide(
        &self,
        by: MemberId,
        command: &Command,
        now_us: u64,
        look: impl FnOnce(u64) -> Option<Spot>,
    ) -> Result<Happened, Refusal> {
        let member = self.members.get(&by).ok_or(Refusal::NoSuchMember)?;
        if !may(member.role, command.deed(by)) {
            return Err(Refusal::NotAllowed);
        }
        if self.facts.ended {
            return Err(Refusal::Over);
        }
        if !command.is_possible() {
            return Err(Refusal::BadRequest);
        }
        Ok(match command.clone() {
            Command::Hand { up } => Happened::Hand { member: by, up },
            Command::Follow { on } => Happened::Follows { member: by, on },
            Command::Found { mut found } => {
                self.present(found.run)?;
                let measured = clean(&found.measured, found.measured.len());
                found.measured = measured.ok_or(Refusal::BadRequest)?;
                Happened::Found { member: by, found }
            }
            Command::Lock { on } => Happened::Locked { on },
            Command::Allow { targets, faults } => Happened::Allowed { targets, faults },
            Command::Mute { member, on } => {
                self.student(member)?;
                Happened::Muted { member, on }
            }
            Command::Remove { member } => {
                self.student(member)?;
                Happened::Removed { member }
            }
            Command::Forget { member } => {
                self.member(member)?;
                Happened::Forgotten { member }
            }
            Command::LowerHand { member } => {
                self.member(member)?;
                Happened::Hand { member, up: false }
            }
            Command::Spotlight { offset: None } => Happened::Spotlit { of: None },
            Command::Spotlight {
                offset: Some(offset),
            } => {
                let spot = look(offset).filter(|spot| self.members.contains_key(&spot.member));
                let spot = spot.ok_or(Refusal::NoSuchExchange)?;
                Happened::Spotlit {
                    of: Some(Box::new(spot)),
                }
            }
            Command::Show { place } => Happened::Showing { place },
            Command::Pause { on } => Happened::Paused { on },
            Command::HideNames { on } => Happened::NamesHidden { on },
            Command::Rename { title } => Happened::Renamed {
                title: clean(&title, MAX_TITLE_CHARS).ok_or(Refusal::BadRequest)?,
            },
            Command::Arm { plan, in_ms } => self.arm(plan, in_ms, now_us)?,
            Command::CallOff { run } => {
                self.present(run)?;
                Happened::RunOver {
                    run,
                    called_off: true,
                }
            }
            Command::End => Happened::Ended,
        })
    }

    fn arm(&self, plan: Plan, in_ms: u32, now_us: u64) -> Result<Happened, Refusal> {
        let before = self.facts.run.as_ref();
        if before.is_some_and(|run| !run.over && now_us < run.at_us.saturating_add(RUN_US)) {
            return Err(Refusal::RunUnderWay);
        }
        if plan.experiment.is_none() && !self.allows(&plan.target) {
            return Err(Refusal::NoSuchTarget);
        }
        if let Some(idler) = plan.idler {
            self.member(idler)?;
        }
        Ok(Happened::Armed {
            run: RunId(before.map_or(0, |run| run.run.0) + 1),
            plan,
            at_us: now_us.saturating_add(u64::from(in_ms) * 1_000),
        })
    }

    /// The present run, if it is this one and not over.
    fn present(&self, run: RunId) -> Result<&Armed, Refusal> {
        let present = self.facts.run.as_ref();
        present
            .filter(|it| it.run == run && !it.over)
            .ok_or(Refusal::NoSuchRun)
    }

    fn member(&self, member: MemberId) -> Result<&Member, Refusal> {
        self.members.get(&member).ok_or(Refusal::NoSuchMember)
    }

    /// Teachers hold the same link: none of them puts another out.
    fn student(&self, member: MemberId) -> Result<&Member, Refusal> {
        let member = self.member(member)?;
        match member.role {
            Role::Student => Ok(member),
            Role::Teacher | Role::Viewer => Err(Refusal::NotAllowed),
        }
    }

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

fn is_false(value: &bool) -> bool {
    !value
}

mod run;
#[cfg(test)]
mod tests;

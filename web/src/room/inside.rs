//! The room that the page is in, and what the page has of its own in it.

use std::rc::Rc;

use chalkwire_shared::id::Token;
use chalkwire_shared::job::Gauge;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{
    Armed, Code, Command, Facts, Key, Member, MemberId, RunId, State, You,
};

use super::clock::RoomClock;
use super::commands::Commands;
use super::door::{Door, Links};
use super::feed::Feed;
use super::mine;
use super::part::Part;
use super::replica::Replica;
use crate::experiment::Run;
use crate::experiment::runner::{Progress, Runner};

/// Looks at a run's queue that are kept: one in 5 ms for a minute.
pub const MAX_GAUGES: usize = 12_000;

/// The room.
#[derive(Debug)]
pub struct Inside {
    /// Who one is in it.
    pub you: You,
    /// The code on the board; viewers don't have it.
    pub code: Option<String>,
    /// The page's address for those who come by the code.
    pub join: String,
    /// When it ends if nobody is in it any more, in s.
    pub keep_s: u64,
    /// Whether it outlives the gateway's program.
    pub kept: bool,
    /// Its links, where this tab opened it.
    pub links: Option<Links>,
    /// The teach link's secret, where one came by it.
    pub teach: Option<Token>,
    /// The room as its events make it.
    pub replica: Replica,
    /// What happened.
    pub feed: Feed,
    /// This page's own exchanges.
    pub mine: mine::All,
    /// This page's part in the present "everyone send now".
    pub part: Option<Part>,
    /// How the queue of the present run's server was, oldest first.
    pub gauges: Vec<Gauge>,
    /// What the room's experiment showed on this page.
    pub shown: Option<Rc<Run>>,
    /// What could not be done: a sentence.
    pub trouble: Option<String>,
    /// The place that the page was led to last.
    pub(super) led: Option<String>,
    /// Runs the room's experiment.
    pub(super) runner: Option<Runner>,
    /// What it was told and has not answered.
    pub(super) commands: Commands,
    /// What lets the page in again.
    pub(super) key: Key,
    /// Whether the present link is in the room.
    pub(super) entered: bool,
    /// The room's clock less the gateway's, in µs.
    pub(super) clock_offset_us: u64,
    /// The last "everyone send now" that this tab took part in.
    pub(super) ran: RunId,
}

impl Inside {
    /// The room's state.
    pub fn state(&self) -> &State {
        self.replica.state()
    }

    /// What is true of the room.
    pub fn facts(&self) -> &Facts {
        &self.state().facts
    }

    /// Who one is, once that has come.
    pub fn me(&self) -> Option<&Member> {
        self.state().members.get(&self.you.member?)
    }

    /// The present "everyone send now", or the last one.
    pub fn armed(&self) -> Option<&Armed> {
        self.facts().run.as_ref()
    }

    /// What a member is called; viewers may not see names.
    pub fn name(&self, member: MemberId) -> String {
        let hidden = self.facts().names_hidden && self.you.member.is_none();
        match hidden && member != MemberId::GATEWAY {
            true => format!("member {}", member.0),
            false => self.feed.name(member),
        }
    }

    /// What becomes of what one sees, in a word or three.
    pub fn keeping(&self) -> &'static str {
        match self.replica.unsaved() {
            Some(_) => "not saved",
            None if !self.kept => "in memory only",
            None if self.replica.is_saved() => "saved",
            None => "saving …",
        }
    }

    /// Members who are connected.
    pub fn here(&self) -> usize {
        self.state().members.values().filter(|it| it.here).count()
    }

    /// Whether the room's experiment has a link of its own.
    pub fn runs_experiment(&self) -> bool {
        self.runner.is_some()
    }

    /// How far the room's experiment is on this page.
    pub fn progress(&self) -> Option<Progress> {
        self.runner.as_ref()?.progress()
    }

    /// Whether such a command waits for its answer.
    pub fn waits(&self, is: impl Fn(&Command) -> bool) -> bool {
        self.commands.waits(is)
    }

    /// What may be sent to, and whether with faults, once the room has done what it was told.
    pub fn allowed(&self) -> (Option<Vec<String>>, bool) {
        let told = self.commands.newest(|it| match it {
            Command::Allow { targets, faults } => Some((targets.clone(), *faults)),
            _ => None,
        });
        let facts = self.facts();
        told.unwrap_or_else(|| (facts.targets.clone(), facts.faults))
    }

    /// Whether a door leads to where one is already.
    pub(super) fn is_behind(&self, door: &Door) -> bool {
        let room = &self.facts().room;
        match door {
            Door::Join(code) => {
                let code = Code::read(code).map(|it| it.plain());
                code.is_some_and(|it| self.join.ends_with(&it))
            }
            Door::Teach { room: to, .. } => to == room && self.you.role == Role::Teacher,
            Door::View { room: to, .. } => to == room,
            Door::Lobby | Door::Broken => true,
        }
    }

    /// How the room's clock and the browser's are related, once that is known.
    pub(super) fn clock(&self, map: Option<crate::model::ClockMap>) -> Option<RoomClock> {
        Some(RoomClock {
            offset_us: self.clock_offset_us,
            map: map?,
        })
    }
}

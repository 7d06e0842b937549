//! What happened in the room, newest first: bounded, and which of it is shown.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use chalkwire_shared::close::Reason;
use chalkwire_shared::room::{Happened, MemberId, RoomEvent, State};

/// The most events kept; the oldest go first.
pub const MAX_EVENTS: usize = 2_000;

/// The most names kept of members who are gone; those who came first go first.
const MAX_NAMES: usize = 4_000;

/// How many are drawn at first, and with each press of a button more.
pub const PAGE: usize = 50;

/// What kind of events is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// All of them.
    #[default]
    All,
    /// What was sent and what came back.
    Exchanges,
    /// Exchanges that went wrong.
    Errors,
    /// Who came and went, hands.
    People,
    /// What teachers did.
    Teaching,
}

impl Kind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Kind; 5] = [
        Kind::All,
        Kind::Exchanges,
        Kind::Errors,
        Kind::People,
        Kind::Teaching,
    ];

    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Kind::All => "everything",
            Kind::Exchanges => "exchanges",
            Kind::Errors => "errors",
            Kind::People => "people",
            Kind::Teaching => "teaching",
        }
    }

    /// The kind of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.label() == label)
    }

    fn shows(self, what: &Happened) -> bool {
        // How a queue was is a picture, not news.
        if matches!(what, Happened::Gauge { .. }) {
            return false;
        }
        match self {
            Kind::All => true,
            Kind::Exchanges => matches!(what, Happened::Exchange { .. } | Happened::Found { .. }),
            Kind::Errors => {
                matches!(what, Happened::Exchange { exchange, .. } if exchange.failed())
            }
            Kind::People => matches!(
                what,
                Happened::Joined { .. }
                    | Happened::Away { .. }
                    | Happened::Back { .. }
                    | Happened::Left { .. }
                    | Happened::Removed { .. }
                    | Happened::Forgotten { .. }
                    | Happened::Hand { .. }
                    | Happened::Follows { .. }
            ),
            Kind::Teaching => matches!(
                what,
                Happened::Opened { .. }
                    | Happened::Muted { .. }
                    | Happened::Removed { .. }
                    | Happened::Locked { .. }
                    | Happened::Paused { .. }
                    | Happened::NamesHidden { .. }
                    | Happened::Renamed { .. }
                    | Happened::Allowed { .. }
                    | Happened::Spotlit { .. }
                    | Happened::Showing { .. }
                    | Happened::Armed { .. }
                    | Happened::RunOver { .. }
                    | Happened::Ended
            ),
        }
    }
}

/// The feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feed {
    /// Oldest first.
    events: VecDeque<Rc<RoomEvent>>,
    names: BTreeMap<MemberId, String>,
    /// Only events of this member.
    pub member: Option<MemberId>,
    /// Only events of this kind.
    pub kind: Kind,
    /// How many are drawn.
    pub most: usize,
    /// The feed stands still: nothing after this place is shown.
    held: Option<u64>,
}

impl Feed {
    /// Nothing yet.
    pub fn new() -> Self {
        Feed {
            most: PAGE,
            ..Feed::default()
        }
    }

    /// The room came anew: what was here may have a hole before it.
    pub fn clear(&mut self) {
        self.events.clear();
        self.held = None;
    }

    /// Learns the names of those who are in the room.
    pub fn meet(&mut self, state: &State) {
        for member in state.members.values() {
            self.names.insert(member.member, member.name.clone());
        }
        self.bound_names();
    }

    /// Takes an event, after the room's state has taken it.
    pub fn push(&mut self, event: RoomEvent, state: &State) {
        match &event.what {
            Happened::Joined { member, name, .. } => {
                self.names.insert(*member, name.clone());
                self.bound_names();
            }
            // Here as in the log: the name is gone from what was before, too.
            Happened::Forgotten { member } => {
                let now = state.members.get(member).map(|it| it.name.clone());
                let now = now.unwrap_or_else(|| nameless(*member));
                self.names.insert(*member, now);
            }
            _ => {}
        }
        self.events.push_back(Rc::new(event));
        if self.events.len() > MAX_EVENTS {
            self.events.pop_front();
        }
    }

    fn bound_names(&mut self) {
        while self.names.len() > MAX_NAMES {
            self.names.pop_first();
        }
    }

    /// What a member is called, though it may be gone.
    pub fn name(&self, member: MemberId) -> String {
        match member {
            MemberId::GATEWAY => "the gateway".to_owned(),
            member => {
                let name = self.names.get(&member).cloned();
                name.unwrap_or_else(|| nameless(member))
            }
        }
    }

    /// Whether a member is called by a name of its own.
    pub fn has_name(&self, member: MemberId) -> bool {
        let name = self.names.get(&member);
        name.is_some_and(|it| *it != nameless(member))
    }

    /// The events that are shown, newest first.
    pub fn shown(&self) -> impl Iterator<Item = &Rc<RoomEvent>> {
        let held = self.held.unwrap_or(u64::MAX);
        let newest = self.events.iter().rev();
        newest.filter(move |it| it.offset <= held && self.matches(it))
    }

    /// The one at that place of the log, if it is still here.
    pub fn get(&self, offset: u64) -> Option<&Rc<RoomEvent>> {
        let at = self.events.partition_point(|it| it.offset < offset);
        self.events.get(at).filter(|it| it.offset == offset)
    }

    fn matches(&self, event: &RoomEvent) -> bool {
        self.kind.shows(&event.what) && self.member.is_none_or(|it| about(event) == it)
    }

    /// Whether nothing has come yet.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Stops the feed, or lets it go on.
    pub fn hold(&mut self, on: bool) {
        let last = self.events.back().map_or(0, |it| it.offset);
        self.held = on.then(|| self.held.unwrap_or(last));
        if !on {
            self.most = PAGE;
        }
    }

    /// How many came while it stands still.
    pub fn waiting(&self) -> usize {
        let Some(held) = self.held else {
            return 0;
        };
        let newer = self.events.iter().rev().take_while(|it| it.offset > held);
        newer.filter(|it| self.matches(it)).count()
    }

    /// Whether it stands still.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// How often each kind of error is among the events that are here, the most frequent first.
    pub fn errors(&self) -> Vec<(Reason, usize)> {
        let mut counts: BTreeMap<&'static str, (Reason, usize)> = BTreeMap::new();
        for event in &self.events {
            if let Happened::Exchange { exchange, .. } = &event.what
                && exchange.failed()
                && let Some(reason) = exchange.reason
            {
                counts.entry(reason.as_str()).or_insert((reason, 0)).1 += 1;
            }
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// Whom an event is about.
pub fn about(event: &RoomEvent) -> MemberId {
    match &event.what {
        Happened::Joined { member, .. }
        | Happened::Away { member }
        | Happened::Back { member }
        | Happened::Left { member }
        | Happened::Removed { member }
        | Happened::Forgotten { member }
        | Happened::Hand { member, .. }
        | Happened::Follows { member, .. }
        | Happened::Muted { member, .. }
        | Happened::Exchange { member, .. }
        | Happened::Found { member, .. } => *member,
        _ => event.by,
    }
}

fn nameless(member: MemberId) -> String {
    format!("member {}", member.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::role::Role;
    use chalkwire_shared::room::RoomId;

    fn feed_of(whats: Vec<Happened>) -> (Feed, State) {
        let mut state = State::new(RoomId::from_random([1; 8]));
        let mut feed = Feed::new();
        for what in whats {
            let event = state.event(1, 0, MemberId(0), None, what);
            state.apply(&event).unwrap();
            feed.push(event, &state);
        }
        (feed, state)
    }

    fn joined(member: u32) -> Happened {
        Happened::Joined {
            member: MemberId(member),
            name: format!("otter {member}"),
            role: Role::Student,
        }
    }

    fn hand(member: u32) -> Happened {
        let member = MemberId(member);
        Happened::Hand { member, up: true }
    }

    #[test]
    fn it_is_bounded_and_the_oldest_go() {
        let (feed, _) = feed_of((1..=2_100).map(joined).collect());
        assert_eq!(feed.shown().count(), MAX_EVENTS);
        assert_eq!(feed.get(100), None);
        assert_eq!(feed.get(101).unwrap().offset, 101);
        assert_eq!(feed.shown().next().unwrap().offset, 2_100);
    }

    #[test]
    fn it_shows_one_member_or_one_kind() {
        let (mut feed, _) = feed_of(vec![joined(1), joined(2), hand(1), Happened::Ended]);
        feed.member = Some(MemberId(1));
        let offsets = |feed: &Feed| feed.shown().map(|it| it.offset).collect::<Vec<_>>();
        assert_eq!(offsets(&feed), [3, 1]);
        feed.member = None;
        feed.kind = Kind::Teaching;
        assert_eq!(offsets(&feed), [4]);
        feed.kind = Kind::People;
        assert_eq!(offsets(&feed), [3, 2, 1]);
    }

    #[test]
    fn while_it_stands_still_what_comes_is_counted() {
        let (mut feed, mut state) = feed_of(vec![joined(1)]);
        feed.hold(true);
        let event = state.event(1, 0, MemberId(1), None, hand(1));
        state.apply(&event).unwrap();
        feed.push(event, &state);
        assert_eq!((feed.shown().count(), feed.waiting()), (1, 1));
        feed.hold(false);
        assert_eq!((feed.shown().count(), feed.waiting()), (2, 0));
    }

    #[test]
    fn a_name_that_was_removed_is_gone_from_what_was_before() {
        let forgotten = Happened::Forgotten {
            member: MemberId(1),
        };
        let left = Happened::Left {
            member: MemberId(1),
        };
        let (feed, _) = feed_of(vec![joined(1), hand(1), forgotten, left]);
        assert_eq!(feed.name(MemberId(1)), "member 1");
        assert!(!feed.has_name(MemberId(1)));
        let (feed, _) = feed_of(vec![
            joined(1),
            Happened::Removed {
                member: MemberId(1),
            },
        ]);
        assert_eq!(feed.name(MemberId(1)), "otter 1");
        assert!(feed.has_name(MemberId(1)) && !feed.has_name(MemberId(2)));
    }
}

//! The room as this page has it: snapshot and events in, the same state as the gateway's out.

use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::room::{RoomEvent, RoomId, State};

/// How the page stands to the room's events.
#[derive(Clone, Debug, PartialEq)]
enum Sync {
    /// They were not asked for on this connection.
    Idle,
    /// They were, and nothing was answered yet.
    Asked,
    /// The room comes anew, some members at a time.
    Loading(Box<State>),
    /// Each event is taken in as it comes.
    Live,
}

/// What has come of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// The room is a new one: what followed from events before is void.
    pub anew: bool,
    /// What happened shortly before that, to be shown only.
    pub history: Vec<RoomEvent>,
    /// Events that were applied, in order.
    pub events: Vec<RoomEvent>,
    /// Events are missing: ask again, at once or after a pause.
    pub ask: Option<Ask>,
}

/// When to ask for the events again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Now.
    AtOnce,
    /// After a while: asking at once did not help.
    Later,
}

/// The room.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    state: State,
    sync: Sync,
    saved: u64,
    unsaved: Option<String>,
    /// The page has caught up once it has the event of this place.
    lag: Option<u64>,
    /// Gaps since an event was last applied.
    gaps: u32,
}

impl Replica {
    /// A room of which nothing is known yet.
    pub fn new(room: RoomId) -> Self {
        Replica {
            state: State::new(room),
            sync: Sync::Idle,
            saved: 0,
            unsaved: None,
            lag: None,
            gaps: 0,
        }
    }

    /// The room's state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether anything of the room has come yet.
    pub fn is_known(&self) -> bool {
        self.state.facts.epoch > 0
    }

    /// Whether events are taken in as they come.
    pub fn is_live(&self) -> bool {
        self.sync == Sync::Live
    }

    /// Whether all that is seen is saved.
    pub fn is_saved(&self) -> bool {
        self.saved >= self.state.facts.offset
    }

    /// The last event that is known to be saved.
    pub fn saved(&self) -> u64 {
        self.saved
    }

    /// Why nothing is saved at present.
    pub fn unsaved(&self) -> Option<&str> {
        self.unsaved.as_deref()
    }

    /// How many events the page is behind, as far as the gateway told.
    pub fn behind(&self) -> Option<u64> {
        let to = self.lag?;
        Some(to.saturating_sub(self.state.facts.offset)).filter(|it| *it > 0)
    }

    /// The connection is gone: what comes on the next one has to be asked for there.
    pub fn disconnected(&mut self) {
        self.sync = Sync::Idle;
        self.lag = None;
    }

    /// Asks for the events after those that are here.
    pub fn subscribe(&mut self) -> ClientMessage {
        self.sync = Sync::Asked;
        self.lag = None;
        // What does not fit twice in a row is not made to fit by the same question.
        let (epoch, offset) = match self.gaps {
            0 | 1 => (self.state.facts.epoch, self.state.facts.offset),
            _ => (0, 0),
        };
        ClientMessage::Subscribe { epoch, offset }
    }

    /// Takes in a message of the room's.
    pub fn hear(&mut self, message: GatewayMessage) -> Taken {
        let mut taken = Taken::default();
        match message {
            GatewayMessage::RoomSubscribed { recovered, facts } => match (recovered, facts) {
                (true, _) => self.sync = Sync::Live,
                (false, Some(facts)) => {
                    let members = Default::default();
                    let state = State {
                        facts: *facts,
                        members,
                    };
                    self.sync = Sync::Loading(Box::new(state));
                }
                (false, None) => self.missed(&mut taken),
            },
            GatewayMessage::RoomMembers { members, more } => {
                let Sync::Loading(state) = &mut self.sync else {
                    return taken;
                };
                let members = members.into_iter().map(|it| (it.member, it));
                state.members.extend(members);
                if !more {
                    self.state = (**state).clone();
                    self.sync = Sync::Live;
                    // It says where it stands with the next events; until then nothing is promised.
                    self.saved = 0;
                    taken.anew = true;
                }
            }
            // Of a subscription before this one.
            GatewayMessage::RoomHistory { .. } | GatewayMessage::RoomEvents { .. }
                if !self.is_live() => {}
            GatewayMessage::RoomHistory { events } => taken.history = events,
            GatewayMessage::RoomEvents {
                saved,
                unsaved,
                events,
            } => {
                self.saved = saved;
                self.unsaved = unsaved;
                for event in events {
                    if !self.take(event, &mut taken) {
                        break;
                    }
                }
            }
            GatewayMessage::RoomLagging { behind } if self.is_live() => {
                self.lag = Some(self.state.facts.offset + behind);
            }
            _ => {}
        }
        if self.lag.is_some_and(|to| to <= self.state.facts.offset) {
            self.lag = None;
        }
        taken
    }

    /// Whether the events after this one can be taken in.
    fn take(&mut self, event: RoomEvent, taken: &mut Taken) -> bool {
        let facts = &self.state.facts;
        if event.epoch == facts.epoch && event.offset <= facts.offset {
            return true;
        }
        match self.state.apply(&event) {
            Ok(()) => {
                self.gaps = 0;
                taken.events.push(event);
                true
            }
            Err(_) => {
                self.missed(taken);
                false
            }
        }
    }

    fn missed(&mut self, taken: &mut Taken) {
        self.gaps = self.gaps.saturating_add(1);
        self.sync = Sync::Idle;
        taken.ask = Some(match self.gaps {
            1 | 2 => Ask::AtOnce,
            _ => Ask::Later,
        });
    }
}

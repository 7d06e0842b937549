//! Sending from the room: one exchange on a socket of its own, as the Lab does it.

use bytes::Bytes;
use chalkwire_shared::fault::Asked;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::role::Deed;
use chalkwire_shared::room::RunId;
use chalkwire_shared::target::TargetInfo;

use super::mine::{Fate, Mine};
use super::{Effect, Seat, Timer};
use crate::line_end::LineEnd;
use crate::link::Phase;
use crate::wire::{Now, Opening, Out};

/// The longest message, in bytes: what a room shows of one is short anyway.
const MAX_BYTES: usize = 65_536;

/// What stands in the composer.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The target that was picked; the first allowed one where it is none.
    pub target: String,
    /// The message.
    pub text: String,
    /// What is put after it.
    pub line_end: LineEnd,
    /// Why it could not be sent: a sentence.
    pub trouble: Option<String>,
}

impl Default for Draft {
    fn default() -> Self {
        Draft {
            target: String::new(),
            text: "hello".to_owned(),
            line_end: LineEnd::default(),
            trouble: None,
        }
    }
}

impl Draft {
    pub(super) fn write(&mut self, text: String) {
        self.text = text;
        self.trouble = None;
    }
}

/// An exchange that is to be begun.
pub(super) struct Wanted {
    pub target: String,
    /// Nothing for one who connects and says nothing.
    pub said: Option<Bytes>,
    pub faults: Vec<Asked>,
    pub seed: u32,
    pub run: Option<RunId>,
}

impl Seat {
    /// The targets that may be sent to.
    pub fn targets(&self) -> impl Iterator<Item = &TargetInfo> {
        let inside = self.inside.as_ref();
        let all = self.may(Deed::Allow);
        let allowed = move |name: &str| all || inside.is_some_and(|it| it.state().allows(name));
        let targets = self.wire.targets.iter();
        targets.filter(move |it| allowed(&it.name))
    }

    /// The target that a message would go to now.
    pub fn target(&self) -> Option<&TargetInfo> {
        let picked = self.targets().find(|it| it.name == self.draft.target);
        let easy = || self.targets().find(|it| it.name == "line");
        picked.or_else(easy).or_else(|| self.targets().next())
    }

    /// Why nothing can be sent now, if so: a sentence.
    pub fn may_send(&self) -> Result<&TargetInfo, String> {
        let inside = self.inside.as_ref().ok_or("This page is in no room.")?;
        match self.wire.link.phase() {
            Phase::Up => {}
            Phase::Connecting | Phase::Resuming => {
                return Err("Connecting to the gateway …".to_owned());
            }
            Phase::Waiting { .. } => {
                return Err(
                    "Not connected to the gateway: the page tries again by itself.".to_owned(),
                );
            }
            Phase::Stopped(why) => return Err(why.clone()),
        }
        let me = inside
            .you
            .member
            .ok_or("Whoever only looks does not send.")?;
        let target = self.target().ok_or(
            "No target is allowed in this room at present. The teacher chooses which are.",
        )?;
        match inside.state().may_send(me, &target.name, false) {
            Ok(()) if inside.entered => Ok(target),
            Ok(()) => Err("Coming back into the room …".to_owned()),
            Err(refusal) => Err(refusal.sentence().to_owned()),
        }
    }

    /// Sends what stands in the composer.
    pub(super) fn send(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let target = match self.may_send() {
            Ok(target) => target.name.clone(),
            Err(trouble) => {
                self.draft.trouble = Some(trouble);
                return;
            }
        };
        let text = self.draft.line_end.apply(&self.draft.text);
        if text.is_empty() || text.len() > MAX_BYTES {
            self.draft.trouble = Some(
                match text.is_empty() {
                    true => "Write something, or pick a line end: an empty message has no bytes.",
                    false => "That is too long to be sent at once: 65,536 bytes are the most.",
                }
                .to_owned(),
            );
            return;
        }
        self.draft.trouble = None;
        let wanted = Wanted {
            target,
            said: Some(Bytes::from(text)),
            faults: Vec::new(),
            seed: 0,
            run: None,
        };
        if !self.begin(wanted, now, wire, out) {
            self.draft.trouble = Some("There is no such target any more.".to_owned());
        }
    }

    /// Begins an exchange: whether there is such a target.
    pub(super) fn begin(
        &mut self,
        wanted: Wanted,
        now: Now,
        wire: &mut Out,
        _: &mut Vec<Effect>,
    ) -> bool {
        let info = self.wire.targets.iter().find(|it| it.name == wanted.target);
        let Some(kind) = info.map(|it| it.kind) else {
            return false;
        };
        let opening = Opening {
            one_shot: wanted.said.is_some(),
            faults: wanted.faults,
            seed: wanted.seed,
            run: wanted.run,
            ..Opening::new(wanted.target.clone(), kind)
        };
        let Some(socket) = self.wire.open(opening, now, wire) else {
            return false;
        };
        if let Some(inside) = &mut self.inside {
            inside.mine.push(Mine {
                socket,
                target: wanted.target,
                run: wanted.run,
                said: wanted.said.clone().unwrap_or_default(),
                at_ms: now.ms,
                entry: 0,
                fate: Fate::UnderWay,
            });
        }
        if let Some(said) = wanted.said {
            self.wire.send(socket, said, now, wire);
        }
        true
    }

    /// It is time to see whether a socket for one exchange has its whole reply.
    pub(super) fn quiet(&mut self, id: SocketId, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let Some(socket) = self.wire.socket(id).filter(|it| it.one_shot) else {
            return;
        };
        let left = socket.received_ms + socket.quiet_ms() - now.ms;
        match left > 1.0 {
            true => out.push(Effect::Wake(Timer::Quiet(id), left)),
            false => self.wire.close(id, wire),
        }
    }
}

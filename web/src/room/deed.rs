//! What else somebody does in the room: leave it, look through the feed, fetch the transcript.

use chalkwire_shared::message::ClientMessage;
use chalkwire_shared::room::LeftReason;

use super::action::{Action, Format};
use super::feed::PAGE;
use super::{Effect, Seat, Stage};
use crate::wire::{Now, Out};

impl Seat {
    /// Gives the place in the room up.
    pub(super) fn leave(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let entered = self.inside.as_ref().is_some_and(|it| it.entered);
        match (&self.stage, entered) {
            (Stage::In, true) => {
                self.wire
                    .link
                    .say(&mut wire.said, |seq| ClientMessage::Leave { seq });
            }
            // The link that was in it is gone.
            (Stage::In, false) => self.left(LeftReason::Left, String::new(), now, wire, out),
            _ => {}
        }
    }

    /// Looks at the feed otherwise.
    pub(super) fn look(&mut self, action: &Action) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        let feed = &mut inside.feed;
        match action {
            Action::Of(member) => {
                feed.member = *member;
                feed.most = PAGE;
            }
            Action::Kind(kind) => {
                feed.kind = *kind;
                feed.most = PAGE;
            }
            Action::Hold(on) => feed.hold(*on),
            Action::More => {
                // What is read below stays where it is.
                feed.hold(true);
                feed.most += PAGE;
            }
            _ => {}
        }
    }

    /// Fetches the transcript.
    pub(super) fn export(&mut self, format: Format, names: bool, out: &mut Vec<Effect>) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        inside.trouble = None;
        let Some(secret) = inside.teach.clone() else {
            inside.trouble = Some(
                "The transcript is for who has the teach link: come in by it once more in this tab."
                    .to_owned(),
            );
            return;
        };
        let room = &inside.facts().room;
        let with = if names { "" } else { "&names=no" };
        let kind = format.as_str();
        out.push(Effect::Export {
            path: format!("api/rooms/{room}/transcript?format={kind}{with}"),
            secret,
            file: format!("chalkwire-room-{room}.{}", format.end()),
            report: (format == Format::Report).then_some(names),
        });
    }
}

//! What each event does: the state follows, the ring and the log have it, and who it is about is told.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use chalkwire_shared::room::{CommandNo, Happened, LeftReason, MemberId};

use super::inside::Inside;
use super::page::text_of;
use super::seat::Seat;
use super::{Over, Room};
use crate::policy::secret::Hash;

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
                self.armed.send_replace(inside.armed().cloned());
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
}

//! Who has a connection, who has none, and whose place it is.

use std::sync::{Arc, Weak};

use chalkwire_shared::room::{Happened, LeftReason, MemberId};

use super::Room;
use super::inside::Inside;
use super::seat::Seat;

impl Room {
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

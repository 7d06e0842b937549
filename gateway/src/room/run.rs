//! The one task that looks after all rooms: it makes texts of what is new, and keeps the time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chalkwire_shared::room::{Armed, Happened, RUN_US};

use super::inside::{Inside, TOUCHES};
use super::{Over, Room, Rooms};
use crate::log::Health;
use crate::timers::Timers;

/// What happens in so short a time comes in one text.
const TICK: Duration = Duration::from_millis(20);

impl Rooms {
    /// Looks after all rooms until the gateway ends, and every link has gone.
    pub async fn run(self: Arc<Self>, timers: Timers) {
        let (draining, stop) = (self.common.tasks.draining(), self.common.tasks.stop());
        let mut health = self.log.health();
        let mut has_log = true;
        while !(stop.is_cancelled() || draining.is_cancelled() && self.are_empty()) {
            let until_due = self.until_due();
            // The notification is kept where it comes while nobody waits.
            tokio::select! {
                () = self.common.wake.notified() => {}
                () = timers.sleep(until_due) => {}
                changed = health.changed(), if has_log => {
                    self.attend_to_all();
                    // Without its thread, rooms go on unsaved.
                    has_log = changed.is_ok();
                }
                () = draining.cancelled() => {}
            }
            self.tick(*health.borrow_and_update());
            tokio::time::sleep(TICK).await;
        }
    }

    /// Whether nobody is in any room.
    fn are_empty(&self) -> bool {
        self.all().iter().all(|room| room.lock().is_empty())
    }

    /// One look at every room that has news, or where something is due.
    pub(super) fn tick(&self, health: Health) {
        let news = std::mem::take(&mut *self.common.news());
        let now_us = self.common.now_us();
        for room in self.due(now_us) {
            room.keep_time(now_us);
        }
        for room in news {
            room.attend(health);
        }
        if self.common.some_over.swap(false, Ordering::Relaxed) {
            self.remove_those_over();
        }
    }

    /// Every room is looked at with the next tick.
    fn attend_to_all(&self) {
        for room in self.all() {
            if !std::mem::replace(&mut room.lock().attended, true) {
                self.common.news().push(room.clone());
            }
        }
    }

    /// Rooms where something is due.
    fn due(&self, now_us: u64) -> Vec<Arc<Room>> {
        let mut rooms = self.all();
        rooms.retain(|room| room.due_us.load(Ordering::Relaxed) <= now_us);
        rooms
    }

    fn until_due(&self) -> Duration {
        let due_us = |room: Arc<Room>| room.due_us.load(Ordering::Relaxed);
        let due_us = self.all().into_iter().map(due_us).min();
        let now_us = self.common.now_us();
        // Looked at again after an hour, whatever was said.
        let longest = Duration::from_secs(3_600);
        due_us.map_or(longest, |due| {
            Duration::from_micros(due.saturating_sub(now_us)).min(longest)
        })
    }
}

impl Room {
    /// Makes one text of what is new, and wakes who reads it; tells who waits to be saved.
    fn attend(self: &Arc<Self>, health: Health) {
        let (is_new, is_to_be_mended) = self.with(|room, inside| {
            let before = inside.kept.clone();
            room.look_at_the_log(inside, health);
            let Inside { ring, kept, .. } = inside;
            ring.seal(kept);
            let is_new = inside.ring.last() != inside.announced || inside.kept != before;
            inside.announced = inside.ring.last();
            // If there is more to do, it comes back on the list on the way out.
            inside.attended = false;
            (is_new, room.is_to_be_mended(inside, health))
        });
        if is_new {
            self.changed.send_modify(|version| *version += 1);
        }
        if is_to_be_mended {
            self.common.chore(self.clone().mend());
        }
    }

    /// Does what is due.
    fn keep_time(self: &Arc<Self>, now_us: u64) {
        self.with(|room, inside| {
            for member in inside.lapsed(now_us) {
                if inside.state.members.get(&member).is_some_and(|it| it.here) {
                    room.happens(inside, Happened::Away { member });
                }
            }
            let is_late = |run: &&Armed| run.at_us.saturating_add(RUN_US) <= now_us;
            if let Some(run) = inside.armed().filter(is_late).map(|run| run.run) {
                let called_off = false;
                room.happens(inside, Happened::RunOver { run, called_off });
            }
            let idle_us = room.common.idle_us();
            if inside.is_empty() {
                if inside.empty_us.saturating_add(idle_us) <= now_us {
                    tracing::info!(room = %room.id, "a room has expired");
                    room.close(inside, Over::Expired);
                }
            } else if inside.touched_us.saturating_add(idle_us / TOUCHES) <= now_us {
                room.touch(inside);
            }
        });
    }

    /// The log is told that the room is in use.
    pub(super) fn touch(&self, inside: &mut Inside) {
        inside.touched_us = self.common.now_us();
        if let Err(refused) = self.transcript.touch(inside.touched_us / 1_000) {
            tracing::debug!(room = %self.id, %refused, "the log was not told of the room's use");
        }
    }
}

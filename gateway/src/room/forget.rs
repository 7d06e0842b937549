//! A member's name goes, from what happened before as well.

use std::sync::Arc;

use chalkwire_shared::room::{Happened, MemberId, RoomEvent};

use super::Room;
use super::inside::Inside;
use super::page::nameless;

/// What is read of the log at once, in bytes of text.
const READ_BYTES: usize = 1 << 20;

impl Room {
    /// A member's name goes.
    pub(super) fn forget(self: &Arc<Self>, inside: &mut Inside, member: MemberId) {
        let it = inside.state.members.get(&member);
        let (joined, name) = match it {
            Some(it) => (Some(it.joined_offset), it.name.clone()),
            // Of one who has left nothing is at hand but the events.
            None => (inside.ring.joined(member), nameless(member)),
        };
        inside.snapshots.forget();
        if let Some(joined) = joined {
            inside.ring.rename(member, joined, &name);
        }
        self.rewrite(inside, joined, member, name);
    }

    /// Looks for the event of a member's coming in the log, and renames it there.
    pub(super) async fn forget_in_log(&self, member: MemberId, name: &str) {
        let mut after = 0;
        loop {
            let lines = self.transcript.read(after, READ_BYTES).await;
            let lines = lines.unwrap_or_default();
            let Some(last) = lines.last() else { return };
            after = last.offset;
            for line in lines {
                let Ok(mut event) = serde_json::from_str::<RoomEvent>(&line.text) else {
                    continue;
                };
                if let Happened::Joined {
                    member: joined,
                    name: old,
                    ..
                } = &mut event.what
                    && *joined == member
                {
                    name.clone_into(old);
                    return self.put(line.offset, &event);
                }
            }
        }
    }
}

//! A member's name goes, from what happened before as well.

use std::sync::Arc;

use chalkwire_shared::room::MemberId;

use super::Room;
use super::inside::Inside;
use super::page::{nameless, rename};

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

    /// Renames a member in the event of its coming, if the log still has that: at this offset, or
    /// wherever it is.
    pub(super) async fn forget_in_log(&self, joined: Option<u64>, member: MemberId, name: &str) {
        let (mut after, most_bytes) = match joined {
            Some(joined) => (joined - 1, 1),
            None => (0, READ_BYTES),
        };
        loop {
            let lines = self.transcript.read(after, most_bytes).await;
            let lines = lines.unwrap_or_default();
            let Some(last) = lines.last() else { return };
            after = last.offset;
            for line in lines {
                if let Ok(mut event) = serde_json::from_str(&line.text)
                    && rename(&mut event, member, name)
                {
                    return self.put(line.offset, &event);
                }
            }
            if joined.is_some() {
                return;
            }
        }
    }
}

//! Black hole: after so many bytes nothing passes any more, and nobody is told.

use bytes::Bytes;
use chalkwire_shared::fault::FaultDid;

use super::pipeline::{Item, Moving, Out};

/// Passes so many bytes, and swallows the rest.
#[derive(Debug)]
pub(super) struct BlackHole {
    left: usize,
    /// The end fell in. It is passed on when the hole is taken away: whoever ended has ended.
    end: Option<Moving>,
}

impl BlackHole {
    pub(super) fn new(after_bytes: u32) -> Self {
        BlackHole {
            left: after_bytes as usize,
            end: None,
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let swallowed = match &moving.item {
            _ if self.left == 0 => self.swallow(moving),
            Item::End(_) => {
                out.passed.push(moving);
                0
            }
            // Its bytes go in order: the first that fall in are the first that are missing.
            Item::Bytes(bytes) if bytes.len() > self.left => {
                let part = Bytes::copy_from_slice(&bytes[..self.left]);
                let swallowed = bytes.len() - self.left;
                let mut moved = moving.with(Item::Bytes(part));
                moved.cut = false;
                out.passed.push(moved);
                self.left = 0;
                swallowed
            }
            // Whole, or not at all.
            Item::Datagram(bytes) if bytes.len() > self.left => {
                self.left = 0;
                self.swallow(moving)
            }
            Item::Bytes(bytes) | Item::Datagram(bytes) => {
                self.left -= bytes.len();
                out.passed.push(moving);
                0
            }
        };
        if swallowed > 0 {
            let bytes = u32::try_from(swallowed).unwrap_or(u32::MAX);
            out.did.push(FaultDid::Dropped { bytes });
        }
    }

    /// How many bytes fell in.
    fn swallow(&mut self, moving: Moving) -> usize {
        match &moving.item {
            Item::Bytes(bytes) | Item::Datagram(bytes) => bytes.len(),
            Item::End(_) => {
                self.end = Some(moving);
                0
            }
        }
    }

    /// Passes on the end that fell in.
    pub(super) fn interrupt(&mut self, now_us: u64, out: &mut Out) {
        let end = self.end.take();
        out.passed.extend(end.map(|end| end.held_until(now_us)));
    }
}

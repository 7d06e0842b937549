//! Reorder: datagrams are overtaken by the next one, by chance.

use chalkwire_shared::fault::FaultDid;

use super::chance::Chance;
use super::held::Held;
use super::pipeline::{Item, Moving, Out};

/// One that nothing follows is passed on after so long: late, but not lost.
const WAIT_US: u64 = 1_000_000;

/// Lets datagrams be overtaken.
#[derive(Debug)]
pub(super) struct Reorder {
    percent: u8,
    chance: Chance,
    /// The one that waits to be overtaken, if one does.
    pub(super) held: Held,
}

impl Reorder {
    pub(super) fn new(percent: u8, chance: Chance) -> Self {
        Reorder {
            percent,
            chance,
            held: Held::default(),
        }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        let at_us = moving.at_us;
        match &moving.item {
            Item::Datagram(bytes) => {
                // Drawn for each, so that the row of chances does not depend on who waits.
                let waits = self.chance.percent(self.percent) && self.held.is_empty();
                if waits {
                    let bytes = bytes.len() as u32;
                    out.did.push(FaultDid::Reordered { bytes });
                    self.held.hold(moving, at_us + WAIT_US, out);
                } else {
                    out.passed.push(moving);
                    self.held.interrupt(at_us, out);
                }
            }
            // Nothing comes after it that could overtake.
            Item::Bytes(_) | Item::End(_) => {
                self.held.interrupt(at_us, out);
                out.passed.push(moving);
            }
        }
    }
}

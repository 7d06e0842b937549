//! Loss: datagrams are lost by chance.

use chalkwire_shared::fault::FaultDid;

use super::chance::Chance;
use super::pipeline::{Item, Moving, Out};

/// Loses datagrams.
#[derive(Debug)]
pub(super) struct Loss {
    percent: u8,
    chance: Chance,
}

impl Loss {
    pub(super) fn new(percent: u8, chance: Chance) -> Self {
        Loss { percent, chance }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        match &moving.item {
            Item::Datagram(bytes) if self.chance.percent(self.percent) => {
                let bytes = bytes.len() as u32;
                out.did.push(FaultDid::Dropped { bytes });
            }
            _ => out.passed.push(moving),
        }
    }
}

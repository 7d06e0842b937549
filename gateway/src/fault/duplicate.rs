//! Duplicate: datagrams come twice by chance.

use chalkwire_shared::fault::FaultDid;

use super::chance::Chance;
use super::pipeline::{Item, Moving, Out};

/// Doubles datagrams.
#[derive(Debug)]
pub(super) struct Duplicate {
    percent: u8,
    chance: Chance,
}

impl Duplicate {
    pub(super) fn new(percent: u8, chance: Chance) -> Self {
        Duplicate { percent, chance }
    }

    pub(super) fn push(&mut self, moving: Moving, out: &mut Out) {
        if let Item::Datagram(bytes) = &moving.item
            && self.chance.percent(self.percent)
        {
            let bytes = bytes.len() as u32;
            out.did.push(FaultDid::Duplicated { bytes });
            out.passed.push(moving.clone());
        }
        out.passed.push(moving);
    }
}

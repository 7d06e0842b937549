//! Faults: wrongs that are done on purpose to a socket's traffic, seeded and replayable.
//!
//! A [`Plan`] is the list that was asked for. [`pipeline`] does it to what travels one way, without
//! I/O; a file a fault. A *hop* stands between the owner of a socket and its real stream,
//! and [`Wire`] is what the owner holds: the stream itself where no fault was ever asked for.

mod bandwidth;
mod black_hole;
mod chance;
mod corrupt;
mod duplicate;
mod held;
mod hop;
mod inflow;
mod latency;
mod limit;
mod loss;
pub mod pipeline;
mod pump;
mod refuse;
mod reorder;
mod reset;
mod slice;
mod slow_close;
mod stage;
#[cfg(test)]
mod testing;
mod truncate;
mod wire;

use chalkwire_shared::fault::{Direction, Fault, FaultError, check_list};

use chance::Chance;
pub use inflow::Inflow;
use pipeline::Pipeline;
pub use pump::Report;
pub use refuse::refused;
use stage::Stage;
pub use wire::{Places, Wire};

/// The faults of a socket: those of its target, which stand, and after them those of its client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    standing: Vec<Fault>,
    standing_seed: u32,
    asked: Vec<Fault>,
    seed: u32,
}

/// Whose list a fault stands in: it has other chances there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Target,
    Client,
}

impl Plan {
    /// Faults that the configuration does to every socket of a target.
    pub fn standing(faults: Vec<Fault>, seed: u32) -> Self {
        Plan {
            standing: faults,
            standing_seed: seed,
            ..Plan::default()
        }
    }

    /// Takes a client's faults instead of those that it asked for before.
    ///
    /// # Errors
    /// [`FaultError`] says what does not fit this sort of socket; then nothing has changed.
    pub fn ask(&mut self, faults: Vec<Fault>, seed: u32, datagram: bool) -> Result<(), FaultError> {
        let mut all = self.standing.clone();
        all.extend(&faults);
        check_list(&all, datagram)?;
        (self.asked, self.seed) = (faults, seed);
        Ok(())
    }

    /// Whether there is nothing to be done.
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty() && self.asked.is_empty()
    }

    /// Whether the connection is to be refused.
    pub fn refuses(&self) -> bool {
        self.standing.contains(&Fault::Refuse) || self.asked.contains(&Fault::Refuse)
    }

    /// The client's faults, and where their chance begins.
    pub fn asked(&self) -> (&[Fault], u32) {
        (&self.asked, self.seed)
    }

    /// What is done one way.
    fn pipeline(&self, way: Direction) -> Pipeline {
        let standing = stages(&self.standing, Whose::Target, self.standing_seed, way);
        Pipeline::new(standing, self.asked_stages(way))
    }

    fn asked_stages(&self, way: Direction) -> Vec<Stage> {
        stages(&self.asked, Whose::Client, self.seed, way)
    }
}

fn stages(faults: &[Fault], whose: Whose, seed: u32, way: Direction) -> Vec<Stage> {
    let on_way = |fault: &Fault| [way, Direction::Both].contains(&fault.direction());
    faults
        .iter()
        .enumerate()
        .filter(|(_, fault)| on_way(fault))
        .filter_map(|(place, fault)| Stage::new(*fault, Chance::new(seed, whose, place, way)))
        .collect()
}

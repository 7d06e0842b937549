//! Who may do what from where: hosts, origins, addresses and rates.

pub mod address;
pub mod embed;
pub mod guesses;
pub mod guests;
pub mod origin;
pub mod rate;
pub mod secret;
pub mod site;

//! Who may do what from where: hosts, origins, addresses, proxies and rates.

pub mod address;
pub mod embed;
mod forwarded;
pub mod guesses;
pub mod guests;
pub mod origin;
pub mod proxies;
pub mod rate;
pub mod secret;
pub mod site;

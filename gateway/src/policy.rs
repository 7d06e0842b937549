//! Who may do what from where, and when: hosts, origins, addresses, proxies, rates and overload.

pub mod address;
pub mod admission;
pub mod embed;
mod forwarded;
pub mod guesses;
pub mod guests;
pub mod origin;
pub mod proxies;
pub mod rate;
pub mod secret;
pub mod site;

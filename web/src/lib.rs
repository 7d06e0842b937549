//! The page of Chalkwire.
//!
//! Pure parts (everything but `browser`, `components`, `focus`, `pages` and `socket`) are tested natively.

pub mod browser;
pub mod bytes;
pub mod components;
pub mod experiment;
pub mod export;
pub mod fields;
pub mod focus;
pub mod legs;
pub mod line_end;
pub mod link;
pub mod model;
pub mod pages;
pub mod probe;
pub mod sequence;
pub mod socket;
pub mod state;
pub mod take_home;
pub mod wire;
pub mod words;

//! The page of Chalkwire.
//!
//! Pure parts (everything but `components`, `pages` and `socket`) are tested natively.

pub mod bytes;
pub mod components;
pub mod export;
pub mod fields;
pub mod legs;
pub mod model;
pub mod probe;
pub mod sequence;
pub mod take_home;

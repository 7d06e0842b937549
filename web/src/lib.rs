//! The page of Chalkwire.
//!
//! Pure parts (everything but `components`, `pages` and `socket`) are tested natively.

pub mod bytes;
pub mod model;
pub mod sequence;

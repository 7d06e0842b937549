//! The page of Chalkwire.
//!
//! Pure parts (everything but `components`, `pages` and `socket`) are tested natively.

pub mod bytes;
pub mod fields;
pub mod legs;
pub mod line_end;
pub mod link;
pub mod model;
pub mod sequence;
pub mod state;
pub mod words;

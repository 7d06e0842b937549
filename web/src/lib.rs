//! The page of Chalkwire.
//!
//! Pure parts (everything but `components`, `pages` and `socket`) are tested natively.

pub mod line_end;
pub mod link;
pub mod model;

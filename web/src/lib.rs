//! The page of Chalkwire.
//!
//! Pure parts (everything but `alarms`, `browser`, `components`, `desk`, `focus`, `pages`, `second`, `socket` and `stage`) are tested natively.

pub mod alarms;
pub mod browser;
pub mod bytes;
pub mod components;
pub mod desk;
pub mod experiment;
pub mod export;
pub mod faults;
pub mod few;
pub mod fields;
pub mod focus;
pub mod inbox;
pub mod legs;
pub mod line_end;
pub mod link;
pub mod model;
pub mod pages;
pub mod pictures;
pub mod place;
pub mod probe;
pub mod qr;
pub mod room;
pub mod second;
pub mod sequence;
pub mod socket;
pub mod stage;
pub mod state;
pub mod take_home;
pub mod told;
pub mod visit;
pub mod wire;
pub mod words;

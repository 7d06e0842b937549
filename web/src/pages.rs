//! The pages.

pub mod experiments;
pub mod lab;
pub mod room;

//! The pages.

pub mod lab;

//! What the page is made of: a file for each part, drawn from plain data.

pub mod connection_test;
pub mod download;
pub mod hex_view;
pub mod inspector;
pub mod legs;
pub mod payload;
pub mod programs;
pub mod sequence;

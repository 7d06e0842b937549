//! The parts of the experiments' page, a file for each, drawn from plain data.

pub mod again;
pub mod app;
pub mod check;
pub mod files;
pub mod index;
pub mod knobs;
pub mod predict;
pub mod run;
pub mod see;
pub mod take_home;

//! Pictures as plain shapes: each kind of picture lays its data out here, and one component draws them all.

pub mod answers;
pub mod axis;
pub mod buffer;
pub mod calls;
pub mod class;
pub mod datagrams;
pub mod exchange;
pub mod gantt;
pub mod latency;
pub mod queue;
pub mod ruler;
pub mod shape;
pub mod states;
pub mod stepper;
pub mod story;
pub mod svg;
pub mod tree;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
pub(crate) mod golden;

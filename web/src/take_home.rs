//! What was seen here as short, complete programs for the learner's own machine.
//!
//! [`exchange`] writes one exchange as a client; a [`Recipe`] is a whole experiment, which
//! [`python`], [`shell`] and [`rust`] write as a client and a server.

pub mod exchange;
pub mod python;
pub mod recipe;
pub mod rust;
pub mod shell;

mod literal;
mod template;

pub use exchange::{Language, program};
pub use recipe::Recipe;

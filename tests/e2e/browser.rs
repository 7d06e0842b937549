//! The page in a real browser: what somebody sees, presses and types, and what comes of it.

mod first_visit;
mod transports;

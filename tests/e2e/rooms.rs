//! Rooms over real links: who comes in, what all see, and that none of it is lost.

mod entering;
mod expiring;
mod following;
mod guessing;
mod roles;
mod rules;
mod transcripts;

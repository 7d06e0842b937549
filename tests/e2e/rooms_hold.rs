//! What a room must bear, and what it sees of its members' exchanges.

mod crowd;
mod exchanges;
mod guesses;
mod killed;

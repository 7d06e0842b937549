//! What a room must bear, and what it sees of its members' exchanges.

mod exchanges;
mod killed;

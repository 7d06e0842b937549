//! A message of every kind, and the golden file that it stands in.

mod client;
mod gateway;
mod room;

use chalkwire_shared::id::{SocketId, Token};

pub(crate) use client::{file_of_client, of_client};
pub(crate) use gateway::{file_of_gateway, of_gateway};

pub(crate) const SOCKET: SocketId = SocketId(1);

pub(crate) fn token() -> Token {
    Token::from("0123456789abcdef0123456789abcdef".to_owned())
}

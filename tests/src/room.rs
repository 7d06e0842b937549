//! Rooms of a test's own, opened over HTTP as a script would.

pub mod crowd;
pub mod guest;
pub mod page;
pub mod scan;

use std::net::SocketAddr;

use chalkwire_shared::id::Token;
use chalkwire_shared::room::{Key, RoomId};

use crate::http;

/// A room that is open, and what opens it to whom.
#[derive(Clone, Debug)]
pub struct OpenRoom {
    /// Its public name.
    pub room: RoomId,
    /// The code on the board.
    pub code: String,
    /// The secrets of the teach link and of the view link.
    teach: String,
    view: String,
    /// The gateway's answer.
    pub json: serde_json::Value,
}

impl OpenRoom {
    /// Opens a room.
    ///
    /// # Panics
    /// When the gateway does not.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_with(address, &serde_json::json!({})).await
    }

    /// Opens a room with a title, targets or faults.
    ///
    /// # Panics
    /// When the gateway does not.
    pub async fn open_with(address: SocketAddr, request: &serde_json::Value) -> Self {
        let headers = [("Content-Type", "application/json")];
        let body = request.to_string();
        let response =
            http::request(address, "POST", "/api/rooms", &headers, body.as_bytes()).await;
        assert_eq!(response.status, 201, "{}", response.text());
        let made = response.json();
        let text = |key: &str| made[key].as_str().expect("a text").to_owned();
        let secret = |key: &str| {
            let link = text(key);
            let (_, secret) = link.rsplit_once('/').expect("a link with a secret");
            secret.to_owned()
        };
        OpenRoom {
            room: RoomId::read(&text("room")).expect("a room's name"),
            code: text("code"),
            teach: secret("teach"),
            view: secret("view"),
            json: made,
        }
    }

    /// The secret of the teach link.
    pub fn teach_secret(&self) -> &str {
        &self.teach
    }

    /// By which students come in.
    pub fn code(&self) -> Key {
        Key::Code {
            code: token(&self.code),
        }
    }

    /// By which teachers come in.
    pub fn teach(&self) -> Key {
        Key::Teach {
            room: self.room.clone(),
            secret: token(&self.teach),
        }
    }

    /// By which viewers come in.
    pub fn view(&self) -> Key {
        Key::View {
            room: self.room.clone(),
            secret: token(&self.view),
        }
    }
}

/// A secret as a message has it.
///
/// # Panics
/// When it is none.
pub fn token(text: &str) -> Token {
    serde_json::from_value(text.into()).expect("a token")
}

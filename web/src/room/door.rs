//! By which door somebody comes: what the address says, and what this tab remembers.

use chalkwire_shared::id::Token;
use chalkwire_shared::room::{Key, MemberId, RoomId, RunId};
use serde::{Deserialize, Serialize};

/// What an address of the room asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// The lobby, or the room that this tab is in.
    #[default]
    Lobby,
    /// The lobby with a code.
    Join(String),
    /// In as a teacher.
    Teach {
        /// Which room.
        room: RoomId,
        /// The link's secret.
        secret: Token,
    },
    /// In to look.
    View {
        /// Which room.
        room: RoomId,
        /// The link's secret.
        secret: Token,
    },
    /// A link to a room that is none: cut off, perhaps.
    Broken,
}

/// The longest secret that is read from an address, in bytes.
const MAX_SECRET_BYTES: usize = 128;

impl Door {
    /// The door of a fragment, with or without its `#`.
    pub fn of(fragment: &str) -> Self {
        let fragment = fragment.trim_start_matches('#');
        let path = fragment.split('?').next().unwrap_or_default();
        let mut parts = path.trim_matches('/').split('/');
        let (kind, first, second) = (parts.next(), parts.next(), parts.next());
        let secret = |text: Option<&str>| {
            let text = text.filter(|it| !it.is_empty() && it.len() <= MAX_SECRET_BYTES)?;
            Some(Token::from(text.to_owned()))
        };
        let with_secret = || Some((RoomId::read(first?)?, secret(second)?));
        match kind {
            Some("join") => match first {
                Some(code) if code.len() <= 64 => Door::Join(plain(code)),
                _ => Door::Broken,
            },
            Some("teach") => {
                with_secret().map_or(Door::Broken, |(room, secret)| Door::Teach { room, secret })
            }
            Some("view") => {
                with_secret().map_or(Door::Broken, |(room, secret)| Door::View { room, secret })
            }
            _ => Door::Lobby,
        }
    }
}

/// A code as it is typed: a blank comes as `%20` or `+` in an address, and mail programs break lines.
fn plain(code: &str) -> String {
    let code = code.replace("%20", " ").replace("%C2%A0", " ");
    code.replace(['+', '\u{a0}'], " ")
}

/// What a tab keeps of the room that it is in, for when it is loaded again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Which room.
    pub room: RoomId,
    /// Who one is there.
    pub member: MemberId,
    /// By which one comes back.
    pub token: Token,
    /// The teach link's secret, where one came by it: what fetches the transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teach: Option<Token>,
    /// The room's links, where this tab opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// The last "everyone send now" that was taken part in: never twice, whatever is loaded again.
    #[serde(default)]
    pub ran: RunId,
}

/// The links of a room, as its gateway gave them to who opened it. Two of them hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// By which one teaches.
    pub teach: Token,
    /// By which students come.
    pub join: String,
    /// By which one looks.
    pub view: Token,
}

impl Kept {
    /// As it is stored.
    pub fn write(&self) -> String {
        // Nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what was stored; `None` for what is none.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// What lets this tab in again.
    pub fn key(&self) -> Key {
        Key::Member {
            room: self.room.clone(),
            member: self.member,
            token: self.token.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: &str = "0123456789abcdef";

    #[test]
    fn an_address_says_by_which_door() {
        let room = RoomId::read(ROOM).unwrap();
        let secret = Token::from("s3cret".to_owned());
        for (fragment, door) in [
            ("#/room", Door::Lobby),
            ("", Door::Lobby),
            ("#/join/HKTPWN", Door::Join("HKTPWN".to_owned())),
            ("#/join/HKT%20PWN", Door::Join("HKT PWN".to_owned())),
            ("#/join/hkt-pwn", Door::Join("hkt-pwn".to_owned())),
            (
                "#/teach/0123456789abcdef/s3cret",
                Door::Teach {
                    room: room.clone(),
                    secret: secret.clone(),
                },
            ),
            (
                "#/view/0123456789abcdef/s3cret?theme=projector",
                Door::View { room, secret },
            ),
            ("#/teach/0123456789abcdef", Door::Broken),
            ("#/view/elsewhere/s3cret", Door::Broken),
            ("#/join", Door::Broken),
        ] {
            assert_eq!(Door::of(fragment), door, "{fragment}");
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_never_shown() {
        let kept = Kept {
            room: RoomId::read(ROOM).unwrap(),
            member: MemberId(3),
            token: Token::from("s3cret".to_owned()),
            teach: None,
            links: None,
            ran: RunId(2),
        };
        assert_eq!(Kept::read(&kept.write()), Some(kept.clone()));
        assert!(!format!("{kept:?}").contains("s3cret"));
        assert_eq!(Kept::read("{}"), None);
    }
}

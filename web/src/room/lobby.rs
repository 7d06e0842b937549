//! The lobby: a code and a name, or a room to be opened.

use chalkwire_shared::id::Token;
use chalkwire_shared::message::ClientMessage;
use chalkwire_shared::room::{Code, Key, MAX_NAME_CHARS, MAX_TITLE_CHARS, NotEntered, clean};
use serde::Deserialize;

use super::door::{Door, Kept, Links};
use super::{Effect, Seat, Stage};
use crate::wire::{Now, Out};

/// What the lobby holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lobby {
    /// The code, as it is typed.
    pub code: String,
    /// The name that others shall see.
    pub name: String,
    /// The title of a room to be opened.
    pub title: String,
    /// What the address asks for.
    pub door: Door,
    /// What is wrong with a field: a sentence.
    pub trouble: Option<(Field, String)>,
    /// A room is being opened.
    pub opening: bool,
    /// What this tab keeps of the room that it comes back to.
    pub(super) kept: Option<Kept>,
    /// The links of the room that this page opened.
    pub(super) links: Option<Links>,
    /// The teach link's secret by which the page comes in.
    pub(super) teach: Option<Token>,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The code, or the link.
    Code,
    /// The name.
    Name,
    /// The new room.
    Title,
}

/// The gateway's answer where a room was opened.
#[derive(Deserialize)]
struct OpenedRoom {
    teach: String,
    join: String,
    view: String,
}

/// Why the gateway did not do what it was asked over HTTP, in a sentence.
pub fn refusal(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Refused {
        detail: String,
    }
    let refused: Refused = serde_json::from_str(text).ok()?;
    Some(refused.detail)
}

impl Lobby {
    /// What is wrong with a field.
    pub fn trouble(&self, field: Field) -> Option<&str> {
        let (wrong, sentence) = self.trouble.as_ref()?;
        (*wrong == field).then_some(sentence.as_str())
    }
}

impl Seat {
    /// Whether the page is on its way in.
    pub fn is_entering(&self) -> bool {
        matches!(self.stage, Stage::Entering(_))
    }

    /// Comes in by what the address or the field of the code says.
    pub(super) fn join(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        if self.is_entering() || self.stage == Stage::In {
            return;
        }
        self.lobby.trouble = None;
        let key = match &self.lobby.door {
            Door::Teach { room, secret } => {
                self.lobby.teach = Some(secret.clone());
                Some(Key::Teach {
                    room: room.clone(),
                    secret: secret.clone(),
                })
            }
            _ => {
                self.lobby.teach = None;
                Code::read(&self.lobby.code).map(|code| Key::Code {
                    code: Token::from(code.plain()),
                })
            }
        };
        let Some(key) = key else {
            let text = "A room’s code is six letters, such as HKT PWN. Its teacher shows it, or \
                        sends a link with the code in it.";
            self.lobby.trouble = Some((Field::Code, text.to_owned()));
            return;
        };
        if clean(&self.lobby.name, MAX_NAME_CHARS).is_none() {
            let text = "Write the name that the others shall see: any name will do.";
            self.lobby.trouble = Some((Field::Name, text.to_owned()));
            return;
        }
        out.push(Effect::Remember(self.lobby.name.clone()));
        self.stage = Stage::Entering(key);
        self.asked = false;
        self.knock(now, wire);
    }

    /// Asks to be let in, if the link stands and was not asked yet.
    pub(super) fn knock(&mut self, _: Now, wire: &mut Out) {
        if !self.wire.link.is_up() || self.asked {
            return;
        }
        let key = match (&self.stage, &self.inside) {
            (Stage::Entering(key), _) => key.clone(),
            (Stage::In, Some(inside)) => inside.key.clone(),
            _ => return,
        };
        self.asked = true;
        let (name, client) = (self.lobby.name.clone(), self.client);
        self.wire
            .link
            .say(&mut wire.said, |seq| ClientMessage::Enter {
                seq,
                key,
                name,
                client,
            });
    }

    /// The room did not let the page in.
    pub(super) fn not_entered(
        &mut self,
        reason: NotEntered,
        detail: String,
        out: &mut Vec<Effect>,
    ) {
        self.asked = false;
        let was_in = self.stage == Stage::In;
        if was_in && reason == NotEntered::AlreadyIn {
            return;
        }
        let comes_back = matches!(self.stage, Stage::Entering(Key::Member { .. }));
        if was_in || comes_back {
            out.push(Effect::Keep(None));
        }
        let detail = match reason {
            // By a token nothing was mistyped.
            NotEntered::NoRoom if was_in || comes_back => self.gone().to_owned(),
            _ => detail,
        };
        if was_in {
            self.out(detail, out);
            return;
        }
        let field = match reason {
            NotEntered::BadName => Field::Name,
            _ => Field::Code,
        };
        self.lobby.kept = None;
        self.lobby.trouble = Some((field, detail));
        self.inside = None;
        self.stage = Stage::Lobby;
        out.push(Effect::Turned);
    }

    /// Why a room that the page was in lets it in no more.
    fn gone(&self) -> &'static str {
        match &self.inside {
            Some(inside) if !inside.kept => {
                "The room is gone: the gateway was started anew, and kept it in memory only."
            }
            _ => {
                "The room that this page was in is over, or your place in it was given away. If the \
                 code still holds, come in by it again."
            }
        }
    }

    /// Has a room opened.
    pub(super) fn open(&mut self, out: &mut Vec<Effect>) {
        if self.lobby.opening || self.is_entering() || self.stage == Stage::In {
            return;
        }
        self.lobby.trouble = None;
        let Some(title) = clean(&self.lobby.title, MAX_TITLE_CHARS) else {
            let text = "Name the room: its title stands above it for everybody.";
            self.lobby.trouble = Some((Field::Title, text.to_owned()));
            return;
        };
        self.lobby.opening = true;
        out.push(Effect::Open(title));
    }

    /// The gateway has opened a room, or has not.
    pub(super) fn opened(
        &mut self,
        answer: Result<(u16, String), String>,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) {
        self.lobby.opening = false;
        let read = |text: &str| serde_json::from_str::<OpenedRoom>(text).ok();
        let trouble = match answer {
            Ok((201, text)) => match read(&text) {
                Some(opened) => return self.teach(opened, now, wire, out),
                None => "The gateway’s answer is none that this page understands: reload it, so \
                         that both are of the same version."
                    .to_owned(),
            },
            Ok((404, _)) => NotEntered::NoRooms.sentence().to_owned(),
            Ok((status, text)) => refusal(&text).unwrap_or_else(|| {
                format!("The gateway did not open a room: it answered {status}.")
            }),
            Err(why) => why,
        };
        self.lobby.trouble = Some((Field::Title, trouble));
    }

    /// Goes into the room that was just opened.
    fn teach(&mut self, opened: OpenedRoom, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let fragment = opened.teach.split_once('#').map_or("", |(_, it)| it);
        self.lobby.door = Door::of(fragment);
        self.lobby.links = Some(Links {
            teach: Token::from(opened.teach),
            join: opened.join,
            view: Token::from(opened.view),
        });
        if clean(&self.lobby.name, MAX_NAME_CHARS).is_none() {
            self.lobby.name = "Teacher".to_owned();
        }
        self.join(now, wire, out);
    }
}

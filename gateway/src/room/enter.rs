//! Coming into a room: by which key, as whom, and whose place that takes.

use std::sync::{Arc, OnceLock, Weak};

use chalkwire_shared::id::Token;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{
    Code, Happened, Key, MAX_NAME_CHARS, MAX_TEACHERS, MemberId, NotEntered, RoomId, You, clean,
};

use super::inside::{Inside, Place};
use super::seat::{Occupant, Seat};
use super::{Room, Rooms};
use crate::core::new_token;
use crate::policy::secret;

/// Viewers of one room at once.
const MOST_VIEWERS: usize = 100;

/// Somebody who wants to come in.
#[derive(Clone, Debug)]
pub struct Coming {
    /// By what.
    pub key: Key,
    /// The name that it would like.
    pub name: String,
    /// Its page's own number.
    pub client: u32,
    /// Who sits down.
    pub occupant: Weak<dyn Occupant>,
}

/// Somebody who came in.
#[derive(Debug)]
pub struct Came {
    /// Where it sits.
    pub seat: Arc<Seat>,
    /// Who it is.
    pub you: You,
    /// The code on the board, as it is written there; not for viewers.
    pub code: Option<String>,
    /// The code without a gap, as in a link.
    pub plain_code: String,
}

impl Rooms {
    /// Lets somebody in.
    ///
    /// # Errors
    /// [`NotEntered`] says why not. How long it took must not be seen where it is
    /// [`NotEntered::NoRoom`].
    pub fn enter(&self, coming: Coming) -> Result<Came, NotEntered> {
        // Before it is looked whether there is such a room: a name tells nothing about that.
        let is_new = matches!(coming.key, Key::Code { .. } | Key::Teach { .. });
        if is_new && clean(&coming.name, MAX_NAME_CHARS).is_none() {
            return Err(NotEntered::BadName);
        }
        let room = match &coming.key {
            Key::Code { code } => Code::read(code.expose()).and_then(|code| self.by_code(&code)),
            Key::Teach { room, .. } | Key::View { room, .. } | Key::Member { room, .. } => {
                self.get(room)
            }
        };
        room.ok_or(NotEntered::NoRoom)?.enter(coming)
    }

    /// A room whose teach link's secret that is.
    pub fn taught(&self, room: &RoomId, secret: &str) -> Option<Arc<Room>> {
        self.get(room).filter(|room| room.is_taught_by(secret))
    }
}

impl Room {
    fn enter(self: &Arc<Self>, coming: Coming) -> Result<Came, NotEntered> {
        let Coming {
            key,
            name,
            client,
            occupant,
        } = coming;
        let seat = |member, role| {
            Arc::new(Seat {
                room: self.clone(),
                member,
                role,
                client,
                occupant: occupant.clone(),
                over: OnceLock::new(),
            })
        };
        self.with(|room, inside| {
            if inside.over.is_some() {
                return Err(NotEntered::NoRoom);
            }
            let (seat, token) = match key {
                Key::Code { .. } => {
                    let (member, token) = room.join(inside, &name, Role::Student)?;
                    (seat(Some(member), Role::Student), Some(token))
                }
                Key::Teach { secret, .. } if room.is_taught_by(secret.expose()) => {
                    let (member, token) = room.join(inside, &name, Role::Teacher)?;
                    (seat(Some(member), Role::Teacher), Some(token))
                }
                Key::View { secret, .. } if secret::matches(secret.expose(), &room.keys.view) => {
                    inside.viewers.retain(|viewer| viewer.strong_count() > 0);
                    if inside.viewers.len() >= MOST_VIEWERS {
                        return Err(NotEntered::Full);
                    }
                    (seat(None, Role::Viewer), None)
                }
                Key::Member { member, token, .. } => {
                    let place = inside.places.get(&member).map(|place| place.token);
                    let is_it = place.is_some_and(|kept| secret::matches(token.expose(), &kept));
                    let member = inside.state.members.get(&member).filter(|_| is_it);
                    let member = member.ok_or(NotEntered::NoRoom)?;
                    (seat(Some(member.member), member.role), Some(token))
                }
                Key::Teach { .. } | Key::View { .. } => return Err(NotEntered::NoRoom),
            };
            room.end_orphans(inside);
            match seat.member {
                Some(member) => room.take_place(inside, member, &seat),
                None => inside.viewers.push(Arc::downgrade(&seat)),
            }
            room.touch(inside);
            let no = seat
                .member
                .map_or(0, |member| inside.state.last_no(member, client));
            let viewer = seat.role == Role::Viewer;
            Ok(Came {
                you: You {
                    role: seat.role,
                    member: seat.member,
                    token,
                    no,
                },
                seat,
                code: (!viewer).then(|| room.keys.code.to_string()),
                plain_code: room.keys.code.plain(),
            })
        })
    }

    /// Somebody new.
    fn join(
        self: &Arc<Self>,
        inside: &mut Inside,
        name: &str,
        role: Role,
    ) -> Result<(MemberId, Token), NotEntered> {
        let state = &inside.state;
        if role == Role::Student && state.facts.locked {
            return Err(NotEntered::NoRoom);
        }
        let of_role = state.members.values().filter(|it| it.role == role);
        let most = match role {
            Role::Teacher => MAX_TEACHERS,
            _ => self.common.limits.members,
        };
        if of_role.count() >= most {
            let member = state.displaced(role).ok_or(NotEntered::Full)?;
            self.happens(inside, Happened::Left { member });
        }
        let joined = inside.state.join(name, role)?;
        let Happened::Joined { member, .. } = joined else {
            return Err(NotEntered::BadName);
        };
        // Without chance there are no secrets, and nobody new.
        let token = new_token().ok_or(NotEntered::Full)?;
        let hash = secret::hash(token.expose());
        inside.places.insert(member, Place::new(hash));
        let by = MemberId::GATEWAY;
        self.apply(inside, by, None, joined, Some((member.0, hash)));
        Ok((member, token))
    }
}

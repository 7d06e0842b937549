//! Somebody in a room, on a link of its own: what a page has of its room.

use std::collections::VecDeque;
use std::net::SocketAddr;

use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::room::{
    Command, Happened, Key, LeftReason, Member, MemberId, NotEntered, Refusal, RoomEvent, RoomId,
    State, You,
};

use super::OpenRoom;
use crate::deadline::within;
use crate::link::{Event, Link};

/// Somebody in a room, on a link of its own: keeps the room's state as its page would.
#[derive(Debug)]
pub struct Guest {
    /// Its link. What is not the room's stays there.
    pub link: Link,
    address: SocketAddr,
    /// Its page's own number.
    pub client: u32,
    /// The `room_entered` that it got.
    pub entered: GatewayMessage,
    /// Who it is.
    pub you: You,
    /// The room.
    pub room: RoomId,
    /// The room as it knows it; `None` before it subscribed.
    pub state: Option<State>,
    /// Every event that it applied, in order, since it knows the room.
    pub log: Vec<RoomEvent>,
    /// What had just happened before.
    pub history: Vec<RoomEvent>,
    /// How far the room is saved, as it was told last.
    pub saved: u64,
    /// Why the room is not saved, as it was told last.
    pub unsaved: Option<String>,
    /// Whether it recovered, each time that it subscribed.
    pub recovered: Vec<bool>,
    /// How far behind it was, each time that it lagged.
    pub lagged: Vec<u64>,
    /// Why it is no longer in the room.
    pub left: Option<LeftReason>,
    /// Answers to its commands that nobody has asked for.
    answers: VecDeque<(u64, Result<(), Refusal>)>,
    /// The number of its last command.
    no: u64,
    /// A snapshot that is not whole yet.
    coming: Option<State>,
}

/// Enters a room on a link; its answer.
///
/// # Panics
/// When there is no answer.
pub async fn enter(link: &mut Link, key: Key, name: &str, client: u32) -> GatewayMessage {
    let name = name.to_owned();
    link.say(|seq| ClientMessage::Enter {
        seq,
        key,
        name,
        client,
    })
    .await;
    let answers = |event: &Event| {
        matches!(
            event,
            Event::Told(GatewayMessage::RoomEntered { .. } | GatewayMessage::RoomNotEntered { .. })
        )
    };
    match within("an answer to enter", link.event_that(answers)).await {
        Event::Told(answer) => answer,
        Event::Data(_) => unreachable!("only messages are looked for"),
    }
}

impl Guest {
    /// Comes in, and follows the room from its beginning on.
    ///
    /// # Errors
    /// Why it did not come in.
    pub async fn enter(address: SocketAddr, key: Key, name: &str) -> Result<Self, NotEntered> {
        let mut guest = Self::enter_only(address, key, name).await?;
        guest.subscribe().await;
        Ok(guest)
    }

    /// Comes in, and asks for no events.
    ///
    /// # Errors
    /// Why it did not come in.
    pub async fn enter_only(address: SocketAddr, key: Key, name: &str) -> Result<Self, NotEntered> {
        let link = Link::connect(address).await;
        Self::enter_on(link, address, key, name, 1).await
    }

    /// Comes in on a link that is there, as a page of such a number.
    ///
    /// # Errors
    /// Why it did not come in.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn enter_on(
        mut link: Link,
        address: SocketAddr,
        key: Key,
        name: &str,
        client: u32,
    ) -> Result<Self, NotEntered> {
        let entered = enter(&mut link, key, name, client).await;
        let (room, you) = match &entered {
            GatewayMessage::RoomEntered { room, you, .. } => (room.clone(), you.clone()),
            GatewayMessage::RoomNotEntered { reason, .. } => return Err(*reason),
            other => panic!("no answer to enter: {other:?}"),
        };
        Ok(Guest {
            no: you.no,
            link,
            address,
            client,
            entered,
            you,
            room,
            state: None,
            log: Vec::new(),
            history: Vec::new(),
            saved: 0,
            unsaved: None,
            recovered: Vec::new(),
            lagged: Vec::new(),
            left: None,
            answers: VecDeque::new(),
            coming: None,
        })
    }

    /// Comes in by the code.
    pub async fn student(address: SocketAddr, opened: &OpenRoom, name: &str) -> Self {
        let entered = Self::enter(address, opened.code(), name).await;
        entered.expect("the code lets a student in")
    }

    /// Comes in by the teach link.
    pub async fn teacher(address: SocketAddr, opened: &OpenRoom, name: &str) -> Self {
        let entered = Self::enter(address, opened.teach(), name).await;
        entered.expect("the teach link lets a teacher in")
    }

    /// Comes in by the view link.
    pub async fn viewer(address: SocketAddr, opened: &OpenRoom) -> Self {
        let entered = Self::enter(address, opened.view(), "").await;
        entered.expect("the view link lets a viewer in")
    }

    /// Its number.
    ///
    /// # Panics
    /// When it is a viewer.
    pub fn member(&self) -> MemberId {
        self.you.member.expect("a member")
    }

    /// By which it comes back as who it is.
    ///
    /// # Panics
    /// When it is a viewer.
    pub fn by_token(&self) -> Key {
        Key::Member {
            room: self.room.clone(),
            member: self.member(),
            token: self.you.token.clone().expect("a member's token"),
        }
    }

    /// The room as it knows it.
    ///
    /// # Panics
    /// When it knows nothing of it.
    pub fn state(&self) -> &State {
        self.state.as_ref().expect("the room's state")
    }

    /// Itself, as the room has it.
    ///
    /// # Panics
    /// When it is none of its members.
    pub fn me(&self) -> &Member {
        &self.state().members[&self.member()]
    }

    /// The last offset that it has.
    pub fn offset(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.facts.offset)
    }

    /// Asks for what it has not yet, and waits until it finds itself in the room.
    pub async fn subscribe(&mut self) {
        let (epoch, offset) = match &self.state {
            Some(state) => (state.facts.epoch, state.facts.offset),
            None => (0, 0),
        };
        self.subscribe_from(epoch, offset).await;
        // What all share who come may be of a moment before; the own coming follows.
        let is_there = |guest: &Self| {
            let member = guest.you.member;
            member.is_none_or(|member| guest.state().members.contains_key(&member))
        };
        self.until("the own place", |guest| {
            is_there(guest) || guest.left.is_some()
        })
        .await;
    }

    /// The same from any place.
    pub async fn subscribe_from(&mut self, epoch: u32, offset: u64) {
        self.coming = None;
        let subscribe = ClientMessage::Subscribe { epoch, offset };
        let text = tokio_tungstenite::tungstenite::Message::text(subscribe.encode());
        self.link.write(text).await;
        let before = self.recovered.len();
        self.until("an answer to subscribe", |guest| {
            guest.recovered.len() > before && guest.coming.is_none()
        })
        .await;
    }

    /// Tells the room; its command's number.
    pub async fn tell(&mut self, command: Command) -> u64 {
        self.no += 1;
        self.tell_again(self.no, command).await;
        self.no
    }

    /// Tells the room with a number of one's own.
    pub async fn tell_again(&mut self, no: u64, command: Command) {
        let tell = |seq| ClientMessage::Tell { seq, no, command };
        self.link.say(tell).await;
    }

    /// What became of a command.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn answer(&mut self, no: u64) -> Result<(), Refusal> {
        let place = |guest: &Self| guest.answers.iter().position(|(other, _)| *other == no);
        self.until("an answer to a command", |guest| place(guest).is_some())
            .await;
        let at = place(self).unwrap_or_default();
        self.answers.remove(at).map_or(Ok(()), |(_, answer)| answer)
    }

    /// Tells the room, and waits until it is done and saved.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn does(&mut self, command: Command) -> Result<(), Refusal> {
        let no = self.tell(command).await;
        self.answer(no).await
    }

    /// Reads on until it holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        within(what, async {
            while !holds(self) {
                self.step().await;
            }
        })
        .await;
    }

    /// Reads on until it has all events up to an offset.
    pub async fn catch_up(&mut self, offset: u64) {
        self.until("the room's events", |guest| guest.offset() >= offset)
            .await;
    }

    /// Reads on until an event is there, and gives it.
    ///
    /// # Panics
    /// When it never came.
    pub async fn sees(&mut self, what: &str, is: impl Fn(&Happened) -> bool) -> RoomEvent {
        self.until(what, |guest| guest.log.iter().any(|event| is(&event.what)))
            .await;
        let event = self.log.iter().find(|event| is(&event.what));
        event.expect("it was seen").clone()
    }

    /// Reads on until it is put out of the room.
    ///
    /// # Panics
    /// When it is not.
    pub async fn is_left(&mut self) -> LeftReason {
        self.until("the end of its stay", |guest| guest.left.is_some())
            .await;
        self.left.expect("a reason")
    }

    /// Pulls the cable, takes the link up again and goes on where it was.
    ///
    /// # Panics
    /// When the gateway has forgotten the link.
    pub async fn drop_and_resume(&mut self) {
        self.link.cut();
        self.link.resume().await.expect("the link of before");
        self.subscribe().await;
    }

    /// Comes back on a new link, as after the gateway was started anew, and goes on where it was.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn come_back(&mut self, address: SocketAddr) {
        self.address = address;
        self.link = Link::connect(address).await;
        let key = self.by_token();
        let entered = enter(&mut self.link, key, "", self.client).await;
        let GatewayMessage::RoomEntered { you, .. } = &entered else {
            panic!("not let in again: {entered:?}");
        };
        assert_eq!((you.member, you.role), (self.you.member, self.you.role));
        self.entered = entered;
        self.left = None;
        self.subscribe().await;
    }

    /// Takes one message of the gateway.
    async fn step(&mut self) {
        let event = self.link.next().await;
        let event = event.unwrap_or_else(|end| panic!("the link ended: {end:?}"));
        if let Event::Told(message) = event {
            self.take(message);
        }
    }

    fn take(&mut self, message: GatewayMessage) {
        match message {
            GatewayMessage::RoomSubscribed { recovered, facts } => {
                self.recovered.push(recovered);
                assert_eq!(recovered, facts.is_none(), "recovered wholly or not at all");
                if let Some(facts) = facts {
                    self.coming = Some(State {
                        facts: *facts,
                        members: Default::default(),
                    });
                }
            }
            GatewayMessage::RoomMembers { members, more } => {
                let members = members.into_iter().map(|it| (it.member, it));
                let mut coming = self.coming.take().expect("facts came first");
                coming.members.extend(members);
                match more {
                    true => self.coming = Some(coming),
                    false => {
                        self.log.clear();
                        self.state = Some(coming);
                    }
                }
            }
            GatewayMessage::RoomHistory { events } => self.history = events,
            GatewayMessage::RoomEvents {
                saved,
                unsaved,
                events,
            } => {
                let state = self.state.as_mut().expect("what the events change");
                for event in events {
                    state.apply(&event).expect("no event missing, none twice");
                    self.log.push(event);
                }
                self.saved = saved;
                self.unsaved = unsaved;
            }
            GatewayMessage::RoomLagging { behind } => self.lagged.push(behind),
            GatewayMessage::RoomDone { no, .. } => self.answers.push_back((no, Ok(()))),
            GatewayMessage::RoomRefused { no, reason, .. } => {
                self.answers.push_back((no, Err(reason)));
            }
            GatewayMessage::RoomLeft { reason, .. } => self.left = Some(reason),
            _ => {}
        }
    }
}

//! What happens to the page's seat in a room, and what the shell has to do about it.

use bytes::Bytes;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::room::{Command, MemberId};

use super::everyone::Fields;
use super::feed::Kind;
use crate::experiment::runner;
use crate::line_end::LineEnd;
use crate::link::ways::Way;
use crate::state::settings::Theme;

/// What somebody does, or what happens.
#[derive(Clone, Debug)]
pub enum Action {
    /// The page is there.
    Start(Start),
    /// The address has changed.
    Go(String),
    /// Other colours.
    Theme(Theme),
    /// A pane of a phone.
    Tab(Tab),
    /// The lobby's code is this.
    Code(String),
    /// The name that others shall see is this.
    Name(String),
    /// The title of the room to be opened is this.
    Title(String),
    /// Come in.
    Join,
    /// Open a room.
    Open,
    /// The gateway's answer to that: its status and its text, or why there is none.
    Opened(Result<(u16, String), String>),
    /// Leave the room.
    Leave,
    /// Back to the lobby, after the end.
    Lobby,
    /// Connect to the gateway now.
    Retry,
    /// The WebSocket is closed, with this code.
    Dropped(u16),
    /// A text message came.
    Text(String),
    /// A binary message came.
    Bytes(Bytes),
    /// A wait is over.
    Wake(Timer),
    /// Tell the room.
    Tell(Command),
    /// The composer's target is this.
    Target(String),
    /// The composer's message is this.
    Message(String),
    /// The composer's line end is this.
    LineEnd(LineEnd),
    /// Send what the composer holds.
    Send,
    /// A field of "everyone send now" is filled in with this.
    Everyone(fn(&mut Fields, String), String),
    /// Have everyone send what stands there.
    Arm,
    /// Leave the room and go where another link leads, or stay.
    Elsewhere(bool),
    /// Only this member's events in the feed, or everybody's.
    Of(Option<MemberId>),
    /// Only this kind of events in the feed.
    Kind(Kind),
    /// The feed stands still, or goes on.
    Hold(bool),
    /// More of the feed.
    More,
    /// The projector's view of the room, or one's own again.
    Projector(bool),
    /// Back to where the teacher is.
    ToTeacher,
    /// Fetch the transcript.
    Export {
        /// As what.
        format: Format,
        /// With names.
        names: bool,
    },
    /// It came, or did not: a sentence.
    Exported(Result<(), String>),
    /// Something for the runner of the room's experiment.
    Runner(runner::Action),
    /// What went wrong was read.
    Understood,
}

/// What the page knows as it begins.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The address's fragment.
    pub fragment: String,
    /// The name that was used last.
    pub name: String,
    /// What this tab keeps of a room.
    pub kept: Option<String>,
    /// The colours.
    pub theme: Theme,
    /// Drawn at random, once for this page.
    pub client: u32,
}

/// A transcript's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON lines.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// A page to be printed, which this page makes of the JSON lines.
    Report,
}

impl Format {
    /// Its name in the gateway's addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Jsonl | Format::Report => "jsonl",
            Format::Csv => "csv",
        }
    }

    /// The end of a file's name.
    pub fn end(self) -> &'static str {
        match self {
            Format::Report => "html",
            it => it.as_str(),
        }
    }
}

/// The panes of a phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// What goes on, and the composer.
    #[default]
    Send,
    /// The feed.
    Log,
    /// The pictures.
    Picture,
    /// Members and settings.
    Room,
}

impl Tab {
    /// Every pane, in order.
    pub const ALL: [Tab; 4] = [Tab::Send, Tab::Log, Tab::Picture, Tab::Room];

    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Tab::Send => "Send",
            Tab::Log => "Log",
            Tab::Picture => "Picture",
            Tab::Room => "Room",
        }
    }

    /// Its name in the sheet of styles.
    pub fn key(self) -> &'static str {
        match self {
            Tab::Send => "send",
            Tab::Log => "log",
            Tab::Picture => "picture",
            Tab::Room => "room",
        }
    }
}

/// Waits that the shell keeps, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Until the next try to connect.
    Retry,
    /// Until the next ping.
    Ping,
    /// Until the room's events are asked for again.
    Subscribe,
    /// Until everyone sends, or a step on the way there.
    Run,
    /// Until a screen reader hears the news.
    News,
    /// Until a socket for one exchange is taken to have its whole reply.
    Quiet(SocketId),
}

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open a connection to the gateway, this way.
    Connect(Way),
    /// Drop it.
    Drop,
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Bytes(Bytes),
    /// Wake after so many ms; replaces a wait of the same name.
    Wake(Timer, f64),
    /// Keep this for this tab, until it is closed; `None`: forget it.
    Keep(Option<String>),
    /// Remember the name for the next time.
    Remember(String),
    /// Keep the theme.
    Dress(Theme),
    /// Put this fragment into the address, without a new entry in the history.
    Address(&'static str),
    /// Go to a place of the page.
    Go(String),
    /// The page's heading is a new one: it gets the focus.
    Turned,
    /// Ask the gateway to open a room of this title.
    Open(String),
    /// Fetch a transcript and save it.
    Export {
        /// Beside the page.
        path: String,
        /// What lets one fetch it.
        secret: chalkwire_shared::id::Token,
        /// The file's name.
        file: String,
        /// A report is made of it, with names or without.
        report: Option<bool>,
    },
    /// Something for the runner.
    Runner(runner::Effect),
}

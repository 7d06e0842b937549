//! What happens to the page: what comes over the link, and what somebody does.

use bytes::Bytes;
use chalkwire_shared::id::SocketId;

use super::effect::Timer;
use super::settings::{Address, Settings, Shows, Tab, Theme, Times};
use crate::bytes::View;
use crate::faults::Edit;
use crate::line_end::LineEnd;
use crate::model::Class;

/// What lies on top of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The list of shortcuts.
    Shortcuts,
    /// The connection test.
    Test,
}

/// A step through the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows down; up if negative.
    By(isize),
    /// To the first row.
    First,
    /// To the last row.
    Last,
}

/// What happens to the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The page is there.
    Start(Settings, Address),
    /// The WebSocket is closed, with this code.
    Dropped(u16),
    /// A text message came.
    Text(String),
    /// A binary message came.
    Bytes(Bytes),
    /// A wait is over.
    Wake(Timer),
    /// Connect to the gateway now.
    Retry,

    /// Another target is picked.
    Target(String),
    /// An open socket is picked to send on; again, and it is left.
    Socket(SocketId),
    /// Another text stands in the message box.
    Write(String),
    /// The message is hexadecimal.
    Hex(bool),
    /// Another line end.
    LineEnd(LineEnd),
    /// Other faults.
    Fault(Edit),
    /// The message box has many lines.
    ManyLines(bool),
    /// Send the message.
    Submit,
    /// Send these bytes to this target again.
    Resend(String, Bytes),
    /// Send a first message, to see something.
    Hello,
    /// Open a socket.
    Connect,
    /// Shut down the page's side of the socket.
    ShutDown,
    /// Close the socket.
    Close,
    /// Recall the message before.
    Older,
    /// And back.
    Newer,

    /// Show only rows with this text.
    Filter(String),
    /// Show a class, or not.
    ToggleClass(Class),
    /// Show everything again.
    ShowAll,
    /// Stop the list, or let it go on.
    Pause,
    /// Clear the log.
    Clear,
    /// Take the clear back.
    UndoClear,
    /// Pick a row.
    Select(u32),
    /// Pick a row from the one picked.
    Step(Step),
    /// Close what is on top.
    Escape,
    /// Show the inspector where it slides over.
    Inspect(bool),

    /// Other colours.
    Theme(Theme),
    /// Bytes are shown otherwise.
    View(View),
    /// Times are counted otherwise.
    Times(Times),
    /// Single keys are shortcuts, or not.
    Keys(bool),
    /// The picture is unfolded, or not.
    Picture(bool),
    /// The picture shows something else.
    Shows(Shows),
    /// Another pane on a phone.
    Tab(Tab),
    /// Lay something on top.
    Overlay(Overlay),
    /// The page's address was changed by hand.
    Address(Address),
}

impl Action {
    /// Whether another message may be sent, or elsewhere, from here on.
    pub(super) fn is_edit(&self) -> bool {
        matches!(
            self,
            Action::Target(_)
                | Action::Socket(_)
                | Action::Write(_)
                | Action::Hex(_)
                | Action::LineEnd(_)
                | Action::Older
                | Action::Newer
        )
    }
}

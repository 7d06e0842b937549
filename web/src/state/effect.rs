//! What the shell has to do for the page.

use bytes::Bytes;
use chalkwire_shared::id::SocketId;

use crate::link::ways::Way;

/// What the shell has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Connect to the gateway, this way.
    Connect(Way),
    /// Drop it.
    Drop,
    /// Send a text message.
    Text(String),
    /// Send a binary message.
    Bytes(Bytes),
    /// Wake after so many ms.
    Wake(Timer, f64),
    /// Keep the settings and the address.
    Remember,
    /// Move the focus, once that is drawn.
    Focus(Focus),
}

/// Where the focus goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// To the Lab itself: somebody came from elsewhere.
    Main,
    /// To the rows of the log.
    Rows,
    /// To the details.
    Details,
    /// To the details where they slide over the rest.
    DetailsOver,
    /// To the rows where the details were over them.
    RowsUnder,
}

/// Waits that the shell keeps, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Until the next try to connect.
    Retry,
    /// Until the next ping.
    Ping,
    /// Until a screen reader hears the news.
    News,
    /// Until a socket for one exchange is taken to have its whole reply.
    Quiet(SocketId),
    /// Until it is worth saying that nothing came back.
    NoReply(SocketId),
    /// Until the picture and the details look at what is new.
    Look,
}

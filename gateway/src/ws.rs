//! The server's side of a WebSocket (RFC 6455): what every one of the gateway has in common.
//!
//! What is read lies in a buffer that the thread lends (`target::with_buffer`), and is taken from there: a
//! connection has memory of its own only while a message is not whole, or does not fit into the
//! kernel. A frame is written with one system call.

mod frame;
mod incoming;
mod outlet;
mod reader;
mod writer;

use std::borrow::Borrow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::close::LinkClose;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::timers::Timers;
pub(crate) use frame::{HEAD_BYTES, Opcode, head};
pub(crate) use incoming::Incoming;
pub(crate) use outlet::{Outlet, Put};
use reader::Heard;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

/// How long a closing handshake may take.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);

/// The longest reason a close frame carries, in bytes (RFC 6455, section 5.5: 125 with the code).
const REASON_BYTES: usize = 123;

/// What a client did that it may not, and the close that it calls for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Broken {
    pub(crate) close: LinkClose,
    pub(crate) detail: String,
}

impl Broken {
    pub(crate) fn new(close: LinkClose, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Broken { close, detail }
    }

    pub(crate) fn protocol(detail: impl Into<String>) -> Self {
        Broken::new(LinkClose::Protocol, detail)
    }
}

/// A message for the client.
#[derive(Debug)]
pub(crate) enum Message {
    Text(Utf8Bytes),
    Binary(Bytes),
    Ping,
    /// With a code and a reason.
    Close(u16, String),
}

impl Message {
    /// A text.
    pub(crate) fn text(text: impl Into<Utf8Bytes>) -> Self {
        Message::Text(text.into())
    }
}

/// A WebSocket. Its way out is its own, or an `Arc` that others have, too.
#[derive(Debug)]
pub(crate) struct WebSocket<O = Outlet> {
    outlet: O,
    reader: Reader,
    /// The close was said by us.
    goodbye: bool,
}

impl WebSocket {
    /// On a connection that was upgraded, with what the client sent right after its request. A
    /// message has `most` bytes at the most.
    pub(crate) fn new(stream: TcpStream, first: &[u8], most: usize) -> Self {
        WebSocket {
            outlet: Outlet::new(stream),
            reader: Reader::new(first, most),
            goodbye: false,
        }
    }

    /// For others who write, too.
    pub(crate) fn shared(self) -> WebSocket<Arc<Outlet>> {
        WebSocket {
            outlet: Arc::new(self.outlet),
            reader: self.reader,
            goodbye: self.goodbye,
        }
    }

    /// The connection, what reads from it, and what writes: for one who does all at once.
    pub(crate) fn parts(&mut self) -> (&TcpStream, &mut Reader, &mut Writer) {
        let (stream, writer) = self.outlet.parts();
        (stream, &mut self.reader, writer)
    }
}

impl WebSocket<Arc<Outlet>> {
    /// Its way out, for others who write, too.
    pub(crate) fn outlet(&self) -> &Arc<Outlet> {
        &self.outlet
    }
}

impl<O: Borrow<Outlet>> WebSocket<O> {
    /// Has the client's next message taken from where it lies; `None` when nothing more comes. A ping
    /// is answered. Cancel-safe. What `take` does must not need the thread's buffer.
    pub(crate) async fn recv<R>(
        &mut self,
        mut take: impl FnMut(Incoming<'_>) -> R,
    ) -> Option<Result<R, Broken>> {
        let outlet = self.outlet.borrow();
        let mut pong = None;
        let next = self.reader.next(&outlet.stream, |incoming| {
            if let Incoming::Ping(payload) = incoming {
                pong = Some(payload.to_vec());
            }
            take(incoming)
        });
        let message = match outlet.is_empty() {
            true => next.await,
            false => {
                tokio::pin!(next);
                // Both are cancel-safe.
                tokio::select! {
                    biased;
                    message = &mut next => message,
                    // An answer that did not fit into the kernel.
                    gone = outlet.flush() => {
                        gone.ok()?;
                        next.await
                    }
                }
            }
        };
        if let Some(pong) = pong {
            outlet.answer(pong).ok()?;
        }
        message
    }

    /// Sends a message, when all before it has gone. Cancel-safe.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) async fn send(&self, message: Message) -> io::Result<()> {
        let outlet = self.outlet.borrow();
        match message {
            Message::Text(text) => outlet.send(Opcode::Text, text.as_bytes()).await,
            Message::Binary(bytes) => outlet.send(Opcode::Binary, &bytes).await,
            Message::Ping => outlet.send(Opcode::Ping, &[]).await,
            Message::Close(code, reason) => {
                let payload = close_payload(code, &reason);
                outlet.send(Opcode::Close, &payload).await
            }
        }
    }

    /// Says goodbye with a code and a reason, and sees to it that the client has read it before the
    /// connection goes.
    pub(crate) async fn close(&mut self, timers: &Timers, code: u16, reason: &str) {
        // A client that said goodbye first is answered, and waits for nothing else.
        if !matches!(self.reader.heard, Heard::Goodbye(_)) {
            self.goodbye = true;
            let close = Message::Close(code, reason.to_owned());
            // A client that does not read has had its time.
            let sent = timers.timeout(GOODBYE, self.send(close)).await;
            if sent.is_err() {
                return;
            }
        }
        self.finish(timers).await;
    }

    /// Carries the closing handshake to its end: answers the client's goodbye and ends our side, or
    /// waits a little for its answer to ours.
    pub(crate) async fn finish(&mut self, timers: &Timers) {
        let rest = async {
            while !matches!(self.reader.heard, Heard::Goodbye(_)) {
                if self.recv(|_| ()).await.is_none() {
                    return;
                }
            }
            if let (false, Heard::Goodbye(code)) = (self.goodbye, self.reader.heard) {
                let code = code.map(u16::to_be_bytes);
                let answer = code.as_ref().map_or(&[][..], |code| code);
                // The client may be gone by now.
                let _ = self.outlet.borrow().end(answer).await;
            }
        };
        // A client that does not answer has had its time.
        let _ = timers.timeout(GOODBYE, rest).await;
    }
}

/// What a close frame carries; a reason that is too long for it is cut.
fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    [&code.to_be_bytes(), &reason.as_bytes()[..end]].concat()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::runtime::Handle;

    use super::*;

    /// Two ends of a connection: a client's bytes, and a WebSocket.
    async fn pair() -> (TcpStream, WebSocket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, server) = tokio::join!(client, listener.accept());
        let server = WebSocket::new(server.unwrap().0, &[], 1_000);
        (client.unwrap(), server)
    }

    #[tokio::test]
    async fn an_answer_that_does_not_fit_goes_later_and_ends_nothing() {
        let (mut client, mut server) = pair().await;
        // Fills the kernel, as a client that does not read has it.
        let stream = &server.outlet.stream;
        stream.writable().await.unwrap();
        let mut filled = 0;
        while let Ok(n) = stream.try_write(&[0; 65_536]) {
            filled += n;
        }
        client
            .write_all(&[0x89, 0x81, 0, 0, 0, 0, b'?'])
            .await
            .unwrap();
        let kind = |incoming: Incoming<'_>| format!("{incoming:?}");
        assert_eq!(
            server.recv(kind).await,
            Some(Ok(r#"Ping([63])"#.to_owned()))
        );
        let read = async {
            let mut bytes = vec![0; filled + 3];
            client.read_exact(&mut bytes).await.unwrap();
            assert_eq!(bytes[filled..], [0x8A, 1, b'?']);
            client
                .write_all(&[0x81, 0x81, 0, 0, 0, 0, b'!'])
                .await
                .unwrap();
        };
        let (message, ()) = tokio::join!(server.recv(kind), read);
        assert_eq!(message, Some(Ok(r#"Text("!")"#.to_owned())));
    }

    #[tokio::test]
    async fn a_goodbye_is_answered_with_its_code_and_the_end_of_our_side() {
        let codes: [&[u8]; 2] = [&[], &1000_u16.to_be_bytes()];
        for code in codes {
            let (mut client, mut server) = pair().await;
            let length = code.len() as u8;
            let goodbye = [&[0x88, 0x80 | length, 0, 0, 0, 0], code].concat();
            client.write_all(&goodbye).await.unwrap();
            server.finish(&Timers::of(Handle::current())).await;
            // It ends though the server's socket is still there.
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, [&[0x88, length], code].concat());
        }
    }

    #[tokio::test]
    async fn nothing_is_taken_while_something_before_it_has_not_gone() {
        let (mut client, server) = pair().await;
        let outlet = &server.outlet;
        outlet.stream.writable().await.unwrap();
        let message = [7; 60_000];
        let mut frames = 1;
        while outlet.try_send(Opcode::Binary, &message).unwrap() == Put::Gone {
            frames += 1;
        }
        let again = outlet.try_send(Opcode::Binary, &message).unwrap();
        assert_eq!(again, Put::NotTaken);
        let read = async {
            let mut bytes = vec![0; frames * (4 + message.len())];
            client.read_exact(&mut bytes).await.unwrap();
            bytes
        };
        let (flushed, bytes) = tokio::join!(outlet.flush(), read);
        flushed.unwrap();
        for frame in bytes.chunks(4 + message.len()) {
            assert_eq!(frame[..4], [0x82, 126, 0xEA, 0x60]);
            assert_eq!(frame[4..], message);
        }
        let after = outlet.try_send(Opcode::Binary, b"!").unwrap();
        assert_eq!(after, Put::Gone);
    }
}

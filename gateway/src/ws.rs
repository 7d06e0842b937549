//! The server's side of a WebSocket (RFC 6455): what every one of the gateway has in common.
//!
//! What is read lies in a buffer that the thread lends (`target::with_buffer`), and is taken from there: a
//! connection has memory of its own only while a message is not whole, or does not fit into the
//! kernel. A frame is written with one system call.

mod frame;
mod incoming;
mod reader;
mod writer;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::close::LinkClose;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Utf8Bytes;

pub(crate) use frame::{HEAD_BYTES, Opcode, head};
pub(crate) use incoming::Incoming;
use reader::Heard;
pub(crate) use reader::Reader;
pub(crate) use writer::Writer;

/// How long a closing handshake may take.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);

/// The longest reason a close frame carries, in bytes (RFC 6455, section 5.5: 125 with the code).
const REASON_BYTES: usize = 123;

/// What a client did that it may not, and the close that it calls for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) close: LinkClose,
    pub(crate) detail: String,
}

impl Fault {
    fn new(close: LinkClose, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Fault { close, detail }
    }
}

/// A message of its own memory.
#[derive(Debug)]
pub(crate) enum Message {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// One of the client's is answered already.
    Ping,
    Pong,
    /// With a code and a reason. A client's reason is not kept.
    Close(Option<(u16, String)>),
}

impl Message {
    /// A text.
    pub(crate) fn text(text: impl Into<Utf8Bytes>) -> Self {
        Message::Text(text.into())
    }
}

/// A WebSocket.
#[derive(Debug)]
pub(crate) struct WebSocket {
    stream: TcpStream,
    reader: Reader,
    writer: Writer,
    /// The close was said by us.
    goodbye: bool,
}

impl WebSocket {
    /// On a connection that was upgraded, with what the client sent right after its request. A
    /// message has `most` bytes at the most.
    pub(crate) fn new(stream: TcpStream, first: &[u8], most: usize) -> Self {
        WebSocket {
            stream,
            reader: Reader::new(first, most),
            writer: Writer::default(),
            goodbye: false,
        }
    }

    /// For those who read and write at the same time.
    pub(crate) fn split(&mut self) -> (&TcpStream, &mut Reader, &mut Writer) {
        (&self.stream, &mut self.reader, &mut self.writer)
    }

    /// The client's next message; `None` when nothing more comes. A ping is answered. Cancel-safe.
    pub(crate) async fn recv(&mut self) -> Option<Result<Message, Fault>> {
        let (stream, writer) = (&self.stream, &mut self.writer);
        let mut pong = None;
        let mut take = |incoming: Incoming<'_>| match incoming {
            Incoming::Text(text) => Message::text(text),
            Incoming::Binary(bytes) => Message::Binary(Bytes::copy_from_slice(bytes)),
            Incoming::Ping(payload) => {
                pong = Some(payload.to_vec());
                Message::Ping
            }
            Incoming::Pong => Message::Pong,
            Incoming::Close(code) => Message::Close(code.map(|code| (code, String::new()))),
        };
        let message = loop {
            // Both are cancel-safe.
            tokio::select! {
                biased;
                message = self.reader.next(stream, &mut take) => break message,
                // An answer that did not fit into the kernel.
                gone = writer.flush(stream), if !writer.is_empty() => gone.ok()?,
            }
        };
        if let Some(pong) = pong {
            writer.answer(pong);
            writer.try_flush(stream).ok()?;
        }
        message
    }

    /// Sends a message, when all before it has gone.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) async fn send(&mut self, message: Message) -> io::Result<()> {
        let (stream, writer) = (&self.stream, &mut self.writer);
        match message {
            Message::Text(text) => writer.send(stream, Opcode::Text, text.as_bytes()).await,
            Message::Binary(bytes) => writer.send(stream, Opcode::Binary, &bytes).await,
            Message::Ping => writer.send(stream, Opcode::Ping, &[]).await,
            Message::Pong => writer.send(stream, Opcode::Pong, &[]).await,
            Message::Close(close) => {
                let payload = close.map(|(code, reason)| close_payload(code, &reason));
                let payload = payload.unwrap_or_default();
                writer.send(stream, Opcode::Close, &payload).await
            }
        }
    }

    /// Says goodbye with a code and a reason, and sees to it that the client has read it before the
    /// connection goes.
    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        // A client that said goodbye first is answered, and waits for nothing else.
        if !matches!(self.reader.heard, Heard::Goodbye(_)) {
            self.goodbye = true;
            let close = Message::Close(Some((code, reason.to_owned())));
            // A client that does not read has had its time.
            let _ = tokio::time::timeout(GOODBYE, self.send(close)).await;
        }
        self.finish().await;
    }

    /// Carries the closing handshake to its end: answers the client's goodbye, or waits a little for
    /// its answer to ours.
    pub(crate) async fn finish(&mut self) {
        let rest = async {
            while !matches!(self.reader.heard, Heard::Goodbye(_)) {
                if self.recv().await.is_none() {
                    return;
                }
            }
            if let (false, Heard::Goodbye(code)) = (self.goodbye, self.reader.heard) {
                let answer = Message::Close(code.map(|code| (code, String::new())));
                // The client may be gone by now.
                let _ = self.send(answer).await;
            }
        };
        // A client that does not answer has had its time.
        let _ = tokio::time::timeout(GOODBYE, rest).await;
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
        server.stream.writable().await.unwrap();
        let mut filled = 0;
        while let Ok(n) = server.stream.try_write(&[0; 65_536]) {
            filled += n;
        }
        client
            .write_all(&[0x89, 0x81, 0, 0, 0, 0, b'?'])
            .await
            .unwrap();
        assert!(matches!(server.recv().await, Some(Ok(Message::Ping))));
        let read = async {
            let mut bytes = vec![0; filled + 3];
            client.read_exact(&mut bytes).await.unwrap();
            assert_eq!(bytes[filled..], [0x8A, 1, b'?']);
            client
                .write_all(&[0x81, 0x81, 0, 0, 0, 0, b'!'])
                .await
                .unwrap();
        };
        let (message, ()) = tokio::join!(server.recv(), read);
        assert!(matches!(message, Some(Ok(Message::Text(text))) if text.as_str() == "!"));
    }
}

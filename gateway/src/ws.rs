//! The server's side of a WebSocket (RFC 6455): what every one of the gateway has in common.
//!
//! What is read lies in a buffer that the thread lends ([`with_buffer`]), and is taken from there: a
//! connection has memory of its own only while a message is not whole, or does not fit into the
//! kernel. A frame is written with one system call.

mod frame;
mod incoming;

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use chalkwire_shared::close::LinkClose;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::target::{recv_stream, with_buffer};
pub(crate) use frame::{HEAD_BYTES, Opcode, head};
pub(crate) use incoming::Incoming;
use incoming::{Assembly, Step};

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
            reader: Reader {
                kept: first.into(),
                assembly: Assembly::new(most),
                heard: Heard::Nothing,
            },
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
        let next = self.reader.next(stream, |incoming| match incoming {
            Incoming::Text(text) => Message::text(text),
            Incoming::Binary(bytes) => Message::Binary(Bytes::copy_from_slice(bytes)),
            Incoming::Ping(payload) => {
                pong = Some(payload.to_vec());
                Message::Ping
            }
            Incoming::Pong => Message::Pong,
            Incoming::Close(code) => Message::Close(code.map(|code| (code, String::new()))),
        });
        let message = tokio::select! {
            biased;
            message = next => message,
            // An answer that did not fit into the kernel.
            _ = writer.flush(stream), if !writer.is_empty() => return None,
        };
        if let Some(pong) = pong {
            writer.pong = Some(pong);
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

/// What the client's side has come to.
#[derive(Clone, Copy, Debug)]
enum Heard {
    Nothing,
    /// What comes after this is not looked at.
    Fault,
    Goodbye(Option<u16>),
    End,
}

/// Reads a client's messages.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Read, and not taken yet.
    kept: BytesMut,
    assembly: Assembly,
    heard: Heard,
}

impl Reader {
    /// Has the client's next message taken from where it lies; `None` when nothing more comes.
    /// Cancel-safe. What `take` does must not need the thread's buffer.
    pub(crate) async fn next<R>(
        &mut self,
        stream: &TcpStream,
        mut take: impl FnMut(Incoming<'_>) -> R,
    ) -> Option<Result<R, Fault>> {
        let mut fragments = false;
        loop {
            if !self.kept.is_empty() {
                // What lies here comes without waiting: others have their turn all the same.
                tokio::task::coop::consume_budget().await;
                let mut kept = mem::take(&mut self.kept);
                let (taken, message) = self.look(&mut kept, &mut take);
                kept.advance(taken);
                fragments |= taken > 0;
                if !kept.is_empty() {
                    self.kept = kept;
                }
                if let Some(message) = message {
                    return Some(message);
                }
            }
            if mem::take(&mut fragments) {
                // They come as fast as they like, and none may end a message: timers have their turn.
                tokio::task::yield_now().await;
            }
            if matches!(self.heard, Heard::Goodbye(_) | Heard::End) {
                return None;
            }
            let ready = poll_fn(|cx| stream.poll_read_ready(cx)).await;
            let message =
                with_buffer(
                    |buffer| match ready.and_then(|()| recv_stream(stream, buffer)) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                        Ok(0) | Err(_) => {
                            self.heard = Heard::End;
                            None
                        }
                        Ok(_) if matches!(self.heard, Heard::Fault) => None,
                        Ok(n) if self.kept.is_empty() => {
                            let (taken, message) = self.look(&mut buffer[..n], &mut take);
                            self.kept.extend_from_slice(&buffer[taken..n]);
                            fragments = taken > 0;
                            message
                        }
                        Ok(n) => {
                            self.kept.extend_from_slice(&buffer[..n]);
                            None
                        }
                    },
                );
            if message.is_some() {
                return message;
            }
        }
    }

    /// Takes frames until a message is whole: so many bytes, and the message.
    fn look<R>(
        &mut self,
        bytes: &mut [u8],
        take: &mut impl FnMut(Incoming<'_>) -> R,
    ) -> (usize, Option<Result<R, Fault>>) {
        let mut taken = 0;
        loop {
            let mut goodbye = None;
            let step = self.assembly.step(&mut bytes[taken..], |incoming| {
                if let Incoming::Close(code) = incoming {
                    goodbye = Some(code);
                }
                take(incoming)
            });
            match step {
                Ok(Step::Short) => return (taken, None),
                Ok(Step::Part(n)) => taken += n,
                Ok(Step::Whole(n, message)) => {
                    if let Some(code) = goodbye {
                        self.heard = Heard::Goodbye(code);
                        // Nothing counts after it.
                        return (bytes.len(), Some(Ok(message)));
                    }
                    return (taken + n, Some(Ok(message)));
                }
                Err(fault) => {
                    self.heard = Heard::Fault;
                    return (bytes.len(), Some(Err(fault)));
                }
            }
        }
    }
}

/// Writes frames, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// Of a frame that the kernel has not taken whole.
    rest: BytesMut,
    /// What the last ping is to be answered with: only the last one needs it (section 5.5.3).
    pong: Option<Vec<u8>>,
}

impl Writer {
    /// Whether all that was put has gone.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty() && self.pong.is_none()
    }

    /// The answer to a ping goes out before the next frame.
    pub(crate) fn answer(&mut self, ping: Vec<u8>) {
        self.pong = Some(ping);
    }

    /// Writes a frame in as many pieces as it lies in. What does not fit now waits in memory, for
    /// [`Writer::flush`]; before that nothing else may be written.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn put(&mut self, stream: &TcpStream, pieces: &[&[u8]; 2]) -> io::Result<()> {
        let [first, second] = pieces;
        let written = match second.is_empty() {
            true => stream.try_write(first),
            false => stream.try_write_vectored(&[IoSlice::new(first), IoSlice::new(second)]),
        };
        let written = match written {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        let of_second = written.saturating_sub(first.len());
        self.rest
            .extend_from_slice(&first[written.min(first.len())..]);
        self.rest.extend_from_slice(&second[of_second..]);
        Ok(())
    }

    /// Writes what waits, as far as it fits.
    fn try_flush(&mut self, stream: &TcpStream) -> io::Result<()> {
        loop {
            if self.rest.is_empty() {
                // Its memory goes, too.
                self.rest = BytesMut::new();
                let Some(pong) = self.pong.take() else {
                    return Ok(());
                };
                let (head, start) = head(Opcode::Pong, pong.len());
                self.rest.extend_from_slice(&head[start..]);
                self.rest.extend_from_slice(&pong);
            }
            match stream.try_write(&self.rest) {
                Ok(n) => self.rest.advance(n),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until all that was put has gone. Cancel-safe.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) async fn flush(&mut self, stream: &TcpStream) -> io::Result<()> {
        while !self.is_empty() {
            poll_fn(|cx| stream.poll_write_ready(cx)).await?;
            self.try_flush(stream)?;
        }
        Ok(())
    }

    /// Sends a message when all before it has gone, and returns when it has gone. Cancel-safe: a
    /// frame that was begun is carried on by the next [`Writer::flush`].
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) async fn send(
        &mut self,
        stream: &TcpStream,
        opcode: Opcode,
        payload: &[u8],
    ) -> io::Result<()> {
        self.flush(stream).await?;
        let (head, start) = head(opcode, payload.len());
        self.put(stream, &[&head[start..], payload])?;
        self.flush(stream).await
    }
}

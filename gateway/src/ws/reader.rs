//! Reads a client's messages from where they lie.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::{io, mem};

use bytes::{Buf, BytesMut};
use tokio::net::TcpStream;
use tokio::task::{coop, yield_now};

use super::Broken;
use super::incoming::{Assembly, Incoming, Step};
use crate::target::{Readiness, recv_stream, with_buffer};

/// What the client's side has come to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Heard {
    Nothing,
    /// What comes after this is not looked at.
    Broken,
    Goodbye(Option<u16>),
    End,
}

/// Reads a client's messages.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Read, and not taken yet. In memory of its own: mostly there is nothing.
    kept: Option<Box<BytesMut>>,
    assembly: Assembly,
    pub(super) heard: Heard,
    readiness: Readiness,
    /// Fragments came since others had their turn.
    fragments: bool,
}

impl Reader {
    /// With what came already; of messages of so many bytes at the most.
    pub(super) fn new(first: &[u8], most: usize) -> Self {
        Reader {
            kept: (!first.is_empty()).then(|| Box::new(first.into())),
            assembly: Assembly::new(most),
            heard: Heard::Nothing,
            readiness: Readiness::default(),
            fragments: false,
        }
    }

    /// Has the client's next message taken from where it lies; `None` when nothing more comes.
    /// Cancel-safe. What `take` does must not need the thread's buffer.
    pub(crate) async fn next<R>(
        &mut self,
        stream: &TcpStream,
        mut take: impl FnMut(Incoming<'_>) -> R,
    ) -> Option<Result<R, Broken>> {
        poll_fn(|cx| self.poll_next(stream, cx, &mut take)).await
    }

    /// As [`Reader::next`].
    pub(crate) fn poll_next<R>(
        &mut self,
        stream: &TcpStream,
        cx: &mut Context<'_>,
        mut take: impl FnMut(Incoming<'_>) -> R,
    ) -> Poll<Option<Result<R, Broken>>> {
        loop {
            if self.kept.is_some() {
                // What lies here comes without waiting: others have their turn all the same.
                ready!(coop::poll_proceed(cx)).made_progress();
            }
            if let Some(mut kept) = self.kept.take() {
                let (taken, message) = self.look(&mut kept, &mut take);
                kept.advance(taken);
                self.fragments |= taken > 0;
                if !kept.is_empty() {
                    self.kept = Some(kept);
                }
                if message.is_some() {
                    self.fragments = false;
                    return Poll::Ready(message);
                }
            }
            if mem::take(&mut self.fragments) {
                // They come as fast as they like, and none may end a message: timers have their turn.
                // Polled for the first time, this has the task woken after the others.
                ready!(pin!(yield_now()).poll(cx));
            }
            if matches!(self.heard, Heard::Goodbye(_) | Heard::End) {
                return Poll::Ready(None);
            }
            let ready = ready!(self.readiness.poll(stream, cx));
            let message =
                with_buffer(
                    |buffer| match ready.and_then(|()| recv_stream(stream, buffer)) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                        Ok(0) | Err(_) => {
                            self.heard = Heard::End;
                            None
                        }
                        Ok(_) if matches!(self.heard, Heard::Broken) => None,
                        Ok(n) => match &mut self.kept {
                            Some(kept) => {
                                kept.extend_from_slice(&buffer[..n]);
                                None
                            }
                            None => {
                                let (taken, message) = self.look(&mut buffer[..n], &mut take);
                                self.fragments = taken > 0 && message.is_none();
                                if taken < n {
                                    self.kept = Some(Box::new(buffer[taken..n].into()));
                                }
                                message
                            }
                        },
                    },
                );
            if message.is_some() {
                return Poll::Ready(message);
            }
        }
    }

    /// Takes frames until a message is whole: so many bytes, and the message.
    fn look<R>(
        &mut self,
        bytes: &mut [u8],
        take: &mut impl FnMut(Incoming<'_>) -> R,
    ) -> (usize, Option<Result<R, Broken>>) {
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
                Err(broken) => {
                    self.heard = Heard::Broken;
                    return (bytes.len(), Some(Err(broken)));
                }
            }
        }
    }
}

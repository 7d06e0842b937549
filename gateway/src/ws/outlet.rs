//! A WebSocket's way out, for several who write: each message goes whole, one after the other.

use std::io;
use std::net::Shutdown;
use std::sync::{Mutex, MutexGuard, PoisonError};

use socket2::SockRef;
use tokio::net::TcpStream;

use super::Writer;
use super::frame::{Opcode, head};

/// The connection, and what is to be written to it.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(super) stream: TcpStream,
    writer: Mutex<Writer>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The kernel has it.
    Gone,
    /// The kernel has a part of it, or nothing; the rest is for [`Outlet::flush`].
    Begun,
    /// Something before it has not gone yet: it was not taken.
    NotTaken,
}

impl Outlet {
    pub(super) fn new(stream: TcpStream) -> Self {
        Outlet {
            stream,
            writer: Mutex::default(),
        }
    }

    /// Writes a message if nothing waits before it.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn try_send(&self, opcode: Opcode, payload: &[u8]) -> io::Result<Put> {
        let (head, start) = head(opcode, payload.len());
        self.try_put(|writer| writer.put(&self.stream, &[&head[start..], payload]))
    }

    fn try_put(&self, put: impl Fn(&mut Writer) -> io::Result<()>) -> io::Result<Put> {
        let mut writer = self.lock();
        if !writer.is_empty() {
            return Ok(Put::NotTaken);
        }
        put(&mut writer)?;
        Ok(match writer.is_empty() {
            true => Put::Gone,
            false => Put::Begun,
        })
    }

    /// Sends a message when all before it has gone, and returns when it has gone. Cancel-safe: one
    /// that was begun is carried on by the next [`Outlet::flush`].
    ///
    /// # Errors
    /// When the client is gone.
    pub(super) async fn send(&self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let (head, start) = head(opcode, payload.len());
        let pieces = [&head[start..], payload];
        self.put(|writer| writer.put(&self.stream, &pieces)).await
    }

    async fn put(&self, put: impl Fn(&mut Writer) -> io::Result<()>) -> io::Result<()> {
        loop {
            match self.try_put(&put)? {
                Put::Gone => return Ok(()),
                Put::Begun => return self.flush().await,
                Put::NotTaken => self.flush().await?,
            }
        }
    }

    /// Sends a close frame when all before it has gone, and ends our side of the connection.
    ///
    /// # Errors
    /// When the client is gone.
    pub(super) async fn end(&self, payload: &[u8]) -> io::Result<()> {
        let (head, start) = head(Opcode::Close, payload.len());
        let frame = [&head[start..], payload].concat();
        self.put(|writer| writer.put_last(&self.stream, &frame))
            .await?;
        SockRef::from(&self.stream).shutdown(Shutdown::Write)
    }

    /// Waits until all that was put has gone. Cancel-safe.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        while !self.try_flush()? {
            self.stream.writable().await?;
        }
        Ok(())
    }

    /// Answers a ping, when what was put before has gone.
    pub(super) fn answer(&self, ping: Vec<u8>) -> io::Result<()> {
        let mut writer = self.lock();
        writer.answer(ping);
        writer.try_flush(&self.stream)
    }

    /// Whether all that was put has gone.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The connection, and what is to be written to it, for one who is alone.
    pub(super) fn parts(&mut self) -> (&TcpStream, &mut Writer) {
        // As below.
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        (&self.stream, writer)
    }

    fn try_flush(&self) -> io::Result<bool> {
        let mut writer = self.lock();
        writer.try_flush(&self.stream)?;
        Ok(writer.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        // What the lock protects is whole between any two statements.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Writes frames, each with one system call where it fits.

use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::frame::{Opcode, head};
use crate::target::send_last;

/// A frame of so many bytes is copied together: for the kernel, one piece is less work than two.
const SMALL: usize = 512;

/// Writes frames, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    /// In memory of its own, which is there only as long.
    waits: Option<Box<Waits>>,
}

/// What is still to be written.
#[derive(Debug, Default)]
struct Waits {
    /// Of a frame that the kernel has not taken whole.
    rest: BytesMut,
    /// What the last ping is to be answered with: only the last one needs it (section 5.5.3).
    pong: Option<Vec<u8>>,
}

impl Writer {
    /// Whether all that was put has gone.
    pub(crate) fn is_empty(&self) -> bool {
        self.waits.is_none()
    }

    /// The answer to a ping goes out before the next frame.
    pub(crate) fn answer(&mut self, ping: Vec<u8>) {
        self.waits.get_or_insert_default().pong = Some(ping);
    }

    /// Writes a frame in as many pieces as it lies in. What does not fit now waits in memory, for
    /// [`Writer::flush`]; before that nothing else may be written.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn put(&mut self, stream: &TcpStream, pieces: &[&[u8]; 2]) -> io::Result<()> {
        let [first, second] = pieces;
        let both = first.len() + second.len();
        let written = if second.is_empty() {
            stream.try_write(first)
        } else if both <= SMALL {
            let mut small = [0; SMALL];
            small[..first.len()].copy_from_slice(first);
            small[first.len()..both].copy_from_slice(second);
            stream.try_write(&small[..both])
        } else {
            stream.try_write_vectored(&[IoSlice::new(first), IoSlice::new(second)])
        };
        self.written(written, pieces)
    }

    /// As [`Writer::put`], for a frame that a FIN follows at once.
    pub(super) fn put_last(&mut self, stream: &TcpStream, frame: &[u8]) -> io::Result<()> {
        let written = stream.try_io(Interest::WRITABLE, || send_last(stream, frame));
        self.written(written, &[frame, &[]])
    }

    /// So much was written, or nothing: the rest waits.
    fn written(&mut self, written: io::Result<usize>, pieces: &[&[u8]; 2]) -> io::Result<()> {
        let [first, second] = pieces;
        let both = first.len() + second.len();
        let written = match written {
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if written < both {
            let of_second = written.saturating_sub(first.len());
            let rest = &mut self.waits.get_or_insert_default().rest;
            rest.extend_from_slice(&first[written.min(first.len())..]);
            rest.extend_from_slice(&second[of_second..]);
        }
        Ok(())
    }

    /// Writes what waits, as far as it fits.
    pub(super) fn try_flush(&mut self, stream: &TcpStream) -> io::Result<()> {
        while let Some(waits) = &mut self.waits {
            let Waits { rest, pong } = &mut **waits;
            if rest.is_empty() {
                let Some(pong) = pong.take() else {
                    self.waits = None;
                    continue;
                };
                let (head, start) = head(Opcode::Pong, pong.len());
                rest.extend_from_slice(&head[start..]);
                rest.extend_from_slice(&pong);
            }
            match stream.try_write(rest) {
                Ok(n) => rest.advance(n),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until all that was put has gone.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn poll_flush(
        &mut self,
        stream: &TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            ready!(stream.poll_write_ready(cx))?;
            self.try_flush(stream)?;
        }
        Poll::Ready(Ok(()))
    }
}

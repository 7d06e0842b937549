//! An open socket to a target, whichever its kind.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixStream};

use crate::timers::Timers;

/// The most one read takes, in bytes: one more than the largest datagram that a frame can carry, so
/// that a longer one is noticed.
pub const RECV_BYTES: usize = chalkwire_shared::limits::MAX_PAYLOAD_BYTES + 1;

/// The thread's receive buffer has room for a frame's head before what one read takes.
pub const BUFFER_BYTES: usize = RECV_BYTES + 16;

/// How long a target may take to end its side after we ended ours.
pub const LINGER: Duration = Duration::from_secs(2);

/// An open socket to a target.
#[derive(Debug)]
pub enum Stream {
    /// TCP
    Tcp(TcpStream),
    /// UDP, connected to one peer
    Udp(UdpSocket),
    /// Unix stream, with the path that our end is bound to, if it is
    Unix(UnixStream, Option<BoundPath>),
    /// Unix datagram, with the path that our end is bound to
    Unixgram(UnixDatagram, BoundPath),
}

/// A path in the file system that goes when its socket does.
#[derive(Debug)]
pub struct BoundPath(pub(super) PathBuf);

impl BoundPath {
    /// A path that a socket of ours is about to be bound to.
    pub fn new(path: PathBuf) -> Self {
        BoundPath(path)
    }

    /// The path.
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        // Somebody else may have removed it already.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Stream {
    /// Whether a message's edges survive.
    pub fn is_datagram(&self) -> bool {
        matches!(self, Stream::Udp(_) | Stream::Unixgram(..))
    }

    /// Reads what is there, without waiting: `WouldBlock` when nothing is.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(s) => recv_stream(s, buffer),
            Stream::Udp(s) => s.try_recv(buffer),
            Stream::Unix(s, _) => drained(buffer, s, |i, read| s.try_io(i, read)),
            Stream::Unixgram(s, _) => s.try_recv(buffer),
        }
    }

    /// Writes what fits, without waiting: `WouldBlock` when nothing does. A datagram goes whole.
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(s) => s.try_write(bytes),
            Stream::Udp(s) => s.try_send(bytes),
            Stream::Unix(s, _) => s.try_write(bytes),
            Stream::Unixgram(s, _) => s.try_send(bytes),
        }
    }

    /// Waits until there may be something to read, or nothing more will be. Cancel-safe; for one
    /// task at a time.
    ///
    /// # Errors
    /// What the network says without a read: ICMP port unreachable for UDP.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(s) => poll_fn(|cx| s.poll_read_ready(cx)).await,
            Stream::Udp(s) => readable_or_failed(s).await,
            Stream::Unix(s, _) => s.readable().await,
            Stream::Unixgram(s, _) => s.readable().await,
        }
    }

    /// Waits until something may be written. Cancel-safe.
    pub async fn writable(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(s) => s.writable().await,
            Stream::Udp(s) => s.writable().await,
            Stream::Unix(s, _) => s.writable().await,
            Stream::Unixgram(s, _) => s.writable().await,
        }
    }

    /// Writes all of `bytes`, waiting as needed. Not cancel-safe: a part may be written.
    pub async fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            match self.try_send(bytes) {
                Ok(_) if self.is_datagram() => return Ok(()),
                Ok(n) if n == bytes.len() => return Ok(()),
                Ok(n) => bytes = &bytes[n..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.writable().await?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Ends our side and reads to the end of the target's, for `LINGER` at the most: closing a
    /// socket with bytes unread would reset it, and what was sent last might be lost.
    pub async fn linger(&self, timers: &Timers) {
        if self.is_datagram() || self.shutdown_write().is_err() {
            return;
        }
        let to_the_end = async {
            while self.readable().await.is_ok() {
                match with_buffer(|buffer| self.try_recv(buffer)) {
                    Ok(1..) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(0) | Err(_) => return,
                }
            }
        };
        // A target that goes on has had its time.
        let _ = timers.timeout(LINGER, to_the_end).await;
    }

    /// Sees to it that closing breaks off (RST) instead of ending (FIN). A Unix socket has no RST: it
    /// is just closed.
    pub fn reset_on_close(&self) {
        if let Stream::Tcp(s) = self
            && let Err(error) = SockRef::from(s).set_linger(Some(Duration::ZERO))
        {
            tracing::debug!(%error, "socket: no RST on close");
        }
    }

    /// No more data from us: a FIN on TCP; a datagram socket has no such thing, and it does nothing.
    pub fn shutdown_write(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(s) => SockRef::from(s).shutdown(Shutdown::Write),
            Stream::Unix(s, _) => SockRef::from(s).shutdown(Shutdown::Write),
            Stream::Udp(_) | Stream::Unixgram(..) => Ok(()),
        }
    }
}

/// Reads from a TCP connection what is there, without waiting.
///
/// # Errors
/// `WouldBlock` when nothing is there.
pub fn recv_stream(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    drained(buffer, socket, |interest, read| {
        socket.try_io(interest, read)
    })
}

/// Writes what fits, without waiting, of the last bytes before a FIN that follows at once: one segment takes
/// both (`MSG_MORE`, send(2)).
///
/// # Errors
/// `WouldBlock` when nothing fits.
pub fn send_last(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = SendFlags::MORE | SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    Ok(rustix::net::send(socket, bytes, flags)?)
}

/// Reads from a stream of bytes. Less than was asked for means that nothing is left, and epoll tells
/// when there is more (epoll(7), question 9): noted at once, it saves a read that finds nothing.
///
/// It must be noted within `try_io`, which knows what had been told before the read.
fn drained(
    buffer: &mut [u8],
    socket: impl AsFd,
    try_io: impl FnOnce(Interest, &mut dyn FnMut() -> io::Result<usize>) -> io::Result<usize>,
) -> io::Result<usize> {
    let asked = buffer.len();
    let mut last = None;
    let read = try_io(Interest::READABLE, &mut || {
        let (_, n) = rustix::net::recv(socket.as_fd(), &mut *buffer, RecvFlags::DONTWAIT)?;
        if 0 < n && n < asked {
            last = Some(n);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(n)
    });
    last.map_or(read, Ok)
}

/// An error alone (EPOLLERR) does not make a UDP socket readable: it is asked for by itself.
async fn readable_or_failed(socket: &UdpSocket) -> io::Result<()> {
    loop {
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
        // Where both are so, reading gives the error.
        if ready.is_readable() {
            return Ok(());
        }
        let nothing = || Err(io::ErrorKind::WouldBlock.into());
        let error = || socket.take_error()?.map_or_else(nothing, Err);
        match socket.try_io(Interest::ERROR, error) {
            Ok(()) => return Ok(()),
            // Gone already; `try_io` has noted it, so that the next round waits.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Lends this thread's receive buffer, of [`BUFFER_BYTES`].
///
/// A buffer is needed only between a read and the copy of what came; one a thread is enough for any
/// number of sockets, and stays in the caches.
pub fn with_buffer<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER_BYTES].into());
    }
    BUFFER.with_borrow_mut(|buffer| read(buffer))
}

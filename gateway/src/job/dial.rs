//! A client's end of a connection, and the system's own answer to `connect`, nothing smoothed over.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use chalkwire_shared::job::Outcome;
use chalkwire_shared::target::{Kind, TargetUrl};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::target::{BoundPath, Targets};

/// A `connect` that waits lets go after this time, looks whether it is to end, and waits again.
const SLICE: Duration = Duration::from_millis(100);

/// A socket that is about to connect. It blocks.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) socket: Socket,
    /// Where it is to connect to.
    pub(super) address: SockAddr,
    kind: Kind,
    /// The path that our end is bound to, of Unix kinds: by it the server's reports find us.
    path: Option<BoundPath>,
}

/// A socket that is connected. It does not block.
#[derive(Debug)]
pub(super) struct End {
    stream: Stream,
    _path: Option<BoundPath>,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Udp(UdpSocket),
    Unix(UnixStream),
    Unixgram(UnixDatagram),
}

/// How a load connects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// It gives up after this time.
    pub(super) most: Duration,
    /// It takes what a non-blocking `connect` says at once.
    pub(super) nonblocking: bool,
}

impl Fresh {
    /// A socket for a target.
    pub(super) fn open(targets: &Targets, url: &TargetUrl) -> io::Result<Self> {
        let kind = url.kind();
        let r#type = match kind.is_datagram() {
            true => Type::DGRAM,
            false => Type::STREAM,
        };
        let (address, path) = match url {
            TargetUrl::Inet { host, port, .. } => {
                // Servers of the gateway's own were bound to an address.
                let host: IpAddr = host.parse().map_err(io::Error::other)?;
                (SocketAddr::new(host, *port).into(), None)
            }
            TargetUrl::Path { path, .. } => {
                let own = BoundPath::new(targets.own_path('c'));
                (SockAddr::unix(path)?, Some(own))
            }
        };
        let domain = match path {
            Some(_) => Domain::UNIX,
            None => address.domain(),
        };
        let socket = Socket::new(domain, r#type, None)?;
        if let Some(path) = &path {
            socket.bind(&SockAddr::unix(path.path())?)?;
        }
        if kind == Kind::Tcp {
            // A small line goes out at once (RFC 896 would hold it back).
            socket.set_tcp_nodelay(true)?;
        }
        Ok(Fresh {
            socket,
            address,
            kind,
            path,
        })
    }

    /// Our address as the server's reports have it; of IP kinds once `connect` was called.
    pub(super) fn local(&self) -> String {
        use std::os::unix::ffi::OsStrExt;
        match &self.path {
            Some(path) => {
                let bytes = path.path().as_os_str().as_bytes();
                bytes.escape_ascii().to_string()
            }
            None => {
                let address = self.socket.local_addr().ok();
                let address = address.and_then(|address| address.as_socket());
                address
                    .map(|address| address.to_string())
                    .unwrap_or_default()
            }
        }
    }

    pub(super) fn is_unix_stream(&self) -> bool {
        self.kind == Kind::Unix
    }

    /// Connects. `named` is told our address as soon as there is one.
    pub(super) async fn connect(
        self,
        core: &Core,
        patience: Patience,
        cancel: &CancellationToken,
        named: impl FnOnce(&str),
    ) -> Result<End, Outcome> {
        if self.is_unix_stream() && !patience.nonblocking {
            named(&self.local());
            return self.connect_on_a_thread(core, patience.most, cancel).await;
        }
        let failed = |error: io::Error| outcome_of(&error);
        self.socket.set_nonblocking(true).map_err(failed)?;
        let begun = self.socket.connect(&self.address);
        named(&self.local());
        let under_way = match begun {
            Ok(()) => false,
            Err(error) if is(&error, Errno::INPROGRESS) => true,
            Err(error) => return Err(outcome_of(&error)),
        };
        // Not before `connect` was called: a fresh socket says that it is ready.
        let end = self.end().map_err(failed)?;
        if under_way {
            tokio::select! {
                connected = end.connected() => connected.map_err(failed)?,
                () = tokio::time::sleep(patience.most) => return Err(Outcome::ConnectTimeout),
                () = cancel.cancelled() => return Err(Outcome::Cancelled),
            }
        }
        Ok(end)
    }

    /// Connects as a program does whose socket blocks: a full queue of a Unix listener makes it wait.
    async fn connect_on_a_thread(
        self,
        core: &Core,
        most: Duration,
        cancel: &CancellationToken,
    ) -> Result<End, Outcome> {
        let permit = tokio::select! {
            permit = core.blocking.clone().acquire_owned() => permit,
            () = cancel.cancelled() => return Err(Outcome::Cancelled),
        };
        let over = cancel.clone();
        let connecting = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let connected = connect_waiting(&self.socket, &self.address, most, &over);
            (self, connected)
        });
        // It looks at `cancel` by itself.
        let Ok((fresh, connected)) = connecting.await else {
            return Err(Outcome::Failed);
        };
        let failed = |error: io::Error| match cancel.is_cancelled() {
            true => Outcome::Cancelled,
            false => outcome_of(&error),
        };
        connected.map_err(failed)?;
        fresh.socket.set_nonblocking(true).map_err(failed)?;
        fresh.end().map_err(failed)
    }

    fn end(self) -> io::Result<End> {
        let fd = OwnedFd::from(self.socket);
        let stream = match self.kind {
            Kind::Tcp => Stream::Tcp(TcpStream::from_std(fd.into())?),
            Kind::Udp => Stream::Udp(UdpSocket::from_std(fd.into())?),
            Kind::Unix => Stream::Unix(UnixStream::from_std(fd.into())?),
            Kind::Unixgram => Stream::Unixgram(UnixDatagram::from_std(fd.into())?),
        };
        Ok(End {
            stream,
            _path: self.path,
        })
    }
}

impl End {
    /// Sends all of `bytes`, waiting as needed.
    pub(super) async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let send = |fd: BorrowedFd<'_>| Ok(rustix::net::send(fd, bytes, SendFlags::NOSIGNAL)?);
            let sent = self.when(Interest::WRITABLE, send).await?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// Receives what comes next; nothing at a stream's end. Cancel-safe.
    pub(super) async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.when(Interest::READABLE, |fd| {
            let (_, bytes) = rustix::net::recv(fd, &mut *buffer, RecvFlags::empty())?;
            Ok(bytes)
        })
        .await
    }

    /// Waits for the answer to a `connect` that is under way.
    async fn connected(&self) -> io::Result<()> {
        self.when(Interest::WRITABLE, |fd| {
            let socket = SockRef::from(&fd);
            match socket.take_error()? {
                Some(error) => Err(error),
                None if socket.peer_addr().is_ok() => Ok(()),
                None => Err(io::ErrorKind::WouldBlock.into()),
            }
        })
        .await
    }

    /// Calls when the socket is ready for it, or has an error to tell: an error alone does not make
    /// a UDP socket readable.
    async fn when<T>(
        &self,
        interest: Interest,
        mut call: impl FnMut(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let interest = interest | Interest::ERROR;
        match &self.stream {
            Stream::Tcp(s) => s.async_io(interest, || call(s.as_fd())).await,
            Stream::Udp(s) => s.async_io(interest, || call(s.as_fd())).await,
            Stream::Unix(s) => s.async_io(interest, || call(s.as_fd())).await,
            Stream::Unixgram(s) => s.async_io(interest, || call(s.as_fd())).await,
        }
    }
}

/// `connect` on a blocking Unix socket, in slices of time, so that it ends when it is cancelled.
pub(super) fn connect_waiting(
    socket: &Socket,
    address: &SockAddr,
    most: Duration,
    cancel: &CancellationToken,
) -> io::Result<()> {
    let started = Instant::now();
    loop {
        let left = most.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if cancel.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        // A `connect` waits for so long (socket(7)); none at all would mean for ever.
        let slice = left.min(SLICE).max(Duration::from_millis(1));
        socket.set_write_timeout(Some(slice))?;
        match socket.connect(address) {
            Ok(()) => return Ok(()),
            // The slice is over, and the queue still full.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What an error of a call means for a client.
pub(super) fn outcome_of(error: &io::Error) -> Outcome {
    use io::ErrorKind as Error;
    match error.kind() {
        // A Unix path that is gone has nobody who listens, either.
        Error::ConnectionRefused | Error::NotFound => Outcome::Refused,
        Error::TimedOut => Outcome::ConnectTimeout,
        Error::WouldBlock => Outcome::WouldBlock,
        Error::ConnectionReset | Error::ConnectionAborted | Error::BrokenPipe => Outcome::Lost,
        _ => Outcome::Failed,
    }
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

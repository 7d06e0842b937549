//! Binding and listening, and the accept that the blocking models share.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::AsFd;
use std::sync::Arc;

use chalkwire_shared::target::{Kind, TargetUrl};
use rustix::event::PollFlags;
use socket2::{Domain, SockAddr, Socket, Type};

use super::Context;
use super::backoff::Backoff;
use super::error::StartError;
use super::event::{Client, What};
use super::socket_file::{self, SocketFile};
use super::stop::Woken;

/// A bound socket; a stream one listens. It does not block.
#[derive(Debug)]
pub(super) struct Listener {
    /// Before the socket, so that it is dropped first: see [`SocketFile`].
    pub(super) file: Option<SocketFile>,
    pub(super) socket: Socket,
    /// With the address and the port that were bound.
    pub(super) url: TargetUrl,
}

/// Binds, and listens with exactly this backlog where the kind is a stream.
pub(super) fn bind(url: &TargetUrl, backlog: u32) -> Result<Listener, StartError> {
    // Linux caps it by net.core.somaxconn.
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    match url {
        TargetUrl::Path { kind, path } => bind_path(url, *kind, path, backlog),
        TargetUrl::Inet { kind, host, port } => {
            let not_resolved = |said| StartError::NotResolved {
                url: url.to_string(),
                said,
            };
            let addresses = (host.as_str(), *port)
                .to_socket_addrs()
                .map_err(not_resolved)?;
            let mut failed = not_resolved(io::Error::from(io::ErrorKind::NotFound));
            // The first that works, as Python's `create_server` does with a name like localhost.
            for address in addresses {
                match bind_address(*kind, address, backlog) {
                    Ok(listener) => return Ok(listener),
                    Err(error) => failed = StartError::at(&url.to_string(), error),
                }
            }
            Err(failed)
        }
    }
}

fn bind_address(kind: Kind, address: SocketAddr, backlog: i32) -> io::Result<Listener> {
    let r#type = if kind.is_datagram() {
        Type::DGRAM
    } else {
        Type::STREAM
    };
    let socket = Socket::new(Domain::for_address(address), r#type, None)?;
    if !kind.is_datagram() {
        // So that connections in TIME_WAIT do not keep a server from being started again. For UDP
        // it would let two servers share a port.
        socket.set_reuse_address(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    if !kind.is_datagram() {
        // A reply goes out at once: Nagle's algorithm (RFC 896) and a delayed ACK cost 40 ms. What is
        // accepted has this from its listener on Linux, and so it costs no call a client.
        socket.set_tcp_nodelay(true)?;
        socket.listen(backlog)?;
    }
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok(Listener {
        file: None,
        socket,
        url: TargetUrl::Inet {
            kind,
            host: bound.ip().to_string(),
            port: bound.port(),
        },
    })
}

fn bind_path(
    url: &TargetUrl,
    kind: Kind,
    path: &str,
    backlog: i32,
) -> Result<Listener, StartError> {
    socket_file::make_way(path, kind)?;
    let failed = |error| StartError::at(&url.to_string(), error);
    let socket = Socket::new(Domain::UNIX, socket_file::socket_type(kind), None).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    socket
        .bind(&SockAddr::unix(path).map_err(failed)?)
        .map_err(failed)?;
    let file = SocketFile::bound(path).map_err(failed)?;
    if !kind.is_datagram() {
        socket.listen(backlog).map_err(failed)?;
    }
    Ok(Listener {
        file: Some(file),
        socket,
        url: url.clone(),
    })
}

impl Listener {
    /// Accepts a client if one waits; `WouldBlock` otherwise.
    pub(super) fn accept(&self, context: &Context) -> io::Result<(Client, Socket)> {
        let (socket, address) = self.socket.accept()?;
        Ok((context.reporter.accepted(address), socket))
    }

    /// Waits for a client; `None` once the server is to stop. Errors are reported, and rested for.
    pub(super) fn accept_blocking(&self, context: &Arc<Context>) -> Option<(Client, Socket)> {
        let ((), client, socket) = self.accept_with(context, || Some(()))?;
        Some((client, socket))
    }

    /// The same; when a client waits and before it is accepted, `place` must find one for it.
    pub(super) fn accept_with<P>(
        &self,
        context: &Arc<Context>,
        place: impl Fn() -> Option<P>,
    ) -> Option<(P, Client, Socket)> {
        let mut backoff = Backoff::new();
        loop {
            let readable = Some((self.socket.as_fd(), PollFlags::IN));
            let error = match context.stop.wait(readable, None) {
                Ok(Woken::Stopped) => return None,
                Ok(_) => {
                    let place = place()?;
                    match self.accept(context) {
                        Ok((client, socket)) => return Some((place, client, socket)),
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            if let Some(rest) = backoff.after(&error) {
                context
                    .reporter
                    .server(What::failed(format_args!("accept: {error}")));
                if context.stop.sleep(rest) {
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn what_is_accepted_has_nagles_algorithm_off() {
        for url in ["tcp://127.0.0.1:0", "tcp://[::1]:0"] {
            let listener = bind(&url.parse().unwrap(), 5).unwrap();
            let address = listener.socket.local_addr().unwrap().as_socket().unwrap();
            let _client = TcpStream::connect(address).unwrap();
            let (accepted, _) = listener.socket.accept().unwrap();
            assert!(accepted.tcp_nodelay().unwrap(), "{url}");
        }
    }
}

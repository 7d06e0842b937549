//! An address that nobody gets after its server has stopped, so that connecting to it is refused.

use std::io;
use std::net::SocketAddr;

use chalkwire_shared::target::{Kind, TargetUrl};
use socket2::{Domain, Socket, Type};

/// An address of TCP or UDP that is kept by a socket which takes nothing: the kernel answers a SYN
/// with RST, and a datagram with ICMP port unreachable, as if there were no socket.
#[derive(Debug)]
pub struct Reserved {
    _socket: Socket,
}

impl Reserved {
    /// Keeps the address, just after its server has let go of it. `None` for a path, and where
    /// somebody else was faster.
    pub(super) fn at(url: &TargetUrl) -> Option<Self> {
        let TargetUrl::Inet { kind, host, port } = url else {
            return None;
        };
        let address = SocketAddr::new(host.parse().ok()?, *port);
        let socket = match kind {
            Kind::Tcp => unheard(address),
            _ => deaf(address),
        };
        socket.ok().map(|_socket| Reserved { _socket })
    }
}

/// A TCP socket that is bound and does not listen.
fn unheard(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // The server's last connections may be in TIME-WAIT still; from then on nobody may share.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.set_reuse_address(false)?;
    Ok(socket)
}

/// A UDP socket that hears nobody but itself (connect(2): only datagrams from that address are
/// received).
fn deaf(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    socket.bind(&address.into())?;
    socket.connect(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};

    fn url(kind: Kind, address: SocketAddr) -> TargetUrl {
        let (host, port) = (address.ip().to_string(), address.port());
        TargetUrl::Inet { kind, host, port }
    }

    #[test]
    fn connecting_to_a_kept_address_is_refused_and_nobody_else_gets_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // A connection that the server closed first: TIME-WAIT.
        let client = TcpStream::connect(address).unwrap();
        drop(listener.accept().unwrap());
        drop((client, listener));
        let kept = Reserved::at(&url(Kind::Tcp, address)).unwrap();
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        // The standard library's listeners share addresses in TIME-WAIT.
        assert!(TcpListener::bind(address).is_err());
        drop(kept);
        TcpListener::bind(address).unwrap();
    }

    #[test]
    fn a_datagram_to_a_kept_address_is_refused() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        drop(server);
        let _kept = Reserved::at(&url(Kind::Udp, address)).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(address).unwrap();
        client.send(b"x").unwrap();
        let refused = client.recv(&mut [0]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(UdpSocket::bind(address).is_err());
    }
}

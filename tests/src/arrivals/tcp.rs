//! Connections that are made, used once and closed, with as little work for the load as can be: it
//! shares the machine with the gateway, and what it is late at itself is no fault of the gateway's.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, TcpStream as StdStream};
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SendFlags, SocketFlags, SocketType, bind, connect, send, socket_with,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Came, LINE};

/// What is asked for on each connection, ready to be sent.
#[derive(Debug)]
pub(super) struct Asks {
    address: SocketAddr,
    request: Vec<u8>,
    /// What the answer to it ends with, when it is served.
    response: Vec<u8>,
    /// What follows when the connection is upgraded, and its answer.
    frames: Option<(Vec<u8>, Vec<u8>)>,
}

impl Asks {
    pub(super) fn raw(address: SocketAddr) -> Self {
        let request = format!(
            "GET /raw/t HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        // RFC 6455, section 5.2: a whole binary message, with a mask of zeros.
        let frame = [&[0x82, 0x80 | 64, 0, 0, 0, 0][..], LINE].concat();
        Asks {
            address,
            request: request.into_bytes(),
            response: Vec::new(),
            frames: Some((frame, [&[0x82, 64][..], LINE].concat())),
        }
    }

    pub(super) fn exchange(address: SocketAddr) -> Self {
        let head = format!(
            "POST /api/targets/t/exchange HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Length: 64\r\n\r\n"
        );
        Asks {
            address,
            request: [head.as_bytes(), LINE].concat(),
            response: LINE.to_vec(),
            frames: None,
        }
    }

    /// One exchange.
    pub(super) async fn once(&self) -> io::Result<Came> {
        let mut stream = self.ask().await?;
        let mut got = Vec::new();
        let end = loop {
            more(&stream, &mut got).await?;
            if let Some(at) = got.windows(4).position(|it| it == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let wanted = match (got.get(9..12), &self.frames) {
            (Some(b"200"), None) => &self.response,
            (Some(b"101"), Some((frame, answer))) => {
                stream.write_all(frame).await?;
                answer
            }
            (Some(b"503"), _) => {
                // The body comes with it, or right after.
                if got.len() == end {
                    more(&stream, &mut got).await?;
                }
                return Ok(Came::Refused(got));
            }
            _ => return Ok(Came::Failed(String::from_utf8_lossy(&got).into_owned())),
        };
        while got.len() < end + wanted.len() {
            more(&stream, &mut got).await?;
        }
        // A close frame may follow.
        Ok(match got[end..].starts_with(wanted) {
            true => Came::Served,
            false => Came::Failed(String::from_utf8_lossy(&got[end..]).into_owned()),
        })
    }

    /// A connection that has sent its request, from one of many loopback addresses: one alone runs out
    /// of ports.
    async fn ask(&self) -> io::Result<TcpStream> {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        let from = [127, 0, 1, NEXT.fetch_add(1, Ordering::Relaxed)];
        bind(&socket, &SocketAddrV4::new(from.into(), 0))?;
        match connect(&socket, &self.address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        // On the same machine it is connected by now, unless the gateway's queue is full.
        let sent = send(&socket, &self.request, SendFlags::NOSIGNAL).unwrap_or(0);
        let mut stream = TcpStream::from_std(StdStream::from(socket))?;
        stream.write_all(&self.request[sent..]).await?;
        Ok(stream)
    }
}

/// Waits for bytes and adds them.
async fn more(stream: &TcpStream, got: &mut Vec<u8>) -> io::Result<()> {
    loop {
        stream.readable().await?;
        // Held only while there is something to read.
        let mut buffer = [0; 2_048];
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                got.extend_from_slice(&buffer[..n]);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

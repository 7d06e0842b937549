//! One exchange of datagrams: one there, one back.

use std::fs::{self, Permissions};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use chalkwire_shared::close::Reason;
use tokio::net::{UdpSocket, UnixDatagram};
use tokio::time::timeout;

use super::Sink;
use super::error::SendError;

/// Larger than any datagram over IPv4 or IPv6 (65,535 bytes with its UDP header).
const MAX_DATAGRAM_BYTES: usize = 65_536;

/// Sends a datagram to the first address of a host that does not refuse it.
pub(super) async fn udp(
    host: &str,
    port: u16,
    message: &[u8],
    limit: Duration,
    sink: &mut Sink<'_>,
) -> Result<(), SendError> {
    let mut failed = SendError::NotResolved(io::Error::from(io::ErrorKind::NotFound));
    for address in super::resolve(host, port, limit).await? {
        match udp_once(address, message, limit).await {
            Ok(reply) => return sink(&reply).map_err(SendError::Output),
            Err(error @ SendError::Closed(Reason::Refused | Reason::Unreachable)) => failed = error,
            Err(error) => return Err(error),
        }
    }
    Err(failed)
}

async fn udp_once(
    address: SocketAddr,
    message: &[u8],
    limit: Duration,
) -> Result<Vec<u8>, SendError> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    // Connected, so that nobody else is heard, and that a port without a server is told (ICMP).
    socket.connect(address).await?;
    socket.send(message).await?;
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    let bytes = timeout(limit, socket.recv(&mut buffer))
        .await
        .map_err(|_| SendError::TimedOut(limit))??;
    buffer.truncate(bytes);
    Ok(buffer)
}

/// Sends a datagram to a path, from a path of its own, which is removed afterwards.
pub(super) async fn unix(
    path: &str,
    message: &[u8],
    limit: Duration,
    sink: &mut Sink<'_>,
) -> Result<(), SendError> {
    // A server of another user must be able to reply: to reach the file, and to write to it.
    let folder = tempfile::Builder::new()
        .prefix("chalkwire-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir()
        .map_err(SendError::System)?;
    let own = folder.path().join("s");
    let socket = UnixDatagram::bind(&own).map_err(SendError::System)?;
    fs::set_permissions(&own, Permissions::from_mode(0o666)).map_err(SendError::System)?;
    socket.connect(path)?;
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    let bytes = timeout(limit, async {
        socket.send(message).await?;
        socket.recv(&mut buffer).await
    })
    .await
    .map_err(|_| SendError::TimedOut(limit))??;
    sink(&buffer[..bytes]).map_err(SendError::Output)
}

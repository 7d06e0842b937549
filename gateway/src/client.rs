//! The client: sends a message to a target, or through a gateway, and gives out the reply.

mod datagram;
mod destination;
mod error;
mod line_end;
mod stream;
mod visible;
mod websocket;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chalkwire_shared::target::{Kind, TargetUrl};
use tokio::net::{TcpStream, UnixStream};

pub use destination::{Destination, DestinationError};
pub use error::SendError;
pub use line_end::{LineEnd, LineEndError};
pub use visible::Visible;

/// A reply is over when nothing more came for this long.
const QUIET: Duration = Duration::from_secs(1);

/// Where the bytes of a reply go, as they come.
pub type Sink<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// Sends a message over a new connection and gives what comes back to `sink`.
///
/// Connecting may take `timeout`, and so may the first bytes of the reply. The reply is over when
/// the target closes, or is quiet for a second; for a datagram target it is one datagram.
///
/// # Errors
/// [`SendError`]; what came before it has been given to `sink`.
pub async fn exchange(
    destination: &Destination,
    message: &[u8],
    timeout: Duration,
    sink: &mut Sink<'_>,
) -> Result<(), SendError> {
    match destination {
        Destination::Gateway { host, port, url } => {
            let stream = connect(host, *port, timeout).await?;
            websocket::exchange(stream, url, message, timeout, sink).await
        }
        Destination::Target(TargetUrl::Inet { kind, host, port }) => match kind {
            Kind::Udp => datagram::udp(host, *port, message, timeout, sink).await,
            _ => {
                let stream = connect(host, *port, timeout).await?;
                stream::exchange(stream, message, timeout, sink).await
            }
        },
        Destination::Target(TargetUrl::Path { kind, path }) => match kind {
            Kind::Unixgram => datagram::unix(path, message, timeout, sink).await,
            _ => {
                let stream = within(timeout, UnixStream::connect(path)).await?;
                stream::exchange(stream, message, timeout, sink).await
            }
        },
    }
}

/// The addresses of a host.
async fn resolve(
    host: &str,
    port: u16,
    timeout: Duration,
) -> Result<impl Iterator<Item = SocketAddr> + use<>, SendError> {
    let addresses = tokio::time::timeout(timeout, tokio::net::lookup_host((host, port)))
        .await
        .map_err(|_| SendError::NotResolved(io::Error::from(io::ErrorKind::TimedOut)))?
        .map_err(SendError::NotResolved)?;
    // Owned, so that it does not borrow `host`.
    Ok(addresses.collect::<Vec<_>>().into_iter())
}

/// Connects to the first address of a host that answers.
async fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream, SendError> {
    let mut failed = SendError::NotResolved(io::Error::from(io::ErrorKind::NotFound));
    for address in resolve(host, port, timeout).await? {
        match within(timeout, TcpStream::connect(address)).await {
            Ok(stream) => {
                // Small messages go out at once; where that fails they only go later.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A connection attempt with a time limit.
async fn within<S>(
    timeout: Duration,
    attempt: impl Future<Output = io::Result<S>>,
) -> Result<S, SendError> {
    match tokio::time::timeout(timeout, attempt).await {
        Ok(done) => done.map_err(SendError::from),
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

//! Dialling: resolve at dial time, check every address, and dial the address that was checked.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::SocketAddr as UnixAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use chalkwire_shared::close::Reason;
use chalkwire_shared::target::{Kind, TargetUrl};
use tokio::net::{
    TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixSocket, UnixStream, lookup_host,
};

use super::ends::{Ends, Named};
use super::stream::{BoundPath, Stream};
use super::{Failure, Target, Targets};
use crate::policy::address::may_dial;

/// A connected socket.
#[derive(Debug)]
pub struct Dialled {
    /// The socket.
    pub stream: Stream,
    /// Its two addresses.
    pub ends: Ends,
}

impl Targets {
    /// Connects to a target. The caller bounds the time. Cancel-safe: nothing is left behind.
    ///
    /// # Errors
    /// [`Failure`] with the reason of the last address tried.
    pub async fn dial(&self, target: &Target) -> Result<Dialled, Failure> {
        self.dial_named(target, None).await
    }

    /// The same; with `named` our end gets a name of its own before it connects, on loopback and in
    /// our directory, so that it can be told apart from the start.
    ///
    /// # Errors
    /// [`Failure`] with the reason of the last address tried.
    pub async fn dial_named(
        &self,
        target: &Target,
        mut named: Option<Named<'_>>,
    ) -> Result<Dialled, Failure> {
        match &target.url {
            TargetUrl::Inet { kind, host, port } => {
                let mut failure = Failure::from(Reason::NotResolved);
                for address in self.resolve(host, *port).await? {
                    // Its own lifetime for each round: the borrow ends with the attempt.
                    let named: Option<Named<'_>> = match &mut named {
                        Some(named) => Some(&mut **named),
                        None => None,
                    };
                    match dial_inet(*kind, address, named).await {
                        Ok(dialled) => return Ok(dialled),
                        Err(error) => failure = failure_of(&error),
                    }
                }
                Err(failure)
            }
            TargetUrl::Path { kind, path } => self
                .dial_path(*kind, path, named)
                .await
                .map_err(|e| failure_of(&e)),
        }
    }

    /// The addresses of a host that may be dialled.
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        // An address in the configuration is the operator's own word.
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let resolved: Vec<SocketAddr> = match lookup_host((host, port)).await {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                tracing::warn!(host, %error, "target: name not resolved");
                return Err(Reason::NotResolved.into());
            }
        };
        if resolved.is_empty() {
            return Err(Reason::NotResolved.into());
        }
        let local_name = host.eq_ignore_ascii_case("localhost");
        let allowed: Vec<SocketAddr> = resolved
            .into_iter()
            .filter(|a| may_dial(a.ip(), &self.allow) || (local_name && a.ip().is_loopback()))
            .collect();
        if allowed.is_empty() {
            tracing::warn!(host, "target: every address is blocked by policy");
            return Err(Reason::Blocked.into());
        }
        Ok(allowed)
    }

    async fn dial_path(
        &self,
        kind: Kind,
        path: &str,
        named: Option<Named<'_>>,
    ) -> io::Result<Dialled> {
        if kind == Kind::Unix {
            return self.dial_stream(path, named).await;
        }
        let bound = self.own_path('c');
        let socket = UnixDatagram::bind(&bound)?;
        // From here on the file goes with the socket, also when connecting fails.
        let bound = BoundPath(bound);
        socket.connect(path)?;
        let ends = path_ends(kind, bound.0.display().to_string(), path);
        if let Some(named) = named {
            named(&ends);
        }
        Ok(Dialled {
            stream: Stream::Unixgram(socket, bound),
            ends,
        })
    }

    /// A Unix stream: its client has no name unless it is given one.
    async fn dial_stream(&self, path: &str, named: Option<Named<'_>>) -> io::Result<Dialled> {
        let mut bound = None;
        let stream = match named {
            None => UnixStream::connect(path).await?,
            Some(named) => {
                let socket = UnixSocket::new_stream()?;
                let own = self.own_path('c');
                // Where the path is too long for a socket, it goes without a name.
                if socket.bind(&own).is_ok() {
                    let own = bound.insert(BoundPath(own));
                    named(&path_ends(Kind::Unix, own.0.display().to_string(), path));
                }
                socket.connect(path).await?
            }
        };
        let local = describe(&stream.local_addr()?.into());
        Ok(Dialled {
            stream: Stream::Unix(stream, bound),
            ends: path_ends(Kind::Unix, local, path),
        })
    }

    /// A path for one more socket of ours; `letter` says of which kind, for who looks there.
    pub fn own_path(&self, letter: char) -> std::path::PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        self.directory
            .join(format!("{letter}{}-{next}", std::process::id()))
    }
}

fn path_ends(kind: Kind, local: String, peer: &str) -> Ends {
    Ends::Path {
        kind,
        local,
        peer: peer.to_owned(),
    }
}

async fn dial_inet(
    kind: Kind,
    address: SocketAddr,
    named: Option<Named<'_>>,
) -> io::Result<Dialled> {
    let wants_name = named.is_some();
    let mut named = named;
    // The socket knows its peer, too; but we know whom we dialled.
    let mut ends = |local| {
        let ends = Ends::Inet {
            kind,
            local,
            peer: address,
        };
        if let Some(named) = named.take() {
            named(&ends);
        }
        ends
    };
    let (stream, ends) = if kind == Kind::Udp {
        let any: IpAddr = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(address).await?;
        let ends = ends(socket.local_addr()?);
        (Stream::Udp(socket), ends)
    } else {
        let stream = match wants_name.then(|| bound(address.ip())).flatten() {
            Some((socket, local)) => {
                ends(local);
                socket.connect(address).await?
            }
            None => TcpStream::connect(address).await?,
        };
        // Nagle's algorithm would hold a small line back until the last one is acknowledged.
        stream.set_nodelay(true)?;
        let ends = ends(stream.local_addr()?);
        (Stream::Tcp(stream), ends)
    };
    Ok(Dialled { stream, ends })
}

/// A TCP socket that has its address before it connects; `None` beyond loopback, where only the
/// route to the target says which of ours it is, and when there is no port.
fn bound(target: IpAddr) -> Option<(TcpSocket, SocketAddr)> {
    if !target.is_loopback() {
        return None;
    }
    let socket = match target {
        IpAddr::V4(_) => TcpSocket::new_v4(),
        IpAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.ok()?;
    socket.bind(SocketAddr::new(target, 0)).ok()?;
    let local = socket.local_addr().ok()?;
    Some((socket, local))
}

/// A Unix address for people: its path, or what it is instead.
fn describe(address: &UnixAddr) -> String {
    match address.as_pathname() {
        Some(path) => Path::display(path).to_string(),
        None => "unnamed".to_owned(),
    }
}

/// The close reason that an error of the kernel means: connect(2), send(2), recv(2).
pub fn reason_of(error: &io::Error) -> Reason {
    use io::ErrorKind as Kind;
    if error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) {
        return Reason::TooLarge;
    }
    match error.kind() {
        Kind::ConnectionRefused => Reason::Refused,
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Reason::Reset,
        Kind::TimedOut => Reason::ConnectTimeout,
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::AddrNotAvailable => {
            Reason::Unreachable
        }
        Kind::NotFound => Reason::NoSuchPath,
        Kind::WouldBlock => Reason::BacklogFull,
        _ => Reason::Failed,
    }
}

fn failure_of(error: &io::Error) -> Failure {
    let reason = reason_of(error);
    if reason == Reason::Failed {
        tracing::warn!(%error, "target: can't be dialled");
    }
    reason.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chalkwire_shared::target::TargetInfo;

    fn targets(dir: &Path, urls: &[(&str, &str)]) -> Targets {
        let targets = urls
            .iter()
            .map(|(name, url)| {
                let url: TargetUrl = url.parse().unwrap();
                Target {
                    info: TargetInfo {
                        name: (*name).to_owned(),
                        kind: url.kind(),
                        url: None,
                        about: String::new(),
                        builtin: false,
                    },
                    url,
                }
            })
            .collect();
        Targets::new(targets, Vec::new(), dir.to_owned())
    }

    async fn reason(targets: &Targets, name: &str) -> Reason {
        targets
            .dial(targets.get(name).unwrap())
            .await
            .unwrap_err()
            .reason
    }

    #[tokio::test]
    async fn each_way_to_fail_has_its_own_reason() {
        let dir = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let stale = dir.path().join("stale");
        drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
        let targets = targets(
            dir.path(),
            &[
                ("closed", &format!("tcp://{free}")),
                ("nowhere", "unix:///no/such/path"),
                ("nowheregram", "unixgram:///no/such/path"),
                ("stale", &format!("unix://{}", stale.display())),
            ],
        );
        assert_eq!(reason(&targets, "closed").await, Reason::Refused);
        assert_eq!(reason(&targets, "nowhere").await, Reason::NoSuchPath);
        assert_eq!(reason(&targets, "nowheregram").await, Reason::NoSuchPath);
        assert_eq!(reason(&targets, "stale").await, Reason::Refused);
        assert_eq!(
            targets.get("none").unwrap_err().reason,
            Reason::UnknownTarget
        );
    }

    #[tokio::test]
    async fn whoever_watches_a_socket_knows_its_ends_before_it_is_connected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server");
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let unix = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let targets = targets(
            dir.path(),
            &[
                ("tcp", &format!("tcp://{}", tcp.local_addr().unwrap())),
                ("udp", &format!("udp://{}", udp.local_addr().unwrap())),
                ("unix", &format!("unix://{}", path.display())),
            ],
        );
        for name in ["tcp", "udp", "unix"] {
            let mut told = Vec::new();
            let mut named = |ends: &Ends| told.push(ends.clone());
            let target = targets.get(name).unwrap();
            let dialled = targets.dial_named(target, Some(&mut named)).await.unwrap();
            let [ends] = &told[..] else {
                panic!("{name}: {told:?}");
            };
            assert_eq!(ends.kind(), target.kind());
            assert_eq!(ends, &dialled.ends);
        }
        let (client, from) = unix.accept().unwrap();
        let own = from.as_pathname().expect("a name of its own");
        assert!(own.starts_with(dir.path()) && !own.exists());
        drop(client);
        let unnamed = targets.dial(targets.get("unix").unwrap()).await.unwrap();
        assert_eq!(unnamed.ends.local(), "unnamed");
    }

    #[tokio::test]
    async fn a_datagram_sockets_path_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let server = dir.path().join("server");
        let _server = UnixDatagram::bind(&server).unwrap();
        let targets = targets(
            dir.path(),
            &[("g", &format!("unixgram://{}", server.display()))],
        );
        let dialled = targets.dial(targets.get("g").unwrap()).await.unwrap();
        assert!(Path::new(&dialled.ends.local()).exists());
        drop(dialled.stream);
        assert!(!Path::new(&dialled.ends.local()).exists());
    }
}

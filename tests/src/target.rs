//! Targets inside of the test: servers that behave, or misbehave, as they are told.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

/// A server inside of the test. Dropped, it ends with its connections.
#[derive(Debug)]
pub struct Target {
    /// Where it listens, as a target's URL.
    pub url: String,
    task: JoinHandle<()>,
    /// Where its Unix socket is.
    _folder: Option<TempDir>,
}

impl Target {
    /// A TCP server on a free port of 127.0.0.1; `serve` gets each connection.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn tcp<F, S>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let task = tokio::spawn(async move {
            // Dropped with the task, the set ends what it started.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream));
            }
        });
        Target {
            url: format!("tcp://{address}"),
            task,
            _folder: None,
        }
    }

    /// A Unix stream server in a folder of its own; `serve` gets each connection.
    ///
    /// # Panics
    /// When it can't be bound.
    pub fn unix<F, S>(serve: F) -> Self
    where
        F: Fn(UnixStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("target");
        let listener = UnixListener::bind(&path).expect("a path of our own");
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream));
            }
        });
        Target {
            url: format!("unix://{}", path.display()),
            task,
            _folder: Some(folder),
        }
    }

    /// A TCP server that accepts, and then neither reads nor sends.
    pub async fn silent() -> Self {
        Self::tcp(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await
    }

    /// A TCP server that sends [`numbered`] bytes for ever, as fast as it can.
    pub async fn flood() -> Self {
        Self::tcp(|mut stream| async move {
            let mut next = 0;
            while stream.write_all(&numbered(next, 4_096)).await.is_ok() {
                next += 4_096;
            }
        })
        .await
    }

    /// A TCP server that sends back what it reads, and closes when that ends.
    pub async fn echo() -> Self {
        Self::tcp(|stream| async move { echo(stream).await }).await
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A TCP listener whose accept queue is full: the kernel drops the SYN of one more client.
#[derive(Debug)]
pub struct FullListener {
    /// Where it listens, as a target's URL.
    pub url: String,
    _listener: Socket,
    _waiting: Vec<Socket>,
}

impl FullListener {
    /// A full one.
    ///
    /// # Panics
    /// When its queue never fills.
    #[expect(clippy::new_without_default, reason = "it binds a port")]
    pub fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        listener.bind(&any.into()).expect("a free port");
        listener.listen(0).expect("a listener");
        let address = listener.local_addr().expect("a bound socket");
        let mut waiting = Vec::new();
        loop {
            let one = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            match one.connect_timeout(&address, Duration::from_millis(200)) {
                Ok(()) => waiting.push(one),
                Err(_) => break,
            }
            assert!(waiting.len() < 64, "the queue never fills");
        }
        FullListener {
            url: format!("tcp://{}", address.as_socket().expect("an IPv4 address")),
            _listener: listener,
            _waiting: waiting,
        }
    }
}

/// A port of 127.0.0.1 where nobody listens (any more).
///
/// # Panics
/// When there is none.
pub fn closed_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket")
}

/// Sends back what comes, until it ends.
pub async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buffer = vec![0; 65_536];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// Bytes of which every 8 say where they stand: what is lost, doubled or turned round shows.
pub fn numbered(from: u64, words: usize) -> Vec<u8> {
    (from..from + words as u64)
        .flat_map(u64::to_be_bytes)
        .collect()
}

/// Checks that bytes are [`numbered`] from 0 without a gap.
///
/// # Panics
/// When they are not; says where.
pub fn assert_numbered(bytes: &[u8]) {
    let (words, rest) = bytes.as_chunks::<8>();
    assert!(rest.is_empty(), "{} bytes are no whole words", bytes.len());
    for (expected, word) in (0..).zip(words) {
        let got = u64::from_be_bytes(*word);
        assert_eq!(got, expected, "word {expected} of {}", words.len());
    }
}

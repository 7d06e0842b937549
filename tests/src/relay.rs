//! A relay on the way to a gateway: it passes bytes on, until it is told to cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A TCP relay inside of the test. Dropped, it ends with its connections.
#[derive(Debug)]
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    cuts: watch::Sender<u32>,
    refused: Arc<AtomicU32>,
    task: JoinHandle<()>,
}

impl Relay {
    /// A relay to `to`, on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn to(to: SocketAddr) -> Self {
        Relay::start(to, true).await
    }

    /// A relay that answers who asks for a WebSocket with 403, as proxies of schools do.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn without_websockets(to: SocketAddr) -> Self {
        Relay::start(to, false).await
    }

    async fn start(to: SocketAddr, websockets: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (cuts, cut) = watch::channel(0);
        let refused = Arc::new(AtomicU32::new(0));
        let count = refused.clone();
        let task = tokio::spawn(async move {
            // Dropped with the task, the set ends what it started.
            let mut connections = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let mut cut = cut.clone();
                cut.mark_unchanged();
                let count = count.clone();
                connections.spawn(async move {
                    let Ok(mut onward) = TcpStream::connect(to).await else {
                        return;
                    };
                    let _ = from.set_nodelay(true);
                    let _ = onward.set_nodelay(true);
                    let passed = async {
                        if !websockets && let Some(first) = request(&mut from).await {
                            // A browser asks for a WebSocket on a connection of its own.
                            let head = String::from_utf8_lossy(&first).to_ascii_lowercase();
                            if head.contains("upgrade: websocket") {
                                count.fetch_add(1, Ordering::Relaxed);
                                let _ = from.write_all(FORBIDDEN).await;
                                return;
                            }
                            let _ = onward.write_all(&first).await;
                        }
                        let _ = copy_bidirectional(&mut from, &mut onward).await;
                    };
                    // What is under way when it is cut is lost, as with a cable that is pulled.
                    tokio::select! {
                        _ = cut.changed() => {}
                        () = passed => {}
                    }
                });
            }
        });
        Relay {
            address,
            cuts,
            refused,
            task,
        }
    }

    /// How many WebSockets were asked for in vain.
    pub fn refused(&self) -> u32 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Ends every connection that is open, wherever it is in its conversation.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

const FORBIDDEN: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What comes first on a connection: a request's whole header, at least.
async fn request(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        if !matches!(from.read_buf(&mut bytes).await, Ok(1..)) {
            return None;
        }
    }
    Some(bytes)
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

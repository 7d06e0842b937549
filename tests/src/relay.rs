//! A relay on the way to a gateway: it passes bytes on, until it is told to cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// A TCP relay inside of the test. Dropped, it ends with its connections.
#[derive(Debug)]
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    cuts: watch::Sender<u32>,
    task: JoinHandle<()>,
}

impl Relay {
    /// A relay to `to`, on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let (cuts, cut) = watch::channel(0);
        let task = tokio::spawn(async move {
            // Dropped with the task, the set ends what it started.
            let mut connections = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let mut cut = cut.clone();
                cut.mark_unchanged();
                connections.spawn(async move {
                    let Ok(mut onward) = TcpStream::connect(to).await else {
                        return;
                    };
                    let _ = from.set_nodelay(true);
                    let _ = onward.set_nodelay(true);
                    // What is under way when it is cut is lost, as with a cable that is pulled.
                    tokio::select! {
                        _ = cut.changed() => {}
                        _ = copy_bidirectional(&mut from, &mut onward) => {}
                    }
                });
            }
        });
        Relay {
            address,
            cuts,
            task,
        }
    }

    /// Ends every connection that is open, wherever it is in its conversation.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

//! The page in a real browser: what somebody sees, presses and types, and what comes of it.

use std::future::Future;

use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::Gateway;
use chalkwire_tests::target::Target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

mod board;
mod budget;
mod bytes;
mod experiments;
mod export;
mod first_visit;
mod flood;
mod keyboard;
mod log;
mod looks;
mod over_http;
mod phone;
mod pictures;
mod places;
mod prefix;
mod resume;
mod rooms;
mod scripts;
mod sockets;
mod transports;

/// The page's address on a gateway.
fn url(gateway: &Gateway) -> String {
    format!("http://{}/", gateway.address())
}

/// A target that tells the test what it heard.
struct Ear {
    target: Target,
    heard: Receiver<Vec<u8>>,
}

impl Ear {
    /// One that echoes what comes first on a connection, and closes.
    async fn once() -> Self {
        Ear::with(|mut stream, tell| async move {
            let mut buffer = vec![0; 4096];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            buffer.truncate(read);
            let _ = stream.write_all(&buffer).await;
            let _ = tell.send(buffer).await;
        })
        .await
    }

    /// One that does as `serve` does.
    async fn with<F, S>(serve: F) -> Self
    where
        F: Fn(TcpStream, Sender<Vec<u8>>) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let (tell, heard) = channel(64);
        let target = Target::tcp(move |stream| serve(stream, tell.clone())).await;
        Ear { target, heard }
    }

    /// The next thing that it heard.
    async fn heard(&mut self) -> Vec<u8> {
        let heard = within("the target to hear something", self.heard.recv()).await;
        heard.expect("the target stands")
    }
}

/// A server that says `bytes` to whatever it is sent, and closes.
async fn says(bytes: &'static [u8]) -> Target {
    Target::tcp(move |mut stream| async move {
        if matches!(stream.read(&mut [0; 4096]).await, Ok(1..)) {
            let _ = stream.write_all(bytes).await;
        }
    })
    .await
}

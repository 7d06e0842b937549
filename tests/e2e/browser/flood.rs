//! A server that floods whoever asks it to.

use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// A datagram server that answers `COUNT RATE` with so many datagrams, so many in a millisecond.
/// On a Unix socket, because there none is ever lost.
pub(super) struct Flood {
    pub(super) url: String,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Flood {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flood");
        let socket = UnixDatagram::bind(&path).unwrap();
        let task = tokio::spawn(async move {
            let mut buffer = [0; 64];
            let mut no = 0;
            while let Ok((read, from)) = socket.recv_from(&mut buffer).await {
                let asked = String::from_utf8_lossy(&buffer[..read]).into_owned();
                let mut asked = asked.split_whitespace().map(|it| it.parse().unwrap_or(0));
                let (count, rate): (u32, u32) = (asked.next().unwrap(), asked.next().unwrap());
                let to = from.as_pathname().expect("the gateway's path").to_owned();
                let mut tick = interval(Duration::from_millis(1));
                tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
                for sent in 0..count {
                    if sent % rate == 0 {
                        tick.tick().await;
                    }
                    no += 1;
                    let text = format!("message {no}");
                    if socket.send_to(text.as_bytes(), &to).await.is_err() {
                        return;
                    }
                }
            }
        });
        Flood {
            url: format!("unixgram://{}", path.display()),
            task,
            _folder: folder,
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.task.abort();
    }
}

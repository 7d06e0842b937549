//! The door: takes connections out of the kernel's queue, and knows how long that has not been empty.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use mio::net::TcpListener;
use tokio::io::Interest;

/// A listener whose connections are bound to no thread's epoll before somebody serves them: who is
/// turned away costs nothing there.
#[derive(Debug)]
pub(crate) struct Door {
    /// Its connections do not block from the start: with std's, that is one more system call each.
    listener: TcpListener,
    /// The same socket, to be told when somebody is there. tokio's listener would accept by itself;
    /// one of its streams can be asked for that alone.
    told: tokio::net::TcpStream,
    /// The kernel's queue was empty at this time.
    emptied: Instant,
    /// A file descriptor to spare, for when there is no other.
    spare: Option<OwnedFd>,
}

impl Door {
    /// # Errors
    /// When the system has no memory or file descriptor for it.
    pub(crate) fn new(listener: tokio::net::TcpListener) -> io::Result<Self> {
        let listener = listener.into_std()?;
        let same = TcpStream::from(OwnedFd::from(listener.try_clone()?));
        // Nagle's algorithm would hold a small reply back until the last one is acknowledged. Connections
        // have it from their listener: set once, and not for each.
        same.set_nodelay(true)?;
        Ok(Door {
            spare: Some(same.as_fd().try_clone_to_owned()?),
            listener: TcpListener::from_std(listener),
            told: tokio::net::TcpStream::from_std(same)?,
            emptied: Instant::now(),
        })
    }

    /// Nobody looked for a while, for another reason than work: who came meanwhile was not kept waiting
    /// by it.
    pub(crate) fn looked_away(&mut self) {
        self.emptied = Instant::now();
    }

    /// The next connection on the descriptor that was spared, where there is no other one: to be told so,
    /// and dropped before [`Door::spare_again`].
    pub(crate) fn next_on_spare(&mut self) -> Option<TcpStream> {
        drop(self.spare.take());
        let (stream, _) = self.listener.accept().ok()?;
        Some(stream.into())
    }

    /// Spares a descriptor again, if there is one.
    pub(crate) fn spare_again(&mut self) {
        if self.spare.is_none() {
            self.spare = self.told.as_fd().try_clone_to_owned().ok();
        }
    }

    /// The next connection, which does not block, and when the queue was empty the last time: nobody
    /// in it has waited for longer. Cancel-safe.
    ///
    /// # Errors
    /// As accept(2) has them.
    pub(crate) async fn next(&mut self) -> io::Result<(TcpStream, SocketAddr, Instant)> {
        loop {
            let accept = || self.listener.accept();
            match self.told.try_io(Interest::READABLE, accept) {
                Ok((stream, address)) => return Ok((stream.into(), address, self.emptied)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.told.readable().await?;
                    self.emptied = Instant::now();
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_taken_in_one_after_the_other_until_the_queue_is_empty() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut door = Door::new(listener).unwrap();
        let clients: Vec<_> = (0..3)
            .map(|_| TcpStream::connect(address).unwrap())
            .collect();
        let mut seen = Vec::new();
        for client in &clients {
            let (mut stream, peer, at) = door.next().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
            assert!(stream.nodelay().unwrap());
            let nothing = stream.read(&mut [0]).unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
            seen.push(at);
        }
        // All three came before anybody looked.
        assert_eq!(seen, [seen[0]; 3]);
        // The next one finds the queue empty.
        let next = async { TcpStream::connect(address).unwrap() };
        let (taken, _client) = tokio::join!(door.next(), next);
        assert!(taken.unwrap().2 > seen[0]);
    }
}

//! Whether a TCP connection may be read, without asking again what is asked already.

use std::io;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop;

/// Waits for something to read on a connection, for its only reader.
///
/// A task that waits for several things is polled for each of them. tokio takes a lock and the task's
/// waker each time it is asked; here it is asked anew only when it has told.
#[derive(Debug)]
pub struct Readiness {
    /// Whether `task` is going to be woken.
    waits: bool,
    task: Waker,
}

impl Default for Readiness {
    fn default() -> Self {
        Readiness {
            waits: false,
            task: Waker::noop().clone(),
        }
    }
}

impl Readiness {
    /// Whether there may be something to read, or nothing more will be.
    ///
    /// # Errors
    /// When the runtime is about to end.
    pub fn poll(&mut self, socket: &TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waits && self.task.will_wake(cx.waker()) {
            // What epoll has told since stands in the socket.
            if socket.try_io(Interest::READABLE, || Ok(())).is_err() {
                return Poll::Pending;
            }
            // However much comes, others have their turn.
            ready!(coop::poll_proceed(cx)).made_progress();
            self.waits = false;
            return Poll::Ready(Ok(()));
        }
        // Without any left of the task's turn, it is woken for the next one, but not for the socket.
        let asks = coop::has_budget_remaining();
        let ready = socket.poll_read_ready(cx);
        self.waits = asks && ready.is_pending();
        if self.waits {
            self.task.clone_from(cx.waker());
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;
    use crate::target::recv_stream;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, server) = tokio::join!(client, listener.accept());
        (client.unwrap(), server.unwrap().0)
    }

    /// Has the task wait, as it does after a read that found nothing. tokio takes a new connection for
    /// readable.
    async fn wait(readiness: &mut Readiness, socket: &TcpStream) {
        while poll_fn(|cx| Poll::Ready(readiness.poll(socket, cx)))
            .await
            .is_ready()
        {
            let nothing = recv_stream(socket, &mut [0]).unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        }
    }

    async fn read(readiness: &mut Readiness, socket: &TcpStream) -> Vec<u8> {
        let mut buffer = [0; 8];
        let read = async {
            loop {
                poll_fn(|cx| readiness.poll(socket, cx)).await.unwrap();
                match recv_stream(socket, &mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read.unwrap(),
                }
            }
        };
        let n = timeout(Duration::from_secs(10), read).await.unwrap();
        buffer[..n].to_vec()
    }

    #[tokio::test]
    async fn it_waits_for_each_line_and_for_the_end() {
        let (mut client, server) = pair().await;
        let mut readiness = Readiness::default();
        wait(&mut readiness, &server).await;
        for line in [&b"one\n"[..], b"two\n", b"three, in two\n"] {
            // Polled without need, as a task does that waits for something else, too.
            for _ in 0..3 {
                let polled = poll_fn(|cx| Poll::Ready(readiness.poll(&server, cx))).await;
                assert!(polled.is_pending());
            }
            let (sent, read) = tokio::join!(client.write_all(line), async {
                let mut got = Vec::new();
                while got.len() < line.len() {
                    got.extend(read(&mut readiness, &server).await);
                }
                got
            });
            sent.unwrap();
            assert_eq!(read, line);
        }
        drop(client);
        assert_eq!(read(&mut readiness, &server).await, b"");
    }

    #[tokio::test]
    async fn another_task_that_goes_on_with_it_is_woken() {
        let (mut client, server) = pair().await;
        let mut readiness = Readiness::default();
        wait(&mut readiness, &server).await;
        let goes_on = tokio::spawn(async move { read(&mut readiness, &server).await });
        tokio::task::yield_now().await;
        client.write_all(b"now\n").await.unwrap();
        assert_eq!(goes_on.await.unwrap(), b"now\n");
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn who_has_used_up_a_turn_is_woken_for_the_socket_all_the_same() {
        let (mut client, server) = pair().await;
        let mut readiness = Readiness::default();
        wait(&mut readiness, &server).await;
        client.write_all(b"one\n").await.unwrap();
        assert_eq!(read(&mut readiness, &server).await, b"one\n");
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut cx = Context::from_waker(&waker);
        poll_fn(|_| {
            while let Poll::Ready(used) = coop::poll_proceed(&mut cx) {
                used.made_progress();
            }
            assert!(readiness.poll(&server, &mut cx).is_pending());
            Poll::Ready(())
        })
        .await;
        // In the next turn, nothing has come yet.
        tokio::task::yield_now().await;
        assert!(readiness.poll(&server, &mut cx).is_pending());
        woken.0.store(false, Ordering::Relaxed);
        client.write_all(b"two\n").await.unwrap();
        server.readable().await.unwrap();
        assert!(woken.0.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn one_who_always_has_something_leaves_others_their_turn() {
        let (mut client, server) = pair().await;
        let mut readiness = Readiness::default();
        wait(&mut readiness, &server).await;
        client.write_all(&[b'~'; 4_096]).await.unwrap();
        server.readable().await.unwrap();
        // In one turn of this task, as if it never had enough.
        let turns = poll_fn(|cx| {
            let mut turns = 0;
            while readiness.poll(&server, cx).is_ready() {
                recv_stream(&server, &mut [0]).unwrap();
                turns += 1;
            }
            Poll::Ready(turns)
        });
        assert!((1..1_000).contains(&turns.await));
    }
}

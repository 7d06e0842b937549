//! What clients POST, on its way to their links: each POST once, in order, one at a time.

use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chalkwire_shared::id::Token;
use tokio::sync::mpsc;

use crate::core::new_token;

/// The doors by which POSTs reach the connections that they belong to. Clones are of the same ones.
#[derive(Clone, Default)]
pub(crate) struct Posts {
    by_stream: Arc<Mutex<HashMap<Token, Arc<Door>>>>,
}

/// A connection's way in.
pub(crate) struct Door {
    /// The number of the last POST that was taken.
    last: tokio::sync::Mutex<u64>,
    inbox: mpsc::Sender<Bytes>,
}

/// A connection's side of its door, which is closed when this is dropped.
pub(super) struct Inbox {
    /// The secret that a POST has to name.
    pub(super) stream: Token,
    posts: Posts,
    taken: mpsc::Receiver<Bytes>,
}

/// Why a POST was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotTaken<E> {
    /// One before it is missing: this number is due.
    Gap(u64),
    /// The connection has ended.
    Ended,
    /// It did not come whole.
    Body(E),
}

impl Posts {
    /// A door for a new connection. `None` where the system has no randomness.
    pub(super) fn open(&self) -> Option<Inbox> {
        // One POST waits at the most; it is not read before there is room for it.
        let (inbox, taken) = mpsc::channel(1);
        let stream = new_token()?;
        let door = Door {
            last: tokio::sync::Mutex::default(),
            inbox,
        };
        self.lock().insert(stream.clone(), Arc::new(door));
        Some(Inbox {
            stream,
            posts: self.clone(),
            taken,
        })
    }

    /// The door of a stream.
    pub(crate) fn door(&self, stream: &Token) -> Option<Arc<Door>> {
        self.lock().get(stream).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Token, Arc<Door>>> {
        self.by_stream
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// Takes a POST when those before it are taken and there is room for it: only then it is read.
    /// One that was taken before is not taken again: its answer was lost.
    ///
    /// Cancel-safe: it is taken whole, or not at all.
    pub(crate) async fn take<E>(
        &self,
        number: NonZeroU64,
        body: impl Future<Output = Result<Bytes, E>>,
    ) -> Result<(), NotTaken<E>> {
        let mut last = self.last.lock().await;
        if number.get() <= *last {
            return Ok(());
        }
        if number.get() > *last + 1 {
            return Err(NotTaken::Gap(*last + 1));
        }
        let room = self.inbox.reserve().await;
        let room = room.map_err(|_| NotTaken::Ended)?;
        let body = body.await.map_err(NotTaken::Body)?;
        // Nothing is awaited between these two.
        room.send(body);
        *last = number.get();
        Ok(())
    }
}

impl Inbox {
    /// The next POST. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.taken.recv().await
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.posts.lock().remove(&self.stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use std::task::Poll;

    fn open() -> (Inbox, Arc<Door>) {
        let posts = Posts::default();
        let inbox = posts.open().unwrap();
        let door = posts.door(&inbox.stream).unwrap();
        (inbox, door)
    }

    async fn post(door: &Door, number: u64) -> Result<(), NotTaken<()>> {
        let body = Bytes::from(number.to_string());
        let number = NonZeroU64::new(number).unwrap();
        door.take(number, ready(Ok(body))).await
    }

    #[tokio::test]
    async fn each_post_is_taken_once_and_in_order() {
        let (mut inbox, door) = open();
        for number in 1..=3 {
            assert_eq!(post(&door, number + 1).await, Err(NotTaken::Gap(number)));
            assert_eq!(post(&door, number).await, Ok(()));
            assert_eq!(post(&door, number).await, Ok(()));
            assert_eq!(inbox.next().await.unwrap(), number.to_string());
        }
        assert!(inbox.taken.try_recv().is_err(), "none came twice");
    }

    #[tokio::test]
    async fn a_post_is_not_read_before_there_is_room_for_it() {
        let (mut inbox, door) = open();
        post(&door, 1).await.unwrap();
        let mut second = Box::pin(door.take(NonZeroU64::new(2).unwrap(), async {
            panic!("read while the first one waits");
            #[allow(unreachable_code)]
            Ok::<_, ()>(Bytes::new())
        }));
        assert_eq!(futures_util::poll!(&mut second), Poll::Pending);
        drop(second);
        inbox.next().await.unwrap();
        post(&door, 2).await.unwrap();
    }

    #[tokio::test]
    async fn one_that_is_given_up_is_not_taken_and_may_come_again() {
        let (mut inbox, door) = open();
        let mut half = Box::pin(door.take::<()>(NonZeroU64::MIN, pending()));
        assert_eq!(futures_util::poll!(&mut half), Poll::Pending);
        drop(half);
        post(&door, 1).await.unwrap();
        assert_eq!(inbox.next().await.unwrap(), "1");
    }

    #[tokio::test]
    async fn a_connection_that_has_ended_takes_nothing_and_has_no_door() {
        let (inbox, door) = open();
        let (posts, stream) = (inbox.posts.clone(), inbox.stream.clone());
        drop(inbox);
        assert!(posts.door(&stream).is_none());
        assert_eq!(post(&door, 1).await, Err(NotTaken::Ended));
    }
}

//! Lanes: a thread for each core, with a runtime of its own, to which connections are dealt out.
//!
//! A connection, its sockets and their timers stay on one thread: no other thread is woken for
//! them, and nothing of theirs moves between the caches of two cores.

use std::io;
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The lanes of a gateway. The first is the runtime that it was started in, whichever kind it is.
#[derive(Debug)]
pub struct Lanes {
    first: Handle,
    others: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
    /// The threads end when it is dropped.
    end: DropGuard,
}

impl Lanes {
    /// So many as there are cores.
    ///
    /// # Errors
    /// When a thread or a runtime can't be had.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let end = CancellationToken::new();
        let mut lanes = Lanes {
            first: Handle::current(),
            others: Vec::new(),
            threads: Vec::new(),
            end: end.clone().drop_guard(),
        };
        for _ in 1..cores {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            lanes.others.push(runtime.handle().clone());
            let end = end.clone();
            let thread = thread::Builder::new().name("lane".to_owned());
            lanes
                .threads
                .push(thread.spawn(move || runtime.block_on(end.cancelled()))?);
        }
        Ok(lanes)
    }

    /// The lane that has the fewest tasks: connections, and the sockets of links.
    pub fn emptiest(&self) -> &Handle {
        let tasks = |lane: &Handle| lane.metrics().num_alive_tasks();
        let others = self.others.iter();
        others.fold(&self.first, |emptiest, lane| {
            match tasks(lane) < tasks(emptiest) {
                true => lane,
                false => emptiest,
            }
        })
    }

    /// Ends the threads, and what still runs there.
    pub async fn stop(self) {
        drop(self.end);
        let threads = self.threads;
        let join = || threads.into_iter().map(JoinHandle::join).for_each(drop);
        // A thread that panicked has ended, too.
        let _ = tokio::task::spawn_blocking(join).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn work_goes_where_the_least_is_and_ends_with_its_lane() {
        let lanes = Lanes::start().unwrap();
        let cores = lanes.others.len() + 1;
        let mut held = Vec::new();
        for _ in 0..3 * cores {
            held.push(lanes.emptiest().spawn(pending::<()>()));
        }
        let tasks = |lane: &Handle| lane.metrics().num_alive_tasks();
        let all = [&lanes.first].into_iter().chain(&lanes.others);
        assert_eq!(all.map(tasks).collect::<Vec<_>>(), vec![3; cores]);
        held[0].abort();
        lanes.stop().await;
        for task in held.split_off(1) {
            task.abort();
            assert!(task.await.is_err());
        }
    }
}

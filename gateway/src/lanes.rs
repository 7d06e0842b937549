//! Lanes: threads with a runtime each, to which connections are dealt out.
//!
//! A connection, its sockets and their timers stay on one thread: no other thread is woken for
//! them, and nothing of theirs moves between the caches of two cores.
//!
//! There is one for every two cores. The built-in servers, the log and the kernel's own work for the
//! sockets need the others: measured on two cores, a second lane made an exchange dearer by half.

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
    /// One for every two cores.
    ///
    /// # Errors
    /// When a thread or a runtime can't be had.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn for_cores() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::start(cores.div_ceil(2))
    }

    /// So many.
    fn start(count: usize) -> io::Result<Self> {
        let end = CancellationToken::new();
        let mut lanes = Lanes {
            first: Handle::current(),
            others: Vec::new(),
            threads: Vec::new(),
            end: end.clone().drop_guard(),
        };
        for _ in 1..count {
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
    ///
    /// `None` is the first, where the caller is.
    pub fn emptiest(&self) -> Option<&Handle> {
        let tasks = |lane: &Handle| lane.metrics().num_alive_tasks();
        let emptiest = self.others.iter().min_by_key(|lane| tasks(lane));
        emptiest.filter(|lane| tasks(lane) < tasks(&self.first))
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
        let lanes = Lanes::start(3).unwrap();
        let all = lanes.others.len() + 1;
        let mut held = Vec::new();
        for _ in 0..3 * all {
            let lane = lanes.emptiest().unwrap_or(&lanes.first);
            held.push(lane.spawn(pending::<()>()));
        }
        let tasks = |lane: &Handle| lane.metrics().num_alive_tasks();
        let each = [&lanes.first].into_iter().chain(&lanes.others);
        assert_eq!(each.map(tasks).collect::<Vec<_>>(), vec![3; all]);
        held[0].abort();
        lanes.stop().await;
        for task in held.split_off(1) {
            task.abort();
            assert!(task.await.is_err());
        }
    }
}

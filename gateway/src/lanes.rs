//! Lanes: threads with a runtime each, to which connections are dealt out.
//!
//! A connection, its sockets and their timers stay on one thread: no other thread is woken for
//! them, and nothing of theirs moves between the caches of two cores.
//!
//! There is one for each core, and half of them are enough at first: the built-in servers, the log and
//! the kernel's own work for the sockets need the other cores. Measured on two, a second lane made an
//! exchange dearer by half; with thousands of members of rooms it took two thirds off the longest waits.

use std::io;
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::timers::Timers;

/// A lane that has so many tasks is full: from then on the other half has some, too.
const FULL: usize = 2_000;

/// The lanes of a gateway. The first is the runtime that it was started in, whichever kind it is.
#[derive(Debug)]
pub struct Lanes {
    first: Handle,
    /// The first half is used from the start, with the first lane.
    others: Vec<Handle>,
    timers: Timers,
    /// Of the timers, and before it the lanes'.
    threads: Vec<Thread>,
}

/// A thread with a runtime.
#[derive(Debug)]
struct Thread {
    /// It ends when this is dropped.
    end: DropGuard,
    joined: JoinHandle<()>,
}

impl Thread {
    fn start(name: &str, runtime: Runtime) -> io::Result<Self> {
        let end = CancellationToken::new();
        let ended = end.clone();
        let thread = thread::Builder::new().name(name.to_owned());
        Ok(Thread {
            end: end.drop_guard(),
            joined: thread.spawn(move || runtime.block_on(ended.cancelled()))?,
        })
    }

    fn end(self) {
        drop(self.end);
        // A thread that panicked has ended, too.
        let _ = self.joined.join();
    }
}

impl Lanes {
    /// One for each core.
    ///
    /// # Errors
    /// When a thread or a runtime can't be had.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn for_cores() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::start(cores)
    }

    /// So many, half of which are used from the start.
    fn start(count: usize) -> io::Result<Self> {
        let mut threads = Vec::new();
        let mut others = Vec::new();
        for _ in 1..count {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            others.push(runtime.handle().clone());
            threads.push(Thread::start("lane", runtime)?);
        }
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let timers = Timers::of(runtime.handle().clone());
        threads.push(Thread::start("timers", runtime)?);
        Ok(Lanes {
            first: Handle::current(),
            others,
            timers,
            threads,
        })
    }

    /// The timers of what is due late, for all lanes.
    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    /// How many are used from the start.
    pub fn at_first(&self) -> usize {
        1 + self.others.len() / 2
    }

    /// The lane that has the fewest tasks: connections, and the sockets of links.
    ///
    /// `None` is the first, where the caller is.
    pub fn emptiest(&self) -> Option<&Handle> {
        let (first, others) = self.others.split_at(self.at_first() - 1);
        let first = self.emptiest_of(first);
        match tasks(first.unwrap_or(&self.first)) < FULL {
            true => first,
            false => self.emptiest_of(others).or(first),
        }
    }

    /// The same of these and the first.
    fn emptiest_of<'a>(&'a self, others: &'a [Handle]) -> Option<&'a Handle> {
        let emptiest = others.iter().min_by_key(|lane| tasks(lane));
        emptiest.filter(|lane| tasks(lane) < tasks(&self.first))
    }

    /// Ends the threads, and what still runs there.
    pub async fn stop(self) {
        let end = || self.threads.into_iter().for_each(Thread::end);
        // What can go wrong there is that a thread panicked, which has ended, too.
        let _ = tokio::task::spawn_blocking(end).await;
    }
}

fn tasks(lane: &Handle) -> usize {
    lane.metrics().num_alive_tasks()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    /// Deals out so many tasks: how many each lane has then.
    fn deal(lanes: &Lanes, tasks_in_all: usize) -> Vec<usize> {
        for _ in 0..tasks_in_all {
            let lane = lanes.emptiest().unwrap_or(&lanes.first);
            drop(lane.spawn(pending::<()>()));
        }
        let each = [&lanes.first].into_iter().chain(&lanes.others);
        each.map(tasks).collect()
    }

    #[tokio::test]
    async fn work_goes_where_the_least_is_and_ends_with_its_lane() {
        let lanes = Lanes::start(5).unwrap();
        assert_eq!(lanes.at_first(), 3);
        assert_eq!(deal(&lanes, 9), [3, 3, 3, 0, 0]);
        let last = lanes.others[0].spawn(pending::<()>());
        lanes.stop().await;
        assert!(last.await.is_err());
    }

    #[tokio::test]
    async fn the_other_half_has_work_once_the_first_is_full() {
        let lanes = Lanes::start(2).unwrap();
        assert_eq!(deal(&lanes, FULL), [FULL, 0]);
        assert_eq!(deal(&lanes, FULL), [FULL, FULL]);
        assert_eq!(deal(&lanes, 10), [FULL + 5, FULL + 5]);
        lanes.stop().await;
    }

    #[tokio::test]
    async fn one_core_has_one_lane() {
        let lanes = Lanes::start(1).unwrap();
        assert_eq!(deal(&lanes, 2 * FULL), [2 * FULL]);
        lanes.stop().await;
    }
}

//! How many threads and processes serve a server's clients, counted as they begin and end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many serve at one moment, the server's own thread and process included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serving {
    /// Threads. A process that serves a client has one of its own; the threads by which the model
    /// `process` watches its processes serve nobody.
    pub threads: u32,
    /// Processes.
    pub processes: u32,
}

/// The count of one server. Copies count the same.
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    threads: AtomicU32,
    processes: AtomicU32,
}

/// One that serves a client, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted<'a>(&'a AtomicU32);

impl Count {
    /// How many serve now.
    pub fn now(&self) -> Serving {
        let processes = self.0.processes.load(Ordering::Relaxed);
        Serving {
            threads: 1 + processes + self.0.threads.load(Ordering::Relaxed),
            processes: 1 + processes,
        }
    }

    /// A thread begins.
    pub(super) fn thread(&self) -> Counted<'_> {
        Counted::new(&self.0.threads)
    }

    /// A process begins.
    pub(super) fn process(&self) -> Counted<'_> {
        Counted::new(&self.0.processes)
    }
}

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_serves_is_counted_from_begin_to_end() {
        let count = Count::default();
        let serving = |threads, processes| Serving { threads, processes };
        assert_eq!(count.now(), serving(1, 1));
        let thread = count.thread();
        assert_eq!(count.now(), serving(2, 1));
        let process = count.process();
        assert_eq!(count.now(), serving(3, 2));
        drop((thread, process));
        assert_eq!(count.now(), serving(1, 1));
    }
}

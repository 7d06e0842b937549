//! How many threads and processes serve a server's clients, counted as they begin and end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many serve at once, the server's own thread and process included.
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
    threads: Number,
    processes: Number,
}

/// How many there are, and the most that there were since somebody asked.
#[derive(Debug, Default)]
struct Number {
    now: AtomicU32,
    most: AtomicU32,
}

/// One that serves a client, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted<'a>(&'a Number);

impl Count {
    /// The most that served at once since this was last asked: what comes and goes between two looks is
    /// not missed.
    pub fn most(&self) -> Serving {
        let processes = self.0.processes.most();
        Serving {
            threads: 1 + processes + self.0.threads.most(),
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

impl Number {
    fn most(&self) -> u32 {
        let now = self.now.load(Ordering::Relaxed);
        self.most.swap(now, Ordering::Relaxed).max(now)
    }
}

impl<'a> Counted<'a> {
    fn new(number: &'a Number) -> Self {
        let now = 1 + number.now.fetch_add(1, Ordering::Relaxed);
        number.most.fetch_max(now, Ordering::Relaxed);
        Counted(number)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_serves_is_counted_from_begin_to_end() {
        let count = Count::default();
        let serving = |threads, processes| Serving { threads, processes };
        assert_eq!(count.most(), serving(1, 1));
        let thread = count.thread();
        assert_eq!(count.most(), serving(2, 1));
        let process = count.process();
        assert_eq!(count.most(), serving(3, 2));
        drop((thread, process));
        // They were there since the last look.
        assert_eq!(count.most(), serving(3, 2));
        assert_eq!(count.most(), serving(1, 1));
        drop((count.thread(), count.thread()));
        assert_eq!(count.most(), serving(3, 1));
        assert_eq!(count.most(), serving(1, 1));
    }
}

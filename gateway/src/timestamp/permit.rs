//! Permits: how many clients may be served at once, by one server and by several together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::stop::Stop;

/// How often a place is looked for where there was none.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A fixed number of permits; who asks for one waits until one is given back.
#[derive(Debug)]
pub(super) struct Permits {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// The right to serve one client, given back by dropping it.
#[derive(Debug)]
pub(super) struct Permit<'a>(&'a Permits);

impl Permits {
    pub(super) fn new(number: usize) -> Self {
        Permits {
            free: Mutex::new(number),
            given_back: Condvar::new(),
        }
    }

    /// Waits for a permit. A server that is being stopped needs no other way out of here: its
    /// clients are stopped, and give their permits back.
    pub(super) fn acquire(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .given_back
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}

/// Places for the threads and processes of several servers together. Copies share them.
#[derive(Clone, Debug)]
pub struct Workers(Option<Arc<AtomicUsize>>);

/// A place for one, given back by dropping it.
#[derive(Debug)]
pub(super) struct Place(Option<Arc<AtomicUsize>>);

impl Workers {
    /// Places for so many.
    pub fn new(number: usize) -> Self {
        Workers(Some(Arc::new(AtomicUsize::new(number))))
    }

    /// No bound but each server's own.
    pub fn unbounded() -> Self {
        Workers(None)
    }

    /// Waits for a place; `None` once the server is to stop. Places are other servers' to give back,
    /// and those do not stop with this one: so it looks again and again.
    pub(super) fn acquire(&self, stop: &Stop) -> Option<Place> {
        let Some(free) = &self.0 else {
            return Some(Place(None));
        };
        loop {
            let taken =
                free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            if taken.is_ok() {
                return Some(Place(Some(free.clone())));
            }
            if stop.sleep(LOOK_AGAIN) {
                return None;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(free) = &self.0 {
            free.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stop;
    use super::*;

    #[test]
    fn who_finds_no_place_waits_until_one_is_given_back_or_the_server_stops() {
        let workers = Workers::new(1);
        let (trigger, stop) = stop::pair().unwrap();
        let place = workers.acquire(&stop).unwrap();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| workers.acquire(&stop));
            drop(place);
            let place = waits.join().unwrap();
            assert!(place.is_some());
            let waits = scope.spawn(|| workers.acquire(&stop));
            drop(trigger);
            assert!(waits.join().unwrap().is_none());
        });
        assert!(Workers::unbounded().acquire(&stop).is_some());
    }
}

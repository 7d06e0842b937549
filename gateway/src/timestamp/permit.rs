//! Permits: how many clients may be served at once.

use std::sync::{Condvar, Mutex, PoisonError};

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

//! What a place waits for.

use std::collections::HashMap;
use std::hash::Hash;

use gloo_timers::callback::Timeout;

/// With more than so many, those are looked for that nobody waits for any more.
const MANY: usize = 64;

/// A wait for each timer; set again, it begins anew.
pub struct Alarms<T>(HashMap<T, Timeout>);

impl<T> Default for Alarms<T> {
    fn default() -> Self {
        Alarms(HashMap::new())
    }
}

impl<T: Eq + Hash> Alarms<T> {
    /// Calls `ring` in so many ms.
    pub fn set(&mut self, timer: T, after_ms: f64, ring: impl FnOnce() + 'static) {
        let timeout = Timeout::new(after_ms.max(0.0) as u32, ring);
        self.0.insert(timer, timeout);
    }

    /// Gives the room back of those that nobody waits for: they have fired, or may be left.
    pub fn tidy(&mut self, waits: impl Fn(&T) -> bool) {
        if self.0.len() > MANY {
            self.0.retain(|timer, _| waits(timer));
        }
    }

    /// Whether none was set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

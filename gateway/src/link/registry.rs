//! Every link there is, by its token: what a dropped one is found by, for as long as it is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::id::Token;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{Caller, Link};
use crate::core::{Core, new_token};
use crate::room::Rooms;

/// The gateway's links.
pub struct Links {
    pub(crate) core: Arc<Core>,
    /// `None` where the gateway has none.
    pub(crate) rooms: Option<Arc<Rooms>>,
    places: Arc<Semaphore>,
    by_token: Mutex<HashMap<Token, Arc<Link>>>,
}

impl Links {
    /// No links yet.
    pub fn new(core: Arc<Core>, rooms: Option<Arc<Rooms>>) -> Self {
        let places = Arc::new(Semaphore::new(core.config.limits.links));
        Links {
            core,
            rooms,
            places,
            by_token: Mutex::default(),
        }
    }

    /// A new link, if there is a place for one.
    pub(crate) fn create(&self, caller: Caller) -> Option<Arc<Link>> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let (core, rooms) = (self.core.clone(), self.rooms.clone());
        let link = Link::new(new_token()?, core, rooms, caller, place);
        self.lock().insert(link.token.clone(), link.clone());
        Some(link)
    }

    /// Ends dropped links when their time has come, and all of them when the gateway ends.
    pub async fn expire_in_time(&self) {
        let draining = self.core.tasks.draining();
        let keep = self.core.config.limits.resume;
        let every = (keep / 16).max(Duration::from_millis(50));
        loop {
            tokio::select! {
                () = draining.cancelled() => break,
                () = self.core.timers.sleep(every) => self.expire(Instant::now(), keep),
            }
        }
        // Nobody can come for them any more.
        self.expire(Instant::now(), Duration::ZERO);
    }

    pub(crate) fn get(&self, token: &Token) -> Option<Arc<Link>> {
        self.lock().get(token).cloned()
    }

    /// Takes a link out and ends it.
    pub(crate) fn end(&self, link: &Link) {
        self.lock().remove(&link.token);
        link.end();
    }

    /// Ends the links whose connection dropped `keep` ago or earlier.
    fn expire(&self, now: Instant, keep: Duration) {
        let expired: Vec<Arc<Link>> = {
            let mut links = self.lock();
            let due = |link: &Arc<Link>| {
                link.detached_at()
                    .is_some_and(|at| now.saturating_duration_since(at) >= keep)
            };
            let tokens: Vec<Token> = links
                .iter()
                .filter(|(_, link)| due(link))
                .map(|(t, _)| t.clone())
                .collect();
            tokens
                .iter()
                .filter_map(|token| links.remove(token))
                .collect()
        };
        for link in expired {
            link.end();
            tracing::info!("link expired: nobody took it up again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Token, Arc<Link>>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

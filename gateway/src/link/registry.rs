//! Every link there is, by its token: what a dropped one is found by, for as long as it is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chalkwire_shared::id::Token;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Caller, Link};
use crate::core::{Core, new_token};
use crate::policy::guests::Guests;
use crate::room::Rooms;

/// A new link before somebody serves it: it ends with this, if nobody does.
pub(crate) struct Fresh {
    pub(super) link: Arc<Link>,
    pub(super) links: Arc<Links>,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if self.link.is_fresh() {
            self.links.end(&self.link);
        }
    }
}

/// The gateway's links.
pub struct Links {
    pub(crate) core: Arc<Core>,
    /// `None` where the gateway has none.
    pub(crate) rooms: Option<Arc<Rooms>>,
    places: Arc<Semaphore>,
    by_token: Mutex<HashMap<Token, Arc<Link>>>,
    /// Dropped ones that are kept, of each address.
    kept: Guests,
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
            kept: Guests::default(),
        }
    }

    /// A new link, if there is a place for one.
    pub(crate) fn create(self: &Arc<Self>, caller: Caller) -> Option<Fresh> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let (core, rooms) = (self.core.clone(), self.rooms.clone());
        let link = Link::new(new_token()?, core, rooms, caller, place);
        self.lock().insert(link.token.clone(), link.clone());
        Some(Fresh {
            link,
            links: self.clone(),
        })
    }

    /// Keeps a link whose connection dropped for a while, unless its address has enough of them: else
    /// one address could take all the places, one connection after the other.
    pub(super) fn keep(&self, link: &Link, connection: &CancellationToken) {
        let address = link.caller().address;
        let most = self.core.config.limits.links_per_address;
        match self.kept.admit(address, most) {
            Some(place) => {
                link.detach(connection, Instant::now(), place);
                tracing::debug!("link dropped: kept for a while");
            }
            // Another connection may have it by now.
            None if connection.is_cancelled() => {}
            None => {
                tracing::info!(%address, most, "link dropped and not kept: links_per_address");
                self.end(link);
            }
        }
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

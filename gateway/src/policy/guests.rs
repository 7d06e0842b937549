//! How many connections each client address has at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::site::Site;

/// Counts the connections of each address. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Guests {
    by_site: Arc<Mutex<HashMap<Site, usize>>>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    /// Loopback is not counted.
    counted: Option<(Guests, Site)>,
}

impl Guests {
    /// A place for one more connection of an address, if it has fewer than `most`.
    pub fn admit(&self, address: IpAddr, most: usize) -> Option<Place> {
        let Some(site) = Site::of(address) else {
            return Some(Place { counted: None });
        };
        let mut by_site = self.lock();
        let count = by_site.entry(site).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            counted: Some((self.clone(), site)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Site, usize>> {
        self.by_site.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((guests, site)) = &self.counted else {
            return;
        };
        let mut by_site = guests.lock();
        if let Some(count) = by_site.get_mut(site) {
            *count -= 1;
            if *count == 0 {
                by_site.remove(site);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let guests = Guests::default();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let first = guests.admit(address, 2).unwrap();
        let _second = guests
            .admit("::ffff:192.0.2.1".parse().unwrap(), 2)
            .unwrap();
        assert!(guests.admit(address, 2).is_none());
        drop(first);
        assert!(guests.admit(address, 2).is_some());
    }

    #[test]
    fn loopback_is_not_counted() {
        let guests = Guests::default();
        let address: IpAddr = "127.0.0.1".parse().unwrap();
        let places: Vec<_> = (0..9).map_while(|_| guests.admit(address, 2)).collect();
        assert_eq!(places.len(), 9);
    }
}

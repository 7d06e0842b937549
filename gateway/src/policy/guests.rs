//! How many connections each client address has at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the connections of each address. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Guests {
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    /// Loopback is not counted: that is the operator, or a proxy that speaks for many.
    counted: Option<(Guests, IpAddr)>,
}

impl Guests {
    /// A place for one more connection of an address, if it has fewer than `most`.
    pub fn admit(&self, address: IpAddr, most: usize) -> Option<Place> {
        let address = address.to_canonical();
        if address.is_loopback() {
            return Some(Place { counted: None });
        }
        let mut by_address = self.lock();
        let count = by_address.entry(address).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            counted: Some((self.clone(), address)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((guests, address)) = &self.counted else {
            return;
        };
        let mut by_address = guests.lock();
        if let Some(count) = by_address.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(address);
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

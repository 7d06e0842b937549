//! Who is told of which event: the registrations, without I/O and without a clock.

use std::collections::{HashMap, VecDeque};

use super::early::Early;
use crate::timestamp::{Event, What};

pub(super) type Sink = Box<dyn Fn(&Event) + Send + Sync>;

/// The registrations there are.
#[derive(Default)]
pub(super) struct Router {
    /// By the socket's own address: few have the same one, at several servers.
    by_local: HashMap<Box<str>, Vec<Registered>>,
    early: Early,
    /// Who has ended, in the order in which they are forgotten: when, the address, the number.
    ended: VecDeque<(u64, Box<str>, u64)>,
    last_id: u64,
}

/// One socket's registration.
pub(super) struct Registered {
    id: u64,
    server: Box<str>,
    /// The client's number at its server, once it was accepted: the address may become another's.
    client: Option<u64>,
    sink: Sink,
    _kept: Option<Box<dyn Send>>,
}

impl Registered {
    fn tell(&mut self, event: &Event) {
        if event.what == What::Accepted && self.client.is_none() {
            self.client = Some(event.client);
        }
        // Datagrams have no clients.
        if event.client == 0 || self.client == Some(event.client) {
            (self.sink)(event);
        }
    }
}

impl Router {
    /// Registers a socket, and tells it what its server did already. Its number, and whom it
    /// replaces.
    pub(super) fn register(
        &mut self,
        server: &str,
        local: &str,
        sink: Sink,
        now_us: u64,
    ) -> (u64, Option<Registered>) {
        self.last_id += 1;
        let id = self.last_id;
        let mut registered = Registered {
            id,
            server: server.into(),
            client: None,
            sink,
            _kept: None,
        };
        for event in self.early.take(server, local, now_us) {
            registered.tell(&event);
        }
        let here = self.by_local.entry(local.into()).or_default();
        let before = here.iter().position(|other| *other.server == *server);
        let replaced = before.map(|at| here.swap_remove(at));
        here.push(registered);
        (id, replaced)
    }

    /// Tells whoever registered for it, or keeps it for a moment.
    pub(super) fn route(&mut self, event: Event) {
        if event.peer.is_empty() {
            return;
        }
        let here = self.by_local.get_mut(&*event.peer);
        let found = here.and_then(|here| here.iter_mut().find(|r| *r.server == *event.server));
        match found {
            Some(registered) if !registered.is_anothers(&event) => registered.tell(&event),
            // Whoever sends datagrams registers before.
            _ if event.client > 0 => self.early.keep(event),
            _ => {}
        }
    }

    /// A socket has ended: it is told more until `forget_us`. What it kept before is given back.
    pub(super) fn end(
        &mut self,
        local: &str,
        id: u64,
        forget_us: u64,
        kept: Option<Box<dyn Send>>,
    ) -> Option<Box<dyn Send>> {
        let here = self.by_local.get_mut(local);
        let found = here.and_then(|here| here.iter_mut().find(|r| r.id == id));
        let Some(registered) = found else {
            return kept;
        };
        registered._kept = kept;
        self.ended.push_back((forget_us, local.into(), id));
        None
    }

    /// When somebody is to be forgotten next.
    pub(super) fn next_forget_us(&self) -> Option<u64> {
        self.ended.front().map(|(at, ..)| *at)
    }

    /// Forgets those whose time has come, and gives them back.
    pub(super) fn forget(&mut self, now_us: u64) -> Vec<Registered> {
        let mut forgotten = Vec::new();
        while let Some((at, local, id)) = self.ended.pop_front() {
            if at > now_us {
                self.ended.push_front((at, local, id));
                break;
            }
            let Some(here) = self.by_local.get_mut(&local) else {
                continue;
            };
            if let Some(place) = here.iter().position(|r| r.id == id) {
                forgotten.push(here.swap_remove(place));
            }
            if here.is_empty() {
                self.by_local.remove(&local);
            }
        }
        forgotten
    }
}

impl Registered {
    /// Whether it is about a later client of the same address.
    fn is_anothers(&self, event: &Event) -> bool {
        event.client > 0 && self.client.is_some_and(|client| client != event.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const SERVER: &str = "tcp://h:1";

    fn event(client: u64, peer: &str, what: What) -> Event {
        Event {
            server: SERVER.into(),
            clock_us: 1,
            client,
            peer: peer.into(),
            what,
        }
    }

    /// A sink that remembers.
    fn ear() -> (Sink, impl Fn() -> Vec<What>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = heard.clone();
        let sink = move |event: &Event| told.lock().unwrap().push(event.what.clone());
        (Box::new(sink), move || heard.lock().unwrap().clone())
    }

    #[test]
    fn each_socket_is_told_its_own_in_order_and_nobody_else_is() {
        let mut router = Router::default();
        let (mine, heard) = ear();
        let (other, others) = ear();
        // Accepted before it has registered.
        router.route(event(1, "a", What::Accepted));
        let (_, replaced) = router.register(SERVER, "a", mine, 2);
        assert!(replaced.is_none());
        router.register("tcp://h:2", "a", other, 2);
        router.route(event(1, "a", What::Recv(3)));
        router.route(event(2, "b", What::Accepted));
        router.route(event(0, "", What::Failed("accept".to_owned())));
        assert_eq!(heard(), [What::Accepted, What::Recv(3)]);
        assert_eq!(others(), []);
    }

    #[test]
    fn the_next_owner_of_an_address_tells_the_one_before_nothing() {
        let mut router = Router::default();
        let (before, heard) = ear();
        let (id, _) = router.register(SERVER, "a", before, 0);
        router.route(event(1, "a", What::Accepted));
        router.end("a", id, 1_000, None);
        router.route(event(2, "a", What::Accepted));
        router.route(event(1, "a", What::Closed));
        assert_eq!(heard(), [What::Accepted, What::Closed]);
        let (next, nexts) = ear();
        let (_, replaced) = router.register(SERVER, "a", next, 2);
        assert!(replaced.is_some());
        router.route(event(2, "a", What::Eof));
        router.route(event(1, "a", What::Failed("late".to_owned())));
        assert_eq!(nexts(), [What::Accepted, What::Eof]);
        assert_eq!(heard().len(), 2);
    }

    #[test]
    fn what_has_ended_is_told_for_a_while_and_keeps_what_it_was_given() {
        let mut router = Router::default();
        let (sink, heard) = ear();
        let (id, _) = router.register(SERVER, "a", sink, 0);
        let kept = Arc::new(());
        router.end("a", id, 1_000, Some(Box::new(kept.clone())));
        router.route(event(0, "a", What::Sent(1)));
        assert_eq!(router.next_forget_us(), Some(1_000));
        assert!(router.forget(999).is_empty());
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(router.forget(1_000));
        assert_eq!(Arc::strong_count(&kept), 1);
        assert_eq!(router.next_forget_us(), None);
        router.route(event(0, "a", What::Sent(2)));
        assert_eq!(heard(), [What::Sent(1)]);
        assert!(router.by_local.is_empty());
        // Ended after another had replaced it: nothing is left of it.
        assert!(router.end("a", id, 2_000, Some(Box::new(()))).is_some());
        assert!(router.ended.is_empty());
    }
}

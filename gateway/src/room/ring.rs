//! A room's latest pages: what its members read, each at its own place.

use std::collections::VecDeque;
use std::sync::Arc;

use chalkwire_shared::room::{Happened, MemberId, RoomEvent, Spot};

use super::page::{Building, Kept, Page};

/// What the pages of one room may take; the oldest go first, and who is behind them reads the log.
pub(super) const RING_BYTES: usize = 1 << 20;

/// The latest pages, and what is new since the last of them.
#[derive(Debug)]
pub(super) struct Ring {
    pages: VecDeque<Arc<Page>>,
    bytes: usize,
    most_bytes: usize,
    /// The offset before the first page.
    start: u64,
    building: Building,
}

/// What there is for somebody who has all up to an offset.
#[derive(Debug)]
pub(super) enum Next {
    /// This page.
    Page(Arc<Page>),
    /// Nothing yet.
    Nothing,
    /// What comes next is no longer here; so many events are.
    Gone(u64),
}

impl Ring {
    /// An empty one, to begin after an offset.
    pub(super) fn after(offset: u64, most_bytes: usize) -> Self {
        Ring {
            pages: VecDeque::new(),
            bytes: 0,
            most_bytes,
            start: offset,
            building: Building::after(offset),
        }
    }

    /// An empty one begins after another offset.
    pub(super) fn begin(&mut self, offset: u64) {
        *self = Ring::after(offset, self.most_bytes);
    }

    /// Takes the next event, with its text.
    pub(super) fn push(&mut self, event: &RoomEvent, text: &str, kept: &Kept) {
        if !self.building.has_room(text) {
            self.seal(kept);
        }
        self.building.push(event, text);
    }

    /// Makes a page of what is new. `false` if nothing is.
    pub(super) fn seal(&mut self, kept: &Kept) -> bool {
        if self.building.is_empty() {
            return false;
        }
        let empty = Building::after(0);
        let page = std::mem::replace(&mut self.building, empty).page(kept);
        self.building = Building::after(page.last);
        self.bytes += page.bytes();
        self.pages.push_back(Arc::new(page));
        // The newest one stays, however large.
        while self.bytes > self.most_bytes && self.pages.len() > 1 {
            if let Some(oldest) = self.pages.pop_front() {
                self.bytes -= oldest.bytes();
                self.start = oldest.last;
            }
        }
        true
    }

    /// Whether something is new since the last page.
    pub(super) fn has_news(&self) -> bool {
        !self.building.is_empty()
    }

    /// What comes next for somebody who has all up to `seen`.
    pub(super) fn next(&self, seen: u64) -> Next {
        if seen < self.start {
            return Next::Gone(self.last() - seen);
        }
        let at = self.pages.partition_point(|page| page.last <= seen);
        match self.pages.get(at) {
            Some(page) => Next::Page(page.clone()),
            None => Next::Nothing,
        }
    }

    /// Whether what comes after an offset is still here.
    pub(super) fn has(&self, seen: u64) -> bool {
        seen >= self.start
    }

    /// The last event of the last page.
    pub(super) fn last(&self) -> u64 {
        self.pages.back().map_or(self.start, |page| page.last)
    }

    /// A member is called otherwise from here on, in what happened before too.
    pub(super) fn rename(&mut self, member: MemberId, joined: u64, name: &str) {
        let at = self.pages.partition_point(|page| page.last < joined);
        if let Some(page) = self.pages.get_mut(at)
            && page.prev < joined
        {
            let renamed = page.renamed(member, name);
            self.bytes = self.bytes + renamed.bytes() - page.bytes();
            *page = Arc::new(renamed);
        }
        self.building.rename(member, name);
    }

    /// The offset of the event by which a member came, if that is here still.
    pub(super) fn joined(&self, member: MemberId) -> Option<u64> {
        let is_it = |event: &RoomEvent| matches!(&event.what, Happened::Joined { member: it, .. } if *it == member);
        let pages = self.pages.iter().filter(|page| page.has_names());
        let mut events = pages
            .flat_map(|page| page.events())
            .chain(self.building.events());
        events.find(is_it).map(|event| event.offset)
    }

    /// The event at an offset.
    pub(super) fn event(&self, offset: u64) -> Option<RoomEvent> {
        let events = if offset > self.last() {
            self.building.events()
        } else {
            let at = self.pages.partition_point(|page| page.last < offset);
            self.pages.get(at)?.events()
        };
        events.into_iter().find(|event| event.offset == offset)
    }

    /// The exchange whose event has that offset.
    pub(super) fn spot(&self, offset: u64) -> Option<Spot> {
        match self.event(offset)?.what {
            Happened::Exchange { member, exchange } => Some(Spot {
                offset,
                member,
                exchange: *exchange,
            }),
            _ => None,
        }
    }

    /// The last events up to an offset, so many at the most.
    pub(super) fn history(&self, up_to: u64, most: usize) -> Vec<RoomEvent> {
        let mut history: VecDeque<RoomEvent> = VecDeque::new();
        for page in self.pages.iter().rev().filter(|page| page.prev < up_to) {
            let events = page.events();
            for event in events.into_iter().rev().filter(|it| it.offset <= up_to) {
                history.push_front(event);
            }
            if history.len() >= most {
                break;
            }
        }
        let spare = history.len().saturating_sub(most);
        history.drain(..spare);
        history.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::page::text_of;
    use chalkwire_shared::room::{RoomId, State};
    use proptest::prelude::*;

    proptest! {
        /// However often pages are sealed and whenever somebody reads: every event comes once, in
        /// order, or what comes next is gone.
        #[test]
        fn whoever_reads_gets_every_event_once_or_is_told_that_it_is_gone(
            steps in proptest::collection::vec((0u8..4, 1usize..400), 1..200),
            most_bytes in 2_000usize..20_000,
        ) {
            let mut state = State::new(RoomId::from_random([1; 8]));
            let mut ring = Ring::after(0, most_bytes);
            let kept = Kept::default();
            let mut seen = 0;
            for (step, size) in steps {
                match step {
                    0 | 1 => {
                        let what = Happened::Renamed { title: "x".repeat(size) };
                        let event = state.event(1, 7, MemberId(0), None, what);
                        state.apply(&event).unwrap();
                        ring.push(&event, &text_of(&event), &kept);
                    }
                    2 => {
                        let news = ring.has_news();
                        prop_assert_eq!(ring.seal(&kept), news);
                    }
                    _ => match ring.next(seen) {
                        Next::Page(page) => {
                            prop_assert!(page.prev <= seen && seen < page.last);
                            let events = page.events();
                            prop_assert_eq!(events.len(), page.count as usize);
                            prop_assert_eq!(events[0].prev, page.prev);
                            seen = page.last;
                        }
                        Next::Nothing => prop_assert_eq!(seen, ring.last()),
                        Next::Gone(behind) => {
                            prop_assert!(!ring.has(seen));
                            prop_assert_eq!(behind, ring.last() - seen);
                            seen = ring.last();
                        }
                    },
                }
                prop_assert!(ring.pages.len() <= 1 || ring.bytes <= most_bytes);
                let sum: usize = ring.pages.iter().map(|page| page.bytes()).sum();
                prop_assert_eq!(sum, ring.bytes);
            }
        }
    }

    #[test]
    fn history_is_the_last_events_up_to_an_offset() {
        let mut state = State::new(RoomId::from_random([1; 8]));
        let mut ring = Ring::after(0, RING_BYTES);
        for n in 1..=30 {
            let event = state.event(1, n, MemberId(0), None, Happened::Paused { on: true });
            state.apply(&event).unwrap();
            ring.push(&event, &text_of(&event), &Kept::default());
            if n % 7 == 0 {
                ring.seal(&Kept::default());
            }
        }
        let offsets = |up_to, most| {
            let events = ring.history(up_to, most);
            events.iter().map(|event| event.offset).collect::<Vec<_>>()
        };
        assert_eq!(offsets(28, 4), [25, 26, 27, 28]);
        assert_eq!(offsets(16, 3), [14, 15, 16]);
        assert_eq!(offsets(3, 100), [1, 2, 3]);
        assert_eq!(offsets(0, 100), [0u64; 0]);
    }
}

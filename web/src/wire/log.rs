//! The log: what happened, bounded, and which of it is shown.

use std::collections::VecDeque;
use std::rc::Rc;

use chalkwire_shared::id::SocketId;
use chalkwire_shared::target::Kind;

use crate::export::Clocks;
use crate::legs::exchange;
use crate::model::{Class, ClockMap, Entry, What};
use crate::words;

mod stretch;

use stretch::Flow;
pub use stretch::Stretch;

/// The most entries kept; the oldest go first.
pub const MAX_ENTRIES: usize = 20_000;

/// The most payload kept, in bytes; the oldest entries go first.
pub const MAX_BYTES: usize = 32 << 20;

/// The most entries of one exchange: a picture of more is not read.
const EXCHANGE_ENTRIES: usize = 48;

/// A relation of the clocks that changes by more is another one, in ms.
const SET_MS: f64 = 500.0;

/// How far around an entry its exchange is looked for, in entries of the log.
const REACH: usize = 2_000;

/// Which entries are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Only those with this text in them, whatever its case; all when empty.
    pub text: String,
    /// The classes that are left out.
    pub hidden: Vec<Class>,
}

impl Default for Filter {
    /// What the server and the kernel see is in the pictures, and in the list for whoever asks.
    fn default() -> Self {
        Filter {
            text: String::new(),
            hidden: vec![Class::Server, Class::Kernel],
        }
    }
}

/// The log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    entries: VecDeque<Rc<Entry>>,
    last_no: u32,
    /// The last entry that is not of what a server or the kernel saw.
    last_told: u32,
    bytes: usize,
    /// Entries up to this one are cleared away.
    cleared: u32,
    /// What `cleared` was before the last clear, while that can be undone.
    undo: Option<u32>,
    filter: Filter,
    /// The numbers of the entries that are neither cleared nor filtered away.
    shown: VecDeque<u32>,
    /// How many have left `shown` at its front because the log was full.
    shown_gone: usize,
    /// Since when (entry number) the list stands still.
    paused: Option<u32>,
    /// What was under way on the sockets whose oldest entries had to go, after those.
    gone: Vec<(SocketId, Flow)>,
    /// From which entry on which relation of the clocks holds; a new one for each gateway.
    clocks: Vec<(u32, Option<ClockMap>)>,
}

impl Log {
    /// Adds an entry: its number.
    pub fn push(&mut self, at_ms: f64, about: Option<(SocketId, &str, Kind)>, what: What) -> u32 {
        self.last_no += 1;
        let entry = Entry {
            no: self.last_no,
            at_ms,
            socket: about.map(|(id, ..)| id),
            target: about.map_or_else(String::new, |(_, target, _)| target.to_owned()),
            kind: about.map(|(.., kind)| kind),
            what,
        };
        self.bytes += size(&entry);
        if self.matches(&entry) {
            self.shown.push_back(entry.no);
        }
        if !matches!(entry.class(), Class::Server | Class::Kernel) {
            self.last_told = entry.no;
        }
        self.entries.push_back(Rc::new(entry));
        while self.entries.len() > MAX_ENTRIES || self.bytes > MAX_BYTES {
            self.drop_oldest();
        }
        self.last_no
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.entries.pop_front() else {
            return;
        };
        self.bytes -= size(&oldest);
        self.lose(&oldest);
        if self.shown.front() == Some(&oldest.no) {
            self.shown.pop_front();
            self.shown_gone += 1;
        }
        // A clear whose entries are gone cannot be undone any more.
        self.undo = self.undo.filter(|_| oldest.no < self.cleared);
    }

    /// The entry of that number, if it is still there.
    pub fn get(&self, no: u32) -> Option<&Rc<Entry>> {
        self.entries.get(self.index(no)?)
    }

    /// The entry of that number, to be changed.
    pub fn get_mut(&mut self, no: u32) -> Option<&mut Entry> {
        let index = self.index(no)?;
        self.entries.get_mut(index).map(Rc::make_mut)
    }

    fn index(&self, no: u32) -> Option<usize> {
        // Numbers have no gaps.
        no.checked_sub(self.entries.front()?.no)
            .map(|it| it as usize)
    }

    /// All entries that are kept and not cleared, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Rc<Entry>> {
        self.entries.iter().filter(|it| it.no > self.cleared)
    }

    /// Whether nothing happened since the last clear. A server's report may come after its socket's
    /// end, and does not bring a cleared list back.
    pub fn is_empty(&self) -> bool {
        self.last_told <= self.cleared && self.shown.is_empty()
    }

    /// Whether the oldest entries had to go.
    pub fn is_cut(&self) -> bool {
        self.entries.front().is_some_and(|first| first.no > 1)
    }

    /// How many entries the list shows.
    pub fn len(&self) -> usize {
        match self.paused {
            Some(no) => self.shown.len() - self.since(no),
            None => self.shown.len(),
        }
    }

    /// How many came while the list stands still.
    pub fn waiting(&self) -> usize {
        self.paused.map_or(0, |no| self.since(no))
    }

    /// The number of the last entry, shown or not.
    pub fn last_no(&self) -> u32 {
        self.last_no
    }

    /// How many of the shown entries came after that one.
    pub fn since(&self, no: u32) -> usize {
        self.shown.len() - self.shown.partition_point(|it| *it <= no)
    }

    /// Whether all that the list stands still at had to go.
    pub fn has_lost_pause(&self) -> bool {
        let oldest = self.entries.front();
        self.paused.zip(oldest).is_some_and(|(no, it)| it.no > no)
    }

    /// How many entries the list has lost at its top since the beginning, for keeping it in place.
    pub fn shown_gone(&self) -> usize {
        self.shown_gone
    }

    /// The entry in that place of the list.
    pub fn shown(&self, place: usize) -> Option<&Rc<Entry>> {
        self.get(*self.shown.get(place)?)
    }

    /// The place of an entry in the list.
    pub fn place(&self, no: u32) -> Option<usize> {
        self.shown.binary_search(&no).ok()
    }

    /// Whether the list stands still.
    pub fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Stops the list, or lets it go on.
    pub fn toggle_pause(&mut self) {
        self.paused = match self.paused {
            Some(_) => None,
            None => Some(self.last_no),
        };
    }

    /// Clears the list; [`Log::undo_clear`] brings it back.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.undo = Some(self.cleared);
            self.cleared = self.last_no;
            self.paused = None;
            self.refilter();
        }
    }

    /// Whether a clear can be undone.
    pub fn can_undo(&self) -> bool {
        self.undo.is_some()
    }

    /// Takes the last clear back.
    pub fn undo_clear(&mut self) {
        if let Some(before) = self.undo.take() {
            self.cleared = before;
            self.refilter();
        }
    }

    /// Which entries are shown.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only entries with this text.
    pub fn set_text(&mut self, text: String) {
        self.filter.text = text;
        self.refilter();
    }

    /// Shows the entries of a class, or leaves them out.
    pub fn toggle_class(&mut self, class: Class) {
        match self.filter.hidden.iter().position(|it| *it == class) {
            Some(at) => drop(self.filter.hidden.swap_remove(at)),
            None => self.filter.hidden.push(class),
        }
        self.refilter();
    }

    /// Shows everything.
    pub fn show_all(&mut self) {
        self.filter = Filter::default();
        self.refilter();
    }

    fn refilter(&mut self) {
        self.shown = self
            .entries
            .iter()
            .filter(|it| self.matches(it))
            .map(|it| it.no)
            .collect();
    }

    fn matches(&self, entry: &Entry) -> bool {
        entry.no > self.cleared
            && !self.filter.hidden.contains(&entry.class())
            && (self.filter.text.is_empty() || words::contains(entry, &self.filter.text))
    }

    /// Another gateway, another clock: what follows has its own relation.
    pub fn new_clock(&mut self) {
        self.clocks.push((self.last_no + 1, None));
    }

    /// The relation of the clocks for what came from the present gateway.
    pub fn set_clock(&mut self, map: Option<ClockMap>) {
        let set = |old: ClockMap| map.is_some_and(|it| (it.zero_ms - old.zero_ms).abs() > SET_MS);
        match self.clocks.last_mut() {
            // The browser's clock was set: the rows before keep what held for them.
            Some((_, Some(last))) if set(*last) => self.clocks.push((self.last_no + 1, map)),
            Some((_, last)) => *last = map,
            None => self.clocks.push((0, map)),
        }
    }

    /// The clocks of all the gateways that this log has seen, for its exports.
    pub fn clocks(&self) -> Clocks {
        Clocks(self.clocks.clone())
    }

    /// The relation of the clocks that holds for an entry.
    pub fn clock(&self, no: u32) -> Option<ClockMap> {
        let after = self.clocks.partition_point(|(from, _)| *from <= no);
        self.clocks.get(after.checked_sub(1)?)?.1
    }

    /// The entries of the exchange that `no` is a part of, `no` among them.
    pub fn exchange(&self, no: u32) -> Vec<Entry> {
        let around = self.socket(no);
        let all = exchange(&around, no);
        let place = all.iter().position(|it| it.no == no).unwrap_or_default();
        let start = (place + 1).saturating_sub(EXCHANGE_ENTRIES);
        all[start..all.len().min(start + EXCHANGE_ENTRIES)].to_vec()
    }

    /// The entries of that entry's socket, as far as they are near it.
    pub fn socket(&self, no: u32) -> Vec<Entry> {
        let (Some(at), Some(picked)) = (self.index(no), self.get(no)) else {
            return Vec::new();
        };
        if picked.socket.is_none() {
            return vec![Entry::clone(picked)];
        }
        let same = |it: &&Rc<Entry>| it.socket == picked.socket && it.no > self.cleared;
        let before = self.entries.range(..at).rev().take(REACH).filter(same);
        let mut around: Vec<&Rc<Entry>> = before.take(EXCHANGE_ENTRIES).collect();
        around.reverse();
        let after = self.entries.range(at..).take(REACH).filter(same);
        around.extend(after.take(EXCHANGE_ENTRIES));
        around.into_iter().map(|it| Entry::clone(it)).collect()
    }

    /// The entry that says most of the latest exchange: what came back, or else what was sent.
    pub fn latest(&self) -> Option<u32> {
        // What the server, the kernel or a fault did is seen beside it, and goes on when all is said.
        let beside = |it: &What| {
            matches!(
                it,
                What::Server { .. } | What::Kernel { .. } | What::Fault { .. }
            )
        };
        let about = |it: &&Rc<Entry>| it.socket.is_some() && !beside(&it.what);
        let last = self.entries().rev().take(REACH).find(about)?.no;
        let exchange = self.exchange(last);
        let find = |wanted: fn(&What) -> bool| exchange.iter().rev().find(|it| wanted(&it.what));
        let found = find(|it| matches!(it, What::Received { .. }))
            .or_else(|| find(|it| matches!(it, What::Sent { .. })));
        Some(found.map_or(last, |it| it.no))
    }
}

/// What an entry counts against [`MAX_BYTES`].
fn size(entry: &Entry) -> usize {
    match &entry.what {
        What::Sent { bytes, .. } | What::Received { bytes, .. } => bytes.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;

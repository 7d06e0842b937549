//! This page's own exchanges: what was sent, and what became of it.

use std::collections::VecDeque;

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::id::SocketId;
use chalkwire_shared::room::RunId;

use crate::model::{Entry, What};

/// The most that are kept; the oldest go first.
const MOST: usize = 50;

/// What of a reply is kept, in bytes.
const KEPT_BYTES: usize = 256;

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Mine {
    /// On which socket.
    pub socket: SocketId,
    /// To which target.
    pub target: String,
    /// The "everyone send now" that it was part of.
    pub run: Option<RunId>,
    /// What was sent; nothing for one who connects and says nothing.
    pub said: Bytes,
    /// When it was begun, by the browser's clock, in ms since 1970.
    pub at_ms: f64,
    /// Its last line in the page's own log.
    pub entry: u32,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an exchange.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Nothing yet.
    UnderWay,
    /// A reply came.
    Replied {
        /// After so many ms, by the browser's clock.
        ms: f64,
        /// Its beginning.
        reply: Bytes,
    },
    /// It ended without a reply, as both sides wanted.
    Silent,
    /// It went wrong.
    Failed(Reason, String),
    /// The connection to the gateway was lost under it: nobody can say whether it was done, and it is
    /// not done again.
    Unknown,
}

/// All of them, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct All(VecDeque<Mine>);

impl All {
    /// One more.
    pub fn push(&mut self, mine: Mine) {
        self.0.push_back(mine);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Mine> {
        self.0.iter().rev()
    }

    /// The one of a run.
    pub fn of_run(&self, run: RunId) -> Option<&Mine> {
        self.newest().find(|it| it.run == Some(run))
    }

    /// A line of the page's own log: the exchange of which it says what became of it.
    pub fn note(&mut self, entry: &Entry) -> Option<&Mine> {
        let mut newest = self.0.iter_mut().rev();
        let mine = newest.find(|it| Some(it.socket) == entry.socket)?;
        mine.entry = entry.no;
        let was_under_way = mine.fate == Fate::UnderWay;
        match &entry.what {
            What::Received { bytes, .. } if mine.fate == Fate::UnderWay => {
                mine.fate = Fate::Replied {
                    ms: entry.at_ms - mine.at_ms,
                    reply: bytes.slice(..bytes.len().min(KEPT_BYTES)),
                };
            }
            What::Closed { reason, detail, .. } if mine.fate == Fate::UnderWay => {
                mine.fate = match reason {
                    Reason::Finished | Reason::ClosedByClient => Fate::Silent,
                    reason => Fate::Failed(*reason, detail.clone()),
                };
            }
            _ => {}
        }
        (was_under_way && mine.fate != Fate::UnderWay).then_some(mine)
    }

    /// The link is gone with its sockets: what was under way there.
    pub fn lose(&mut self) -> impl Iterator<Item = &Mine> {
        let lost = self.0.iter_mut().filter(|it| it.fate == Fate::UnderWay);
        lost.map(|mine| {
            mine.fate = Fate::Unknown;
            &*mine
        })
    }
}

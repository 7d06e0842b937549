//! How many of a member's exchanges the room is told.

use chalkwire_shared::id::SocketId;
use chalkwire_shared::room::{Exchange, RunId};

use super::Asked;
use super::part::Part;

/// So many a second: more than anybody can follow. The others are counted only.
const PER_SECOND: u32 = 20;

/// So many of a run are told whatever else there is: the picture of the class needs them.
const OF_RUN: u32 = 8;

/// What waits to be told, within what may be told.
#[derive(Debug)]
pub(super) struct Telling {
    offset_us: u64,
    waiting: Vec<Exchange>,
    /// The second that counts, and what was told in it.
    second: u64,
    told: u32,
    /// The last run, and what was told of it.
    run: Option<RunId>,
    of_run: u32,
    untold: u64,
}

impl Telling {
    pub(super) fn new(offset_us: u64) -> Self {
        Telling {
            offset_us,
            waiting: Vec::new(),
            second: 0,
            told: 0,
            run: None,
            of_run: 0,
            untold: 0,
        }
    }

    /// An exchange is over.
    pub(super) fn over(&mut self, now_us: u64, socket: SocketId, asked: &Asked, part: Part) {
        self.so_far(now_us, socket, asked, &part);
    }

    /// An exchange is as it is.
    pub(super) fn so_far(&mut self, now_us: u64, socket: SocketId, asked: &Asked, part: &Part) {
        if self.may_tell(now_us, asked.run) {
            let exchange = part.exchange(self.offset_us, socket, asked);
            self.waiting.push(exchange);
        } else {
            self.untold += 1;
        }
    }

    fn may_tell(&mut self, now_us: u64, run: Option<RunId>) -> bool {
        if let Some(run) = run {
            // Numbers of runs grow: an older one was told long since.
            if self.run < Some(run) {
                self.run = Some(run);
                self.of_run = 0;
            }
            if self.run == Some(run) && self.of_run < OF_RUN {
                self.of_run += 1;
                return true;
            }
        }
        let second = now_us / 1_000_000;
        if second != self.second {
            self.second = second;
            self.told = 0;
        }
        self.told += 1;
        self.told <= PER_SECOND
    }

    pub(super) fn has_some(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn untold(&mut self) -> u64 {
        std::mem::take(&mut self.untold)
    }
}

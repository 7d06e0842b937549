//! Signs of life of a raw socket: when bytes went, when the client was heard, and what follows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chalkwire_shared::close::Reason;

use super::End;
use crate::core::Core;
use crate::fault::Wire;

/// What both directions know of each other.
pub(super) struct Life<'a> {
    core: &'a Core,
    /// Bytes went, or the client showed life, at this time of the gateway's clock.
    heard_us: AtomicU64,
    moved_us: AtomicU64,
    /// The last ping went out at this time.
    pinged_us: AtomicU64,
    /// The target does not take what the client said: nothing more is read of the client meanwhile,
    /// its answers to pings neither.
    held: AtomicBool,
    /// A ping is to be written; whoever writes is polled after [`silence`], so that nobody need be woken.
    ping_waits: AtomicBool,
}

impl<'a> Life<'a> {
    pub(super) fn begin(core: &'a Core) -> Self {
        let now_us = core.clock.now_us();
        Life {
            core,
            heard_us: now_us.into(),
            moved_us: now_us.into(),
            pinged_us: now_us.into(),
            held: false.into(),
            ping_waits: false.into(),
        }
    }

    /// Bytes came from the target.
    pub(super) fn moved(&self) {
        self.moved_us
            .store(self.core.clock.now_us(), Ordering::Relaxed);
    }

    /// Bytes came from the client.
    pub(super) fn said(&self) {
        let now_us = self.core.clock.now_us();
        self.moved_us.store(now_us, Ordering::Relaxed);
        self.heard_us.store(now_us, Ordering::Relaxed);
    }

    /// The client is there.
    pub(super) fn heard(&self) {
        self.heard_us
            .store(self.core.clock.now_us(), Ordering::Relaxed);
    }

    /// The client is not read, or is read again.
    pub(super) fn holds(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
        if !held {
            self.heard();
        }
    }

    /// Whether a ping is to go out, which then does.
    pub(super) fn takes_ping(&self) -> bool {
        let waits = self.ping_waits.load(Ordering::Relaxed);
        if waits {
            self.ping_waits.store(false, Ordering::Relaxed);
            self.pinged_us
                .store(self.core.clock.now_us(), Ordering::Relaxed);
        }
        waits
    }

    /// How long no byte has gone, in the hop either, if there is one.
    fn idle(&self, wire: &Wire) -> Duration {
        self.moved_us.fetch_max(wire.active_us(), Ordering::Relaxed);
        self.since(&self.moved_us)
    }

    /// How long the client has shown no life, where that can be known.
    fn silent(&self) -> Duration {
        match self.held.load(Ordering::Relaxed) {
            true => Duration::ZERO,
            false => self.since(&self.heard_us),
        }
    }

    fn since(&self, what: &AtomicU64) -> Duration {
        let now_us = self.core.clock.now_us();
        Duration::from_micros(now_us.saturating_sub(what.load(Ordering::Relaxed)))
    }
}

/// The end of a connection on which nothing goes, or whose client shows no life.
pub(super) async fn silence(wire: &Wire, life: &Life<'_>) -> End {
    let limits = &life.core.config.limits;
    let (mut wait, mut pinged) = (limits.ping, false);
    loop {
        let idle_in = limits.idle.saturating_sub(life.idle(wire));
        life.core.timers.sleep(wait.min(idle_in)).await;
        if life.idle(wire) >= limits.idle {
            return End::Target(Reason::Idle.into());
        }
        let silent = life.silent();
        if silent < limits.ping {
            pinged = false;
            wait = limits.ping - silent;
        } else if !pinged {
            pinged = true;
            life.ping_waits.store(true, Ordering::Relaxed);
            wait = limits.pong;
        } else {
            // A client that takes nothing has no ping to answer yet; who writes to it has patience of
            // its own.
            let out = match life.ping_waits.load(Ordering::Relaxed) {
                true => Duration::ZERO,
                false => life.since(&life.pinged_us),
            };
            if out >= limits.pong {
                return End::Client;
            }
            wait = limits.pong - out;
        }
    }
}

//! A hop at work beside a socket's own loop, and who is told of it.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use super::client::{Client, Told};
use crate::fault::{Report, Wire};
use crate::policy::rate::Bucket;
use crate::target::Failure;

/// Reports of what faults did that a socket tells at once, and each second after that. More are left
/// out, as they are where the client has no room: bytes come first.
const REPORTS: u32 = 1_000;
const REPORTS_PER_S: u32 = 200;

/// A hop at work, in memory of its own: most sockets have none.
#[derive(Default)]
pub(super) struct Driving<'a>(Option<Pin<Box<dyn Future<Output = Failure> + Send + 'a>>>);

impl<'a> Driving<'a> {
    /// Sets to work, when the socket has become faulted and nobody works yet. `news` is called when
    /// there are reports to take.
    pub(super) fn start(&mut self, wire: &'a Wire, news: impl Fn() + Send + 'a) {
        if self.0.is_none() && wire.is_faulted() {
            self.0 = Some(Box::pin(wire.drive(news)));
        }
    }

    /// Works on, if there is work; resolves once, when the socket is over. Cancel-safe: it stays
    /// where it is.
    pub(super) async fn over(&mut self) -> Failure {
        match &mut self.0 {
            Some(work) => {
                let failure = work.await;
                self.0 = Some(Box::pin(std::future::pending()));
                failure
            }
            None => std::future::pending().await,
        }
    }
}

/// Tells a client what faults did, as far as it can be told, and once that some of it is not.
#[derive(Debug)]
pub(super) struct Teller {
    bucket: Bucket,
    untold: bool,
}

impl Default for Teller {
    fn default() -> Self {
        Teller {
            bucket: Bucket::new(REPORTS, REPORTS_PER_S, Instant::now()),
            untold: false,
        }
    }
}

impl Teller {
    pub(super) fn tell(&mut self, report: Report, client: &impl Client) {
        let Report {
            clock_us,
            direction,
            did,
        } = report;
        if self.bucket.take(Instant::now()) && client.has_room() {
            client.tell(clock_us, Told::Fault { direction, did });
        } else if !std::mem::replace(&mut self.untold, true) {
            client.tell(clock_us, Told::FaultsUntold);
        }
    }
}

//! Entries for tests, one after another.

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;

use crate::model::{ClockMap, Entry, What};

/// The gateway's clock showed 0 at the browser's 1000 ms.
pub(crate) const CLOCK: ClockMap = ClockMap {
    zero_ms: 1000.0,
    plus_minus_ms: 0.2,
};

/// The log of one socket.
pub(crate) struct Log {
    target: &'static str,
    kind: Kind,
    at_ms: f64,
    /// What is in it.
    pub(crate) entries: Vec<Entry>,
}

impl Log {
    /// An empty one.
    pub(crate) fn new(target: &'static str, kind: Kind) -> Self {
        Log {
            target,
            kind,
            at_ms: 1000.0,
            entries: Vec::new(),
        }
    }

    /// What the page sees or does so many ms after the gateway's clock showed 0.
    pub(crate) fn at(&mut self, ms: f64, what: What) -> &mut Self {
        self.at_ms = 1000.0 + ms;
        self.push(what)
    }

    /// What comes in the same moment as the entry before.
    pub(crate) fn push(&mut self, what: What) -> &mut Self {
        self.entries.push(Entry {
            no: self.entries.len() as u32 + 1,
            at_ms: self.at_ms,
            socket: Some(SocketId(1)),
            target: self.target.to_owned(),
            kind: Some(self.kind),
            what,
        });
        self
    }

    /// Bytes that the page sent and the gateway wrote at `wrote_us`.
    pub(crate) fn sent(bytes: &[u8], wrote_us: u64) -> What {
        What::Sent {
            bytes: Bytes::copy_from_slice(bytes),
            wrote_us: Some(wrote_us),
            unknown: false,
        }
    }

    /// Bytes that came back.
    pub(crate) fn received(bytes: &[u8], clock_us: u64) -> What {
        What::Received {
            bytes: Bytes::copy_from_slice(bytes),
            datagram: false,
            truncated: false,
            clock_us,
        }
    }

    /// The socket is connected.
    pub(crate) fn connected(connect_us: u64, clock_us: u64) -> What {
        What::Connected {
            local: "127.0.0.1:51844".to_owned(),
            peer: "127.0.0.1:21567".to_owned(),
            connect_us,
            clock_us,
        }
    }

    /// The socket is closed.
    pub(crate) fn closed(reason: Reason, clock_us: u64) -> What {
        What::Closed {
            reason,
            detail: reason.sentence().to_owned(),
            clock_us,
        }
    }
}

/// What the server did.
pub(crate) fn server(did: ServerDid, clock_us: u64) -> What {
    What::Server { did, clock_us }
}

/// What a fault did to what goes to the target.
pub(crate) fn to_target(did: FaultDid, clock_us: u64) -> What {
    What::Fault {
        direction: Direction::ToTarget,
        did,
        clock_us,
    }
}

/// Experiment 12's ten datagrams, with all that the gateway tells of them: its own tests hold the file to
/// what it does.
pub(crate) fn lossy_ten() -> Vec<Entry> {
    let mut log = Log::new("udp", Kind::Udp);
    log.at(0.0, What::Connecting);
    log.at(0.5, Log::connected(9, 200));
    let mut told = include_str!("../../../shared/tests/reports/loss.jsonl")
        .lines()
        .skip(1)
        .map(|line| {
            let told: serde_json::Value = serde_json::from_str(line).unwrap();
            let did = serde_json::from_value(told["did"].clone()).unwrap();
            to_target(did, told["clock_us"].as_u64().unwrap())
        })
        .peekable();
    for number in 1..=10u64 {
        let at_us = 30_000 * number;
        let text = format!("{number} hello");
        log.at(
            at_us as f64 / 1_000.0,
            Log::sent(text.as_bytes(), at_us + 40),
        );
        let so_far = |it: &What| match it {
            What::Fault { clock_us, .. } => *clock_us <= at_us,
            _ => false,
        };
        while let Some(did) = told.next_if(so_far) {
            log.push(did);
        }
    }
    for did in told {
        log.at(1_301.0, did);
    }
    log.entries
}

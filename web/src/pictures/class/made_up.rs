//! A class that does not exist, at a server that behaves as ours do: for tests and for looks.

use chalkwire_shared::close::Reason;
use chalkwire_shared::job::Gauge;
use chalkwire_shared::room::{Armed, Exchange, MemberId, Payload, Plan, RunId};

use super::{Seen, Sender, Serving};

/// The instant of the run: 12:04:05 on 22 November 2026, in µs since 1970.
pub(crate) const AT_US: u64 = 1_795_349_045_000_000;

const NAMES: [&str; 40] = [
    "otter",
    "heron",
    "lynx",
    "wren",
    "ibex",
    "moth",
    "seal",
    "crane",
    "vole",
    "newt",
    "finch",
    "hare",
    "teal",
    "stoat",
    "tern",
    "carp",
    "kite",
    "mole",
    "swift",
    "toad",
    "Ayşe",
    "Błażej",
    "Chloé",
    "Đorđe",
    "Emre",
    "Frøya",
    "Giulia",
    "Håkon",
    "Iñaki",
    "Jürgen",
    "Kateřina",
    "Łucja",
    "Maëlle",
    "Niamh",
    "Ólafur",
    "Paweł",
    "Quim",
    "Renée",
    "Søren",
    "Þóra",
];

/// What a member is called.
pub(crate) fn name(number: usize) -> String {
    let round = number / NAMES.len();
    match round {
        0 => NAMES[number].to_owned(),
        _ => format!("{} {}", NAMES[number % NAMES.len()], round + 1),
    }
}

/// Chance that is the same each time: xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

pub(crate) fn armed(target: &str) -> Armed {
    Armed {
        run: RunId(3),
        plan: Plan {
            target: target.to_owned(),
            message: "hello\r\n".to_owned(),
            faults: Vec::new(),
            seed: 7,
            idler: None,
            experiment: None,
        },
        at_us: AT_US,
        over: true,
    }
}

fn exchange(target: &str, begun: u64) -> Exchange {
    Exchange {
        run: Some(RunId(3)),
        target: target.to_owned(),
        socket: 1,
        begun_us: AT_US + begun,
        connected_us: None,
        accepted_us: None,
        sent_us: None,
        recv_us: None,
        replied_us: None,
        over_us: None,
        sent_bytes: 0,
        received_bytes: 0,
        sent: Payload::default(),
        received: Payload::default(),
        reason: None,
        faulted: false,
    }
}

fn sender(number: usize, exchange: Exchange) -> Sender {
    Sender {
        member: MemberId(number as u32 + 1),
        name: name(number),
        expected: true,
        mine: number == 4,
        exchange: Some(exchange),
        found: None,
    }
}

/// Members at a server with a backlog of 5 that takes one client at a time, 50 ms each. Linux queues
/// one more than the backlog, and sends a SYN that was dropped again after 1, 3 and 7 s; after 10 s
/// the gateway gives up. `idler` connects and says nothing, for the server's 5 s.
pub(crate) fn iterative(members: usize, idler: Option<usize>) -> Seen {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut armed = armed("iterative");
    armed.plan.idler = idler.map(|it| MemberId(it as u32 + 1));
    let mut tries: Vec<(u64, usize, u32)> = Vec::new();
    let mut all: Vec<Exchange> = Vec::new();
    for who in 0..members {
        let begun = who as u64 * 40 + chance.below(3_000);
        all.push(exchange("iterative", begun));
        tries.push((begun + 80, who, 0));
    }
    let mut queue = std::collections::VecDeque::<usize>::new();
    let mut free = 0u64;
    let mut gauges = Vec::new();
    let gauge = |gauges: &mut Vec<Gauge>, at: u64, waiting: usize| {
        gauges.push(Gauge {
            target: 0,
            clock_us: AT_US + at,
            waiting: Some(waiting as u32),
            backlog: Some(5),
            threads: 1,
            processes: 1,
        });
    };
    // What comes next: a try to connect, or the server that is free for the next in its queue.
    loop {
        tries.sort_unstable();
        let next = tries.first().map(|it| it.0);
        let take = (!queue.is_empty()).then_some(free);
        match (next, take) {
            (_, Some(at)) if next.is_none_or(|next| at <= next) => {
                let Some(who) = queue.pop_front() else { break };
                let it = &mut all[who];
                let begun = it.begun_us - AT_US;
                let connected = begun + u64::from(it.connected_us.unwrap_or(0));
                let at = at.max(connected + 40);
                let us = |at: u64| u32::try_from(at - begun).ok();
                it.accepted_us = us(at);
                gauge(&mut gauges, at, queue.len());
                if idler == Some(who) {
                    free = at + 5_000_600;
                    (it.sent_us, it.sent_bytes) = (None, 0);
                    it.reason = Some(Reason::Finished);
                    it.over_us = us(free);
                } else {
                    free = at + 50_200 + chance.below(400);
                    it.recv_us = us(at + 60);
                    it.replied_us = us(free);
                    it.received_bytes = 33;
                    it.over_us = us(free + 150);
                    it.reason = Some(Reason::Finished);
                }
            }
            (Some(at), _) => {
                let (_, who, tried) = tries.remove(0);
                let it = &mut all[who];
                let begun = it.begun_us - AT_US;
                if queue.len() <= 5 {
                    it.connected_us = u32::try_from(at - begun).ok();
                    it.sent_us = it.connected_us.map(|us| us + 30);
                    it.sent_bytes = 7;
                    queue.push_back(who);
                    free = free.max(at + 20);
                    gauge(&mut gauges, at, queue.len());
                } else if tried < 3 {
                    tries.push((at + (1_000_000 << tried) + 8_000, who, tried + 1));
                } else {
                    it.over_us = Some(10_000_000);
                    it.reason = Some(Reason::ConnectTimeout);
                }
            }
            _ => break,
        }
    }
    let all = all.into_iter().enumerate();
    Seen {
        armed,
        serving: Serving::Iterative,
        senders: all.map(|(who, it)| sender(who, it)).collect(),
        gauges,
    }
}

/// Members at a server that serves all at once, or at one that takes datagrams.
pub(crate) fn at_once(
    target: &str,
    serving: Serving,
    members: usize,
    idler: Option<usize>,
) -> Seen {
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut armed = armed(target);
    armed.plan.idler = idler.map(|it| MemberId(it as u32 + 1));
    let (datagrams, spawn) = match serving {
        Serving::Datagrams => (true, 0),
        Serving::Process => (false, 900),
        _ => (false, 90),
    };
    let mut gauges = Vec::new();
    let mut senders = Vec::new();
    for who in 0..members {
        let begun = who as u64 * 60 + chance.below(2_500);
        let mut it = exchange(target, begun);
        let connected = 70 + chance.below(60) as u32;
        it.connected_us = Some(connected);
        let accepted = connected + (who as u32 % 7) * spawn + chance.below(120) as u32;
        it.accepted_us = (!datagrams).then_some(accepted);
        if idler == Some(who) {
            it.over_us = Some(accepted + 5_000_400);
        } else {
            let work = if datagrams { 90 } else { 50_300 };
            it.sent_us = Some(connected + 25);
            it.sent_bytes = 7;
            it.recv_us = Some(accepted + 60);
            it.replied_us = Some(accepted + 60 + work + chance.below(500) as u32);
            it.received_bytes = 33;
            it.over_us = it.replied_us.map(|us| us + 140);
        }
        it.reason = Some(Reason::Finished);
        senders.push(sender(who, it));
        if !datagrams {
            for (at, waiting) in [(connected, 1), (accepted, 0)] {
                gauges.push(Gauge {
                    target: 0,
                    clock_us: AT_US + begun + u64::from(at),
                    waiting: Some(waiting),
                    backlog: Some(5),
                    threads: members as u32 + 1,
                    processes: 1,
                });
            }
        }
    }
    gauges.sort_by_key(|it| it.clock_us);
    Seen {
        armed,
        serving,
        senders,
        gauges,
    }
}

/// The same as it was so many ms after the instant: what is not over then is told as far as it is,
/// once nothing new has been seen of it for 300 ms.
pub(crate) fn after(mut it: Seen, ms: u64) -> (Seen, u64) {
    let now = AT_US + ms * 1000;
    it.armed.over = false;
    for sender in &mut it.senders {
        let Some(exchange) = &mut sender.exchange else {
            continue;
        };
        let since = u32::try_from(now.saturating_sub(exchange.begun_us)).unwrap();
        if exchange.over_us.is_some_and(|us| us <= since) {
            continue;
        }
        (exchange.over_us, exchange.reason) = (None, None);
        let mut last = 0;
        for mark in [
            &mut exchange.connected_us,
            &mut exchange.accepted_us,
            &mut exchange.sent_us,
            &mut exchange.recv_us,
            &mut exchange.replied_us,
        ] {
            mark.take_if(|us| *us > since);
            last = last.max(mark.unwrap_or(0));
        }
        if last + 300_000 > since {
            sender.exchange = None;
        }
    }
    it.gauges.retain(|it| it.clock_us <= now);
    (it, now)
}

use super::*;
use chalkwire_shared::room::Payload;
use proptest::prelude::*;

const OFFSET_US: u64 = 1_000_000_000;

fn record() -> Record {
    Record::new(8, OFFSET_US)
}

fn tcp(target: &str) -> Asked {
    Asked {
        target: target.to_owned(),
        run: None,
        faulted: false,
        reports: true,
        accepts: true,
    }
}

fn foreign(target: &str) -> Asked {
    Asked {
        reports: false,
        accepts: false,
        ..tcp(target)
    }
}

const ID: SocketId = SocketId(4);

fn recv(bytes: u32) -> ServerDid {
    ServerDid::Recv { bytes }
}

fn text(text: &str) -> Payload {
    Payload::Text(text.to_owned())
}

/// Everything that is told up to `until_us`, each at the moment when it is due.
fn told(record: &mut Record, until_us: u64) -> Vec<(u64, Exchange)> {
    let mut told = Vec::new();
    while let Some(due_us) = record.due_us().filter(|due| *due <= until_us) {
        let taken = record.take(due_us);
        assert!(!taken.is_empty(), "due at {due_us}, and nothing there");
        told.extend(taken.into_iter().map(|exchange| (due_us, exchange)));
    }
    told
}

#[test]
fn one_send_and_what_came_back_is_told_when_the_socket_has_closed() {
    let mut record = record();
    record.asked(1_000, ID, tcp("line"));
    record.seen(1_060, ID, Seen::Opened);
    record.seen(1_095, ID, Seen::Wrote(b"hello\r\n"));
    record.seen(1_070, ID, Seen::Server(&ServerDid::Accepted));
    record.seen(1_120, ID, Seen::Server(&recv(7)));
    record.seen(1_600, ID, Seen::Came(b"[Mon] hello\r\n"));
    assert_eq!(record.due_us(), Some(1_600 + QUIET_US));
    assert!(record.seen(1_700, ID, Seen::Closed(Reason::Finished)));
    assert_eq!(record.due_us(), Some(0), "nothing is missing");
    let exchange = Exchange {
        run: None,
        target: "line".to_owned(),
        socket: 4,
        begun_us: OFFSET_US + 1_000,
        connected_us: Some(60),
        accepted_us: Some(70),
        sent_us: Some(95),
        recv_us: Some(120),
        replied_us: Some(600),
        over_us: Some(700),
        sent_bytes: 7,
        received_bytes: 13,
        sent: text("hello\r\n"),
        received: text("[Mon] hello\r\n"),
        reason: Some(Reason::Finished),
        faulted: false,
    };
    assert_eq!(record.take(1_700), [exchange]);
    assert!(record.is_empty());
}

#[test]
fn what_the_server_saw_is_waited_for_a_moment_after_the_close() {
    let mut record = record();
    record.asked(0, ID, tcp("line"));
    record.seen(10, ID, Seen::Opened);
    record.seen(20, ID, Seen::Wrote(b"x"));
    record.seen(500, ID, Seen::Came(b"y"));
    record.seen(600, ID, Seen::Closed(Reason::Finished));
    assert_eq!(record.due_us(), Some(600 + REPORTS_US));
    assert!(!record.seen(12, ID, Seen::Server(&ServerDid::Accepted)));
    assert!(record.seen(30, ID, Seen::Server(&recv(1))));
    let exchange = &record.take(900)[0];
    assert_eq!(
        (exchange.accepted_us, exchange.recv_us),
        (Some(12), Some(30))
    );
    // Lost ones are not waited for any longer.
    record.asked(1_000, ID, tcp("line"));
    record.seen(1_010, ID, Seen::Opened);
    record.seen(1_020, ID, Seen::Closed(Reason::ClosedByClient));
    let told = told(&mut record, u64::MAX);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, 1_020 + REPORTS_US);
    assert_eq!(told[0].1.accepted_us, None);
}

#[test]
fn a_server_that_is_not_ours_is_not_waited_for() {
    let mut record = record();
    record.asked(0, ID, foreign("elsewhere"));
    record.seen(10, ID, Seen::Opened);
    record.seen(20, ID, Seen::Wrote(b"x"));
    record.seen(30, ID, Seen::Closed(Reason::Reset));
    let exchange = &record.take(30)[0];
    assert_eq!(exchange.reason, Some(Reason::Reset));
    assert!(exchange.failed());
}

#[test]
fn each_send_after_a_reply_is_an_exchange_of_its_own() {
    let mut record = record();
    record.asked(0, ID, tcp("session"));
    record.seen(10, ID, Seen::Opened);
    record.seen(12, ID, Seen::Server(&ServerDid::Accepted));
    record.seen(20, ID, Seen::Wrote(b"a"));
    record.seen(21, ID, Seen::Wrote(b"b\n"));
    record.seen(30, ID, Seen::Came(b"[A]"));
    record.seen(31, ID, Seen::Came(b"ab"));
    // What the server read first is told only now.
    record.seen(1_000, ID, Seen::Wrote(b"c\n"));
    record.seen(25, ID, Seen::Server(&recv(3)));
    record.seen(1_010, ID, Seen::Server(&recv(2)));
    record.seen(1_020, ID, Seen::Came(b"[A]c"));
    let told = told(&mut record, u64::MAX);
    let [(_, first), (at_us, second)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(
        (&first.sent, &first.received),
        (&text("ab\n"), &text("[A]ab"))
    );
    assert_eq!((first.recv_us, first.over_us), (Some(25), Some(31)));
    assert_eq!(first.reason, None);
    assert_eq!(second.begun_us, OFFSET_US + 1_000);
    assert_eq!((second.connected_us, second.sent_us), (None, Some(0)));
    assert_eq!((second.recv_us, second.over_us), (Some(10), Some(20)));
    assert_eq!(*at_us, 1_020 + QUIET_US, "the quiet itself is not counted");
    // The end of a socket that is between two exchanges is none of its own.
    record.seen(9_000_000, ID, Seen::Closed(Reason::Finished));
    assert!(record.is_empty());
}

#[test]
fn a_server_may_tell_that_it_read_before_the_sender_tells_that_it_sent() {
    let mut record = record();
    record.asked(0, ID, tcp("session"));
    record.seen(10, ID, Seen::Opened);
    record.seen(12, ID, Seen::Server(&ServerDid::Accepted));
    record.seen(20, ID, Seen::Server(&recv(2)));
    record.seen(25, ID, Seen::Wrote(b"a\n"));
    record.seen(30, ID, Seen::Came(b"A"));
    record.seen(1_009, ID, Seen::Server(&recv(2)));
    record.seen(1_010, ID, Seen::Wrote(b"b\n"));
    record.seen(1_030, ID, Seen::Came(b"B"));
    let told = told(&mut record, u64::MAX);
    assert_eq!(told[0].1.recv_us, Some(20));
    assert_eq!((told[1].1.sent_us, told[1].1.recv_us), (Some(0), Some(0)));
}

#[test]
fn who_connects_and_sends_nothing_is_seen_too() {
    let mut record = record();
    record.asked(0, ID, tcp("iterative"));
    record.seen(50, ID, Seen::Opened);
    record.seen(60, ID, Seen::Server(&ServerDid::Accepted));
    assert_eq!(record.due_us(), None);
    record.seen(5_000_100, ID, Seen::Server(&ServerDid::TimedOut));
    record.seen(5_000_110, ID, Seen::Server(&ServerDid::Closed));
    record.seen(5_000_200, ID, Seen::Closed(Reason::ClosedByClient));
    let exchange = &record.take(5_000_200)[0];
    assert_eq!(exchange.accepted_us, Some(60));
    assert_eq!((exchange.sent_us, exchange.sent_bytes), (None, 0));
    // The server's end, not what the gateway heard of it later: the next one is served by then.
    assert_eq!(exchange.over_us, Some(5_000_110));
}

#[test]
fn who_holds_the_server_of_a_run_and_who_waits_for_it_are_seen_while_that_lasts() {
    let run = Some(RunId(3));
    let of_run = || Asked {
        run,
        ..tcp("iterative")
    };
    let mut record = record();
    let (idler, waiting) = (SocketId(1), SocketId(2));
    for id in [idler, waiting] {
        record.asked(0, id, of_run());
        record.seen(50, id, Seen::Opened);
    }
    record.seen(60, idler, Seen::Server(&ServerDid::Accepted));
    record.seen(70, waiting, Seen::Wrote(b"hello\r\n"));
    let told = told(&mut record, 4_000_000);
    let told: Vec<_> = told.iter().map(|(_, it)| it).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|it| it.over_us.is_none() && it.run == run));
    assert_eq!((told[0].accepted_us, told[0].sent_us), (Some(60), None));
    assert_eq!((told[1].accepted_us, told[1].sent_us), (None, Some(70)));
    // What comes in its time is told once, at its end.
    record.seen(5_000_000, waiting, Seen::Server(&ServerDid::Accepted));
    record.seen(5_000_010, waiting, Seen::Server(&recv(7)));
    record.seen(5_050_000, waiting, Seen::Came(b"A"));
    record.seen(5_050_100, waiting, Seen::Closed(Reason::Finished));
    let told = record.take(5_050_100);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].over_us, Some(5_050_100));
}

#[test]
fn a_flood_of_exchanges_is_counted_and_a_run_is_told_all_the_same() {
    let mut record = record();
    let once = |record: &mut Record, n: u32, run: Option<RunId>| {
        let at_us = u64::from(n);
        record.asked(
            at_us,
            SocketId(n),
            Asked {
                run,
                ..foreign("t")
            },
        );
        record.seen(at_us, SocketId(n), Seen::Closed(Reason::Refused));
        record.take(at_us).len()
    };
    let told: usize = (1..=100).map(|n| once(&mut record, n, None)).sum();
    assert_eq!((told, record.untold(), record.untold()), (20, 80, 0));
    assert_eq!(once(&mut record, 101, Some(RunId(1))), 1);
    assert_eq!(once(&mut record, 1_000_000, None), 1, "another second");
}

#[test]
fn datagrams_are_exchanges_too() {
    let mut record = record();
    let asked = Asked {
        accepts: false,
        ..tcp("udp")
    };
    record.asked(0, ID, asked);
    record.seen(10, ID, Seen::Opened);
    for at_us in [100, 1_000] {
        record.seen(at_us, ID, Seen::Wrote(&[0xff, 0x00]));
        record.seen(at_us + 5, ID, Seen::Server(&recv(2)));
        record.seen(at_us + 9, ID, Seen::Came(&[0xfe]));
    }
    let told = told(&mut record, u64::MAX);
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].1.sent, Payload::Hex("ff00".to_owned()));
    assert_eq!(told[1].1.recv_us, Some(5));
}

#[test]
fn whom_the_server_gave_up_is_through_even_if_its_page_keeps_the_socket() {
    let mut record = record();
    record.asked(0, ID, tcp("iterative"));
    record.seen(50, ID, Seen::Opened);
    record.seen(60, ID, Seen::Server(&ServerDid::Accepted));
    assert!(record.seen(5_000_000, ID, Seen::Eof));
    let told = told(&mut record, u64::MAX);
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].1.over_us, told[0].1.reason),
        (Some(5_000_000), None)
    );
    record.seen(9_000_000, ID, Seen::Closed(Reason::Idle));
    assert!(record.is_empty());
}

fn step() -> impl Strategy<Value = (u32, u8, u64, usize)> {
    (1u32..6, 0u8..8, 0u64..400_000, 0usize..600)
}

proptest! {
    #[test]
    fn whatever_happens_every_exchange_is_told_once_in_order_and_within_bounds(
        steps in proptest::collection::vec(step(), 0..120),
    ) {
        let mut record = record();
        let mut now_us = 0;
        let (mut last, mut open) = (0, std::collections::BTreeMap::new());
        let (mut told_all, mut wrote) = (Vec::new(), 0);
        for (n, what, after_us, len) in steps {
            now_us += after_us;
            told_all.extend(told(&mut record, now_us));
            let bytes = vec![b'x'; len];
            let (accepted, read) = (ServerDid::Accepted, recv(1));
            let Some(&id) = open.get(&n) else {
                if what == 0 {
                    last += 1;
                    open.insert(n, SocketId(last));
                    record.asked(now_us, SocketId(last), tcp("t"));
                }
                continue;
            };
            let seen = match what {
                1 => Seen::Opened,
                2 | 3 => Seen::Wrote(&bytes),
                4 => Seen::Came(&bytes),
                5 => Seen::Server(if len % 2 == 0 { &accepted } else { &read }),
                7 => Seen::Eof,
                6 => Seen::Closed(Reason::Finished),
                _ => continue,
            };
            if let Seen::Wrote(bytes) = seen {
                wrote += bytes.len() as u64;
            }
            if matches!(seen, Seen::Closed(_)) {
                open.remove(&n);
            }
            record.seen(now_us, id, seen);
        }
        for id in open.into_values() {
            record.seen(now_us, id, Seen::Closed(Reason::Finished));
        }
        told_all.extend(told(&mut record, u64::MAX - QUIET_US));
        record.take(u64::MAX);
        prop_assert!(record.is_empty());
        let mut begun = std::collections::BTreeMap::new();
        for (at_us, exchange) in &told_all {
            prop_assert!(exchange.over_us.is_some());
            prop_assert!(exchange.sent.bytes().len() <= 256);
            prop_assert!(*at_us == 0 || exchange.begun_us <= at_us + OFFSET_US);
            let before = begun.insert(exchange.socket, exchange.begun_us);
            prop_assert!(before.is_none_or(|before| before <= exchange.begun_us));
        }
        if record.untold() == 0 {
            let told: u64 = told_all.iter().map(|(_, it)| u64::from(it.sent_bytes)).sum();
            prop_assert_eq!(told, wrote);
        }
    }
}

//! Diagrams with what the server saw and what faults did.

use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;

use crate::model::{Entry, What};
use crate::pictures::fixture::{CLOCK, Log, lossy_ten, server, to_target};
use crate::pictures::golden::golden;
use crate::pictures::shape::Width;
use crate::sequence::step::{Ending, Life, Tone};
use crate::sequence::steps::{MOST, steps};
use crate::sequence::{Arrow, Picture, Shape, draw, layout, shapes, story};

fn golden_of(name: &str, entries: &[Entry]) {
    let steps = steps(entries, Some(CLOCK));
    let target = &entries[0].target;
    golden(name, &story(&steps, target, Some(CLOCK)), |width| {
        let shape = match width {
            Width::Wide => Shape::Wide,
            Width::Narrow => Shape::Narrow,
        };
        shapes(&draw(&steps, target, shape), &steps)
    });
}

fn wide(entries: &[Entry]) -> Picture {
    layout(entries, Some(CLOCK), Shape::Wide)
}

fn opened(log: &mut Log) {
    log.at(0.0, What::Connecting);
    log.at(0.9, Log::connected(58, 500));
}

/// A line and its stamp, with the server's own moments.
fn told() -> Vec<Entry> {
    let mut log = Log::new("line", Kind::Tcp);
    opened(&mut log);
    log.at(1.0, server(ServerDid::Accepted, 620));
    log.at(1.6, Log::sent(b"hello\r\n", 2000));
    log.at(3.2, server(ServerDid::Recv { bytes: 7 }, 2080));
    log.push(server(ServerDid::Sent { bytes: 33 }, 2150));
    log.at(
        3.5,
        Log::received(b"[Sun Nov 22 12:04:05 2026]hello\r\n", 2260),
    );
    log.push(server(ServerDid::Closed, 2300));
    log.at(3.6, What::Eof { clock_us: 2390 });
    log.at(3.9, Log::closed(Reason::Finished, 2400));
    log.entries
}

#[test]
fn an_exchange_with_the_servers_own_moments_is_drawn_as_it_always_was() {
    golden_of("sequence-told", &told());
    let picture = wide(&told());
    assert_eq!(picture.marks.len(), 1, "accept; all else is an arrow's end");
    let times: Vec<_> = picture
        .arrows
        .iter()
        .filter_map(|a| a.time.as_ref())
        .map(|t| t.text.as_str())
        .collect();
    assert!(
        times.contains(&"2.1"),
        "the server's recv, not the gateway's write: {times:?}"
    );
}

#[test]
fn three_sends_and_one_recv_are_three_arrows_and_one_mark() {
    let mut log = Log::new("basic", Kind::Tcp);
    opened(&mut log);
    for (i, line) in ["one\n", "two\n", "three\n"].into_iter().enumerate() {
        log.at(
            1.5 + i as f64 / 10.0,
            Log::sent(line.as_bytes(), 1800 + 50 * i as u64),
        );
    }
    log.at(9.0, server(ServerDid::Accepted, 620));
    log.push(server(ServerDid::Recv { bytes: 14 }, 8000));
    let picture = wide(&log.entries);
    let marks: Vec<_> = picture.marks.iter().map(|m| m.text.text.as_str()).collect();
    assert_eq!(marks, ["accept", "recv 14 B"]);
    golden_of("sequence-one-recv", &log.entries);
}

#[test]
fn a_limit_is_drawn_with_what_passed_and_as_made_on_purpose() {
    let mut log = Log::new("session", Kind::Tcp);
    opened(&mut log);
    log.at(2.0, Log::sent(b"hello, you\r\n", 2300));
    log.at(
        2.5,
        to_target(
            FaultDid::Passed {
                bytes: 10,
                held_us: 0,
            },
            2310,
        ),
    );
    log.push(to_target(FaultDid::Limited, 2320));
    log.push(server(ServerDid::Recv { bytes: 10 }, 2350));
    log.push(Log::closed(Reason::Finished, 2360));
    let steps = steps(&log.entries, Some(CLOCK));
    let says: Vec<&str> = steps.steps.iter().map(|it| it.say.as_str()).collect();
    let wrote = "the gateway wrote 10 bytes; the server’s recv returned them in one";
    assert!(says.contains(&wrote), "{says:?}");
    assert!(says.contains(&"✂ closed on purpose"), "{says:?}");
}

#[test]
fn half_closed_lifelines_end_apart_and_the_empty_recv_is_named() {
    let mut log = Log::new("session", Kind::Tcp);
    opened(&mut log);
    log.at(2.0, Log::sent(b"a\nb", 2300));
    log.at(2.1, What::ShutDown);
    log.at(2.9, server(ServerDid::Accepted, 600));
    log.push(server(ServerDid::Recv { bytes: 3 }, 2400));
    log.push(server(ServerDid::Eof, 2450));
    log.at(1002.9, server(ServerDid::Sent { bytes: 4 }, 1_002_400));
    log.at(1003.0, Log::received(b"late", 1_002_500));
    log.push(server(ServerDid::Closed, 1_002_550));
    log.at(
        1003.1,
        What::Eof {
            clock_us: 1_002_600,
        },
    );
    log.at(1003.2, Log::closed(Reason::Finished, 1_002_700));
    golden_of("sequence-half-close", &log.entries);
}

/// Five datagrams: the second lost, the third overtaken by the fourth, the fifth twice.
fn lossy() -> Vec<Entry> {
    let mut log = Log::new("udp", Kind::Udp);
    log.at(0.0, What::Connecting);
    log.at(0.5, Log::connected(9, 200));
    let passed = |bytes, at| to_target(FaultDid::Passed { bytes, held_us: 0 }, at);
    let recv = |at| server(ServerDid::Recv { bytes: 4 }, at);
    for i in 0..5u64 {
        let text = format!("no {i}");
        log.at(
            10.0 * (i + 1) as f64,
            Log::sent(text.as_bytes(), 10_400 * (i + 1)),
        );
    }
    log.at(60.0, passed(4, 10_400));
    log.push(recv(10_500));
    log.push(to_target(FaultDid::Dropped { bytes: 4 }, 20_400));
    log.push(to_target(FaultDid::Reordered { bytes: 4 }, 30_400));
    log.push(passed(4, 40_400)).push(passed(4, 40_450));
    log.push(recv(40_500)).push(recv(40_600));
    log.push(to_target(FaultDid::Duplicated { bytes: 4 }, 50_400));
    log.push(passed(4, 50_410)).push(passed(4, 50_420));
    log.push(recv(50_500)).push(recv(50_600));
    log.entries
}

#[test]
fn lost_overtaken_and_doubled_datagrams_are_drawn_as_they_always_were() {
    let entries = lossy();
    golden_of("sequence-lossy", &entries);
    let picture = wide(&entries);
    let to_server: Vec<_> = picture
        .arrows
        .iter()
        .filter(|a| a.from.0 == 380 && a.to.0 > 380 && !a.dashed)
        .collect();
    let lost: Vec<_> = to_server
        .iter()
        .filter(|a| a.ending == Ending::Lost)
        .collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(
        (lost[0].tone, lost[0].label.lead.as_str()),
        (Tone::Made, "✂ lost · 4 B")
    );
    let crossing = to_server.iter().any(|a| {
        to_server
            .iter()
            .any(|b| a.from.1 < b.from.1 && a.to.1 > b.to.1)
    });
    assert!(crossing, "what is overtaken crosses what overtakes it");
    let [.., first, again] = &to_server[..] else {
        panic!("two copies: {to_server:?}");
    };
    assert!(
        again.label.lead.starts_with("✂ again") && first.to.1 < again.to.1,
        "copies keep their order"
    );
}

#[test]
fn each_datagram_of_a_real_run_has_its_arrows() {
    let picture = wide(&lossy_ten());
    let mut labels: Vec<_> = picture
        .arrows
        .iter()
        .filter(|a| a.from.0 == 380 && a.to.0 > 380)
        .map(|a| a.label.lead.as_str())
        .collect();
    labels.retain(|it| it.starts_with('✂'));
    let made = [
        "✂ overtaken · 7 B",
        "✂ again · 7 B",
        "✂ lost · 7 B",
        "✂ held 1.00 s, nobody came · 8 B",
    ];
    assert_eq!(labels, made);
    let plain = |a: &&Arrow| a.label.lead == "datagram, 7 B";
    assert_eq!(picture.arrows.iter().filter(plain).count(), 7);
}

#[test]
fn reports_that_an_arrow_tells_take_no_place_of_what_is_drawn() {
    let mut log = Log::new("udp", Kind::Udp);
    for i in 0..MOST as u64 {
        let passed = FaultDid::Passed {
            bytes: 1,
            held_us: 0,
        };
        log.push(Log::sent(b"x", i * 100));
        log.push(to_target(passed, i * 100));
    }
    let steps = steps(&log.entries, Some(CLOCK));
    assert_eq!((steps.omitted, steps.steps.len()), (0, 2 * MOST));
}

#[test]
fn bytes_that_are_held_on_purpose_slant_over_the_folded_time() {
    let mut log = Log::new("line", Kind::Tcp);
    opened(&mut log);
    log.at(1.6, Log::sent(b"hello\r\n", 202_000));
    log.at(
        203.0,
        to_target(
            FaultDid::Passed {
                bytes: 7,
                held_us: 200_000,
            },
            202_000,
        ),
    );
    log.push(server(ServerDid::Recv { bytes: 7 }, 202_090));
    log.push(server(ServerDid::Sent { bytes: 33 }, 202_150));
    let back = FaultDid::Passed {
        bytes: 33,
        held_us: 150_000,
    };
    log.at(
        353.0,
        What::Fault {
            direction: Direction::FromTarget,
            did: back,
            clock_us: 352_300,
        },
    );
    log.at(
        353.4,
        Log::received(b"[Sun Nov 22 12:04:05 2026]hello\r\n", 202_260),
    );
    golden_of("sequence-held", &log.entries);
    let steps = steps(&log.entries, Some(CLOCK)).steps;
    let held = steps
        .iter()
        .find(|step| step.tone == Tone::Made && step.to == Life::Target)
        .unwrap();
    assert_eq!(held.label.lead, "✂ held 200 ms · 7 B · recv 7");
    let took = held.lands_ms.unwrap() - held.order_ms;
    assert!((took - 200.09).abs() < 0.01, "{took}");
}

#[test]
fn a_refusal_on_purpose_is_not_blamed_on_the_server() {
    let mut log = Log::new("line", Kind::Tcp);
    log.at(0.0, What::Connecting);
    log.at(
        1.0,
        What::Fault {
            direction: Direction::Both,
            did: FaultDid::Refused,
            clock_us: 500,
        },
    );
    log.push(Log::closed(Reason::Refused, 500));
    let picture = wide(&log.entries);
    assert!(
        picture
            .arrows
            .iter()
            .all(|a| a.from.0 != 676 && a.to.0 != 676),
        "{picture:?}"
    );
    assert!(picture.notes.iter().any(|n| n.tone == Tone::Made));
}

#[test]
fn the_servers_time_out_and_what_it_does_not_answer_are_marks() {
    let mut log = Log::new("basic", Kind::Tcp);
    opened(&mut log);
    log.at(1.0, server(ServerDid::Accepted, 620));
    log.at(5001.0, server(ServerDid::TimedOut, 5_000_700));
    log.push(server(ServerDid::Closed, 5_000_750));
    log.at(
        5001.2,
        What::Eof {
            clock_us: 5_000_900,
        },
    );
    golden_of("sequence-time-out", &log.entries);
}

#[test]
fn what_the_gateway_noted_late_is_not_drawn_after_the_servers_recv() {
    let mut log = Log::new("line", Kind::Tcp);
    opened(&mut log);
    log.at(1.6, Log::sent(b"hello\r\n", 4480));
    log.at(30.0, server(ServerDid::Recv { bytes: 7 }, 4200));
    log.push(server(ServerDid::Sent { bytes: 33 }, 4230));
    log.at(34.8, Log::received(&[b'x'; 33], 4500));
    let steps = steps(&log.entries, Some(CLOCK)).steps;
    let at = |from: Life, to: Life| {
        let it = steps
            .iter()
            .position(|s| (s.from, s.to) == (from, to) && s.tone != Tone::Control);
        it.unwrap()
    };
    assert!(at(Life::Gateway, Life::Target) < at(Life::Target, Life::Gateway));
}

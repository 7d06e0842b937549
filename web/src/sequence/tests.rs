use std::fmt::Write as _;

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::server::ServerDid;
use chalkwire_shared::target::Kind;
use proptest::prelude::*;

use super::step::{Life, Steps};
use super::*;
use crate::model::What;
use crate::pictures::shape::CHAR;

const CLOCK: ClockMap = ClockMap {
    zero_ms: 1000.0,
    plus_minus_ms: 0.2,
};

/// An entry at `at_ms` after the gateway's clock showed 0.
fn entry(no: u32, at_ms: f64, kind: Kind, what: What) -> Entry {
    Entry {
        no,
        at_ms: 1000.0 + at_ms,
        socket: Some(SocketId(1)),
        target: "line".to_owned(),
        kind: Some(kind),
        what,
    }
}

fn sent(bytes: &'static [u8], wrote_us: Option<u64>) -> What {
    What::Sent {
        bytes: Bytes::from_static(bytes),
        wrote_us,
        unknown: false,
    }
}

fn received(bytes: &'static [u8], clock_us: u64) -> What {
    What::Received {
        bytes: Bytes::from_static(bytes),
        datagram: false,
        truncated: false,
        clock_us,
    }
}

fn connected(connect_us: u64, clock_us: u64) -> What {
    What::Connected {
        local: "127.0.0.1:51844".to_owned(),
        peer: "127.0.0.1:21567".to_owned(),
        connect_us,
        clock_us,
    }
}

fn closed(reason: Reason, clock_us: u64) -> What {
    What::Closed {
        reason,
        detail: reason.sentence().to_owned(),
        clock_us,
    }
}

/// The exchange of the first visit: a line, a stamp, closed by the server.
fn one_line() -> Vec<Entry> {
    [
        (0.0, What::Connecting),
        (0.9, connected(58, 500)),
        (1.6, sent(b"hello\r\n", Some(2000))),
        (3.5, received(b"[Sun Nov 22 12:04:05 2026]hello\r\n", 2600)),
        (3.6, What::Eof { clock_us: 2650 }),
        (3.9, closed(Reason::Finished, 2700)),
    ]
    .into_iter()
    .zip(1..)
    .map(|((at, what), no)| entry(no, at, Kind::Tcp, what))
    .collect()
}

/// Half-close: the client is done first, the late reply still comes, a second later.
fn half_close() -> Vec<Entry> {
    [
        (0.0, What::Connecting),
        (1.0, connected(58, 500)),
        (2.0, sent(b"a\nb", Some(2300))),
        (2.1, What::ShutDown),
        (1003.0, received(b"late", 1_002_500)),
        (
            1003.1,
            What::Eof {
                clock_us: 1_002_600,
            },
        ),
        (1003.2, closed(Reason::Finished, 1_002_700)),
    ]
    .into_iter()
    .zip(1..)
    .map(|((at, what), no)| entry(no, at, Kind::Tcp, what))
    .collect()
}

/// The picture as lines of text.
fn dump(picture: &Picture) -> String {
    let mut out = format!("{} × {}\n", picture.width, picture.height);
    let text = |text: &Text| format!("{},{} {}", text.x, text.y, text.text);
    for head in &picture.heads {
        writeln!(out, "head {}", text(head)).unwrap();
    }
    for l in &picture.lifelines {
        let (dotted, ends) = (
            if l.dotted { " dotted" } else { "" },
            if l.ends { " ends" } else { "" },
        );
        writeln!(out, "life {} {}–{}{dotted}{ends}", l.x, l.y0, l.y1).unwrap();
    }
    for a in &picture.arrows {
        let label = format!("{}{}{}", a.label.lead, a.label.code, a.label.tail);
        let time = a.time.as_ref().map_or("no time".to_owned(), text);
        let dashed = if a.dashed { " dashed" } else { "" };
        writeln!(
            out,
            "{}: {:?} {:?}{dashed} {:?} → {:?} | {:?} {label} | {time} ({})",
            a.no,
            a.tone,
            a.ending,
            a.from,
            a.to,
            a.label_at,
            a.clock.as_str()
        )
        .unwrap();
    }
    for m in &picture.marks {
        writeln!(
            out,
            "mark {}: {:?} {:?} {} | {:?}",
            m.no,
            m.tone,
            m.at,
            text(&m.text),
            m.time.as_ref().map(text)
        )
        .unwrap();
    }
    for n in &picture.notes {
        writeln!(
            out,
            "note {} {} {}",
            n.no,
            if n.fold { "fold" } else { "" },
            text(&n.text)
        )
        .unwrap();
    }
    out
}

/// Compares with a golden file; `GOLDEN=write` writes it anew, to be looked at.
fn golden(name: &str, got: &str) {
    let path = format!(
        "{}/src/sequence/golden/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(&path, got).unwrap();
    }
    assert_eq!(got, std::fs::read_to_string(&path).unwrap(), "{path}");
}

#[test]
fn one_line_is_drawn_as_it_always_was() {
    golden(
        "one-line-wide",
        &dump(&layout(&one_line(), Some(CLOCK), Shape::Wide)),
    );
    golden(
        "one-line-narrow",
        &dump(&layout(&one_line(), Some(CLOCK), Shape::Narrow)),
    );
}

#[test]
fn a_half_closed_socket_is_drawn_as_it_always_was() {
    golden(
        "half-close-wide",
        &dump(&layout(&half_close(), Some(CLOCK), Shape::Wide)),
    );
}

#[test]
fn a_half_closed_sockets_lifelines_end_apart() {
    let picture = layout(&half_close(), Some(CLOCK), Shape::Wide);
    let solid_until = |x: i32| {
        let solid = |l: &&Lifeline| l.x == x && !l.dotted;
        picture
            .lifelines
            .iter()
            .filter(solid)
            .map(|l| l.y1)
            .max()
            .unwrap()
    };
    let (you, gateway, target) = (solid_until(84), solid_until(380), solid_until(676));
    assert!(you < target && target < gateway, "{you} {target} {gateway}");
    assert!(
        picture
            .notes
            .iter()
            .any(|n| n.fold && n.text.text.ends_with(" s pass"))
    );
}

#[test]
fn the_gateways_moments_say_whose_clock_they_are() {
    let steps = steps::steps(&one_line(), Some(CLOCK)).steps;
    let legs: Vec<_> = steps
        .iter()
        .filter(|s| s.no == 3)
        .map(|s| (s.clock, s.when_ms.map(|ms| (ms * 10.0).round() / 10.0)))
        .collect();
    assert_eq!(
        legs,
        [(Whose::Browser, Some(1.6)), (Whose::Gateway, Some(2.0))]
    );
    assert!(clock_words(Some(CLOCK)).contains("± 0.20 ms"));
    let unmapped = steps::steps(&one_line(), None).steps;
    assert!(
        unmapped
            .iter()
            .all(|s| (s.clock == Whose::Gateway) == s.when_ms.is_none())
    );
}

#[test]
fn no_effect_is_drawn_before_its_cause_however_wrong_the_clocks_are() {
    for zero_ms in [990.0, 1010.0] {
        let clock = ClockMap {
            zero_ms,
            plus_minus_ms: 10.0,
        };
        let steps = steps::steps(&one_line(), Some(clock)).steps;
        let place =
            |no: u32, clock: Whose| steps.iter().position(|s| s.no == no && s.clock == clock);
        assert!(
            place(1, Whose::Browser) < place(2, Whose::Gateway),
            "open, then SYN"
        );
        assert!(
            place(3, Whose::Browser) < place(3, Whose::Gateway),
            "sent, then written"
        );
        assert!(
            place(4, Whose::Gateway) < place(4, Whose::Browser),
            "read, then received"
        );
    }
}

#[test]
fn the_fin_of_a_shutdown_comes_after_the_bytes_before_it() {
    let steps = steps::steps(&half_close(), Some(CLOCK)).steps;
    let at = |no: u32| {
        steps
            .iter()
            .position(|s| s.no == no && s.to == Life::Target)
            .unwrap()
    };
    assert!(at(3) < at(4));
    assert_eq!(steps[at(4)].when_ms, None, "nobody measures when it left");
}

#[test]
fn each_way_of_failing_looks_different() {
    let fail = |kind, reason| {
        let entries = [
            entry(1, 0.0, kind, What::Connecting),
            entry(2, 2.0, kind, closed(reason, 1500)),
        ];
        let picture = layout(&entries, Some(CLOCK), Shape::Wide);
        let words = |a: &Arrow| format!("{:?} {}", a.ending, a.label.lead);
        picture.arrows[1..].iter().map(words).collect::<Vec<_>>()
    };
    assert_eq!(
        fail(Kind::Tcp, Reason::Refused),
        [
            "Arrives SYN",
            "Arrives ✕ RST: nothing listens",
            "Arrives ✕ connection refused"
        ]
    );
    assert_eq!(
        fail(Kind::Tcp, Reason::ConnectTimeout),
        ["Lost SYN … no answer", "Arrives ✕ timed out"]
    );
    assert_eq!(
        fail(Kind::Unix, Reason::NoSuchPath),
        ["Arrives ✕ no such path"]
    );
    let refused = layout(
        &[
            entry(1, 0.0, Kind::Udp, What::Connecting),
            entry(2, 0.5, Kind::Udp, connected(9, 200)),
            entry(3, 1.0, Kind::Udp, sent(b"x", Some(1200))),
            entry(4, 2.0, Kind::Udp, closed(Reason::Refused, 1500)),
        ],
        Some(CLOCK),
        Shape::Wide,
    );
    let leads: Vec<_> = refused
        .arrows
        .iter()
        .map(|a| a.label.lead.as_str())
        .collect();
    assert_eq!(
        leads,
        [
            "open line",
            "connect sends nothing here",
            "▶ ",
            "datagram, 1 B",
            "✕ ICMP: port unreachable",
            "✕ connection refused"
        ]
    );
}

#[test]
fn bytes_that_may_never_have_arrived_are_drawn_so() {
    let what = What::Sent {
        bytes: Bytes::from_static(b"hello"),
        wrote_us: None,
        unknown: true,
    };
    let picture = layout(&[entry(1, 0.0, Kind::Tcp, what)], None, Shape::Wide);
    assert_eq!(picture.arrows.len(), 1);
    assert_eq!(picture.arrows[0].ending, Ending::Unknown);
}

#[test]
fn a_long_story_is_bounded_and_says_how_much_is_left_out() {
    let entries: Vec<_> = (1..=1000)
        .map(|no| {
            entry(
                no,
                f64::from(no),
                Kind::Tcp,
                received(b"x", u64::from(no) * 1000 - 500),
            )
        })
        .collect();
    let picture = layout(&entries, Some(CLOCK), Shape::Wide);
    assert_eq!(picture.arrows.len(), 80);
    let notes: Vec<_> = picture.notes.iter().map(|n| n.text.text.as_str()).collect();
    assert_eq!(notes, ["960 more entries, not drawn"]);
    assert_eq!(picture.arrows.last().unwrap().no, 1000);
}

#[test]
fn the_summary_tells_it_to_those_who_listen() {
    let steps = steps::steps(&one_line(), Some(CLOCK));
    assert_eq!(
        summary(&steps, "line"),
        "Sequence of what happened between you, the gateway and line: open a socket to line; \
         SYN … connected in 58 µs; sent 7 bytes; received 33 bytes; the server is done (FIN): an \
         empty read; closed: both sides are done. In all 3.9 ms."
    );
    assert!(summary(&Steps::default(), "line").ends_with("nothing yet."));
}

mod any;
mod seen;

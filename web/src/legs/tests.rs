use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn entry(no: u32, at_ms: f64, what: What) -> Entry {
    Entry {
        no,
        at_ms,
        socket: None,
        target: String::new(),
        kind: None,
        what,
    }
}
fn sent(wrote_us: Option<u64>) -> What {
    What::Sent {
        bytes: Bytes::from_static(b"x"),
        wrote_us,
        unknown: false,
    }
}
fn received(clock_us: u64) -> What {
    What::Received {
        bytes: Bytes::from_static(b"y"),
        datagram: false,
        truncated: false,
        clock_us,
    }
}
fn connected(connect_us: u64, clock_us: u64) -> What {
    What::Connected {
        local: String::new(),
        peer: String::new(),
        connect_us,
        clock_us,
    }
}
fn clock(zero_ms: f64) -> Option<ClockMap> {
    Some(ClockMap {
        zero_ms,
        plus_minus_ms: 0.2,
    })
}
fn figures(legs: &Legs) -> Vec<(&str, f64)> {
    legs.legs
        .iter()
        .map(|leg| (leg.name, (leg.ms * 1000.0).round() / 1000.0))
        .collect()
}

#[test]
fn what_is_held_on_purpose_is_not_the_servers() {
    let held = |direction, held_us, clock_us| What::Fault {
        direction,
        did: FaultDid::Passed { bytes: 1, held_us },
        clock_us,
    };
    let entries = [
        entry(1, 10.0, sent(Some(10_400))),
        entry(2, 11.0, held(Direction::ToTarget, 300, 10_700)),
        entry(3, 20.0, held(Direction::FromTarget, 8_000, 18_900)),
        entry(4, 20.5, received(19_000)),
        entry(5, 30.0, held(Direction::FromTarget, 9_000, 29_000)),
    ];
    let legs = legs(&entries, None).unwrap();
    let part = |part| legs.legs.iter().find(|it| it.part == part).map(|it| it.ms);
    assert_eq!(part(Part::Made), Some(8.3));
    assert!((part(Part::Server).unwrap() - 0.3).abs() < 0.001);
}

#[test]
fn an_exchange_is_cut_into_its_legs() {
    let entries = [
        entry(1, 10.0, sent(Some(10_400))),
        entry(2, 12.0, received(11_100)),
    ];
    let legs = legs(&entries, clock(0.0)).unwrap();
    assert_eq!(
        figures(&legs),
        [
            ("browser → gateway", 0.4),
            ("gateway ↔ server", 0.7),
            ("gateway → browser", 0.9)
        ]
    );
    assert_eq!((legs.total_ms, legs.notes.len()), (2.0, 0));
    assert_eq!(legs.legs[0].plus_minus_ms, Some(0.2));
    assert_eq!(
        legs.legs[1].plus_minus_ms, None,
        "one clock measured both ends"
    );
}

#[test]
fn connecting_is_a_leg_of_its_own_before_the_send_or_inside_it() {
    let before = [
        entry(1, 8.0, connected(58, 7_500)),
        entry(2, 10.0, sent(Some(10_400))),
        entry(3, 12.0, received(11_100)),
    ];
    assert_eq!(
        figures(&legs(&before, clock(0.0)).unwrap())[..2],
        [("connect", 0.058), ("browser → gateway", 0.4)]
    );
    let inside = [
        entry(1, 10.0, sent(Some(10_400))),
        entry(2, 11.0, connected(100, 10_390)),
        entry(3, 12.0, received(11_100)),
    ];
    let legs = legs(&inside, clock(0.0)).unwrap();
    assert_eq!(
        figures(&legs)[..2],
        [("browser → gateway", 0.3), ("connect", 0.1)]
    );
    assert!((legs.legs.iter().map(|leg| leg.ms).sum::<f64>() - legs.total_ms).abs() < 1e-9);
}

#[test]
fn a_send_in_the_same_moment_as_the_open_has_the_connecting_inside_whatever_the_clocks_say() {
    let entries = [
        entry(1, 10.0, What::Connecting),
        entry(2, 10.0, sent(Some(10_400))),
        entry(3, 11.0, connected(100, 10_390)),
        entry(4, 12.0, received(11_100)),
    ];
    for clock in [clock(0.0), clock(-5.0), None] {
        let legs = legs(&entries, clock).unwrap();
        let sum: f64 = legs.legs.iter().map(|leg| leg.ms).sum();
        assert!((sum - legs.total_ms).abs() < 1e-9, "{legs:?}");
        assert!(legs.legs.iter().any(|leg| leg.part == Part::Connect));
    }
}

#[test]
fn a_wrong_clock_makes_no_negative_time_and_it_is_said() {
    let entries = [
        entry(1, 10.0, sent(Some(10_400))),
        entry(2, 12.0, received(11_100)),
    ];
    let legs = legs(&entries, clock(-0.6)).unwrap();
    assert_eq!(figures(&legs)[0], ("browser → gateway", 0.0));
    assert_eq!(
        figures(&legs)[2],
        ("gateway → browser", 1.3),
        "the sum of both ways stays"
    );
    assert!(
        legs.notes[0].contains("moved by 0.20 ms"),
        "{:?}",
        legs.notes
    );
}

#[test]
fn what_is_not_known_is_not_made_up() {
    let entries = [entry(1, 10.0, sent(None)), entry(2, 12.0, received(11_100))];
    assert_eq!(
        figures(&legs(&entries, clock(0.0)).unwrap()),
        [("there and back", 2.0)]
    );
    let entries = [
        entry(1, 10.0, sent(Some(10_400))),
        entry(2, 12.0, received(11_100)),
    ];
    let unmapped = legs(&entries, None).unwrap();
    assert_eq!(figures(&unmapped)[1], ("browser ↔ gateway, both ways", 1.3));
    assert_eq!(legs(&entries[..1], clock(0.0)), None);
    assert_eq!(legs(&[], None), None);
}

#[test]
fn an_exchange_is_one_send_and_what_came_back() {
    let entries = [
        entry(1, 0.0, What::Connecting),
        entry(2, 1.0, connected(58, 500)),
        entry(3, 2.0, sent(None)),
        entry(4, 3.0, received(2_500)),
        entry(5, 4.0, sent(None)),
        entry(6, 5.0, received(4_500)),
        entry(7, 6.0, What::Eof { clock_us: 5_500 }),
    ];
    let nos = |no| {
        exchange(&entries, no)
            .iter()
            .map(|e| e.no)
            .collect::<Vec<_>>()
    };
    for no in 1..=4 {
        assert_eq!(nos(no), [1, 2, 3, 4], "{no}");
    }
    for no in 5..=7 {
        assert_eq!(nos(no), [5, 6, 7], "{no}");
    }
    assert_eq!(nos(8), Vec::<u32>::new());
}

proptest! {
    #[test]
    fn legs_are_never_negative_and_add_up(
        sent_ms in 0.0..9.0f64, took in 0.0..9.0f64, wrote in 0..20_000u64, wait in 0..20_000u64, zero in -9.0..9.0f64
    ) {
        let entries = [entry(1, sent_ms, sent(Some(wrote))), entry(2, sent_ms + took, received(wrote + wait))];
        let legs = legs(&entries, clock(zero)).unwrap();
        let sum: f64 = legs.legs.iter().map(|leg| leg.ms).sum();
        prop_assert!(legs.legs.iter().all(|leg| leg.ms >= 0.0));
        prop_assert!((sum - legs.total_ms).abs() < 1e-6 || !legs.notes.is_empty());
        let bar = bar(&legs.legs, 320);
        let mut end = 0;
        for (x, w) in bar {
            prop_assert!(x == end && w >= 0);
            end = x + w;
        }
        prop_assert!(end == 320 || (sum <= 0.0 && end == 0));
    }
}

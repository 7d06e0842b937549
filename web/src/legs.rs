//! Where the time of one exchange went, leg by leg, and how far each figure may be trusted.

use crate::model::{ClockMap, Entry, What, Whose, ms_text};

/// One leg of an exchange's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// From where to where.
    pub name: &'static str,
    /// How long, in ms; never negative.
    pub ms: f64,
    /// How far off it may be, in ms; `None` where one clock measured both ends.
    pub plus_minus_ms: Option<f64>,
    /// Whose clock.
    pub clock: Whose,
    /// For its colour: a leg of the way there, of the connection, of the server, of the way back.
    pub part: Part,
}

/// Which part of an exchange a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The way there.
    There,
    /// Connecting.
    Connect,
    /// The gateway's wait for the server.
    Server,
    /// The way back.
    Back,
    /// Both ways, where they cannot be told apart.
    Whole,
}

/// The legs of one exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Legs {
    /// In order of time.
    pub legs: Vec<Leg>,
    /// From the page's send to the page's receipt, by the browser's clock, in ms.
    pub total_ms: f64,
    /// What must be said about the figures, in sentences.
    pub notes: Vec<String>,
}

/// The entries of the exchange that entry `no` is a part of: a send, what came back until the next
/// send, and the connecting before it if this was the socket's first send.
pub fn exchange(entries: &[Entry], no: u32) -> &[Entry] {
    let Some(at) = entries.iter().position(|entry| entry.no == no) else {
        return &[];
    };
    let is_sent = |entry: &Entry| matches!(entry.what, What::Sent { .. });
    // What comes before the first send belongs to that send.
    let start = match entries[..=at].iter().rposition(is_sent) {
        Some(sent) if entries[..sent].iter().any(is_sent) => sent,
        _ => 0,
    };
    let first = entries[start..]
        .iter()
        .position(is_sent)
        .map_or(entries.len(), |i| start + i);
    let end = entries
        .iter()
        .skip(first + 1)
        .position(is_sent)
        .map_or(entries.len(), |i| first + 1 + i);
    &entries[start..end]
}

/// The legs of one exchange's entries: of its first send, and of the first bytes that came back
/// after it. `None` where nothing was sent, or nothing came back.
pub fn legs(entries: &[Entry], clock: Option<ClockMap>) -> Option<Legs> {
    let (sent_at, sent_ms, wrote_us) =
        entries
            .iter()
            .enumerate()
            .find_map(|(i, entry)| match entry.what {
                What::Sent { wrote_us, .. } => Some((i, entry.at_ms, wrote_us)),
                _ => None,
            })?;
    let (received_ms, read_us) = entries[sent_at..]
        .iter()
        .find_map(|entry| match entry.what {
            What::Received { clock_us, .. } => Some((entry.at_ms, clock_us)),
            _ => None,
        })?;
    let connect = entries.iter().find_map(|entry| match entry.what {
        What::Connected {
            connect_us,
            clock_us,
            ..
        } => Some((connect_us, clock_us)),
        _ => None,
    });

    let total_ms = received_ms - sent_ms;
    let mut out = Legs {
        legs: Vec::new(),
        total_ms: total_ms.max(0.0),
        notes: Vec::new(),
    };
    let Some(wrote_us) = wrote_us else {
        out.legs.push(Leg {
            name: "there and back",
            ms: out.total_ms,
            plus_minus_ms: None,
            clock: Whose::Browser,
            part: Part::Whole,
        });
        out.notes.push(
            "The gateway has not said when it wrote, so the legs cannot be told apart.".to_owned(),
        );
        return Some(out);
    };

    let connect_leg = connect.map(|(connect_us, clock_us)| {
        // A page may send before it knows that it is connected; then this time is a part of the way.
        let inside = sent_is_before(clock, sent_ms, clock_us) && clock_us <= wrote_us;
        (connect_us as f64 / 1000.0, inside)
    });
    let server_ms = read_us.saturating_sub(wrote_us) as f64 / 1000.0;
    let connect_inside = connect_leg.map_or(0.0, |(ms, inside)| if inside { ms } else { 0.0 });
    // Both ways together need no comparison of clocks: each clock measured its own span.
    let ways = total_ms - server_ms - connect_inside;
    let ways_ms = ways.max(0.0);
    if ways < -0.001 || read_us < wrote_us {
        out.notes.push(
            "The gateway measured a longer time than the browser: the browser's clock is coarse or \
             was set meanwhile, so the ways there and back show 0."
                .to_owned(),
        );
    }
    if let Some((ms, _)) = connect_leg {
        out.legs.push(Leg {
            name: "connect",
            ms,
            plus_minus_ms: None,
            clock: Whose::Gateway,
            part: Part::Connect,
        });
    }
    let server = Leg {
        name: "gateway ↔ server",
        ms: server_ms,
        plus_minus_ms: None,
        clock: Whose::Gateway,
        part: Part::Server,
    };
    let Some(clock) = clock else {
        out.legs.push(server);
        out.legs.push(Leg {
            name: "browser ↔ gateway, both ways",
            ms: ways_ms,
            plus_minus_ms: None,
            clock: Whose::Both,
            part: Part::Whole,
        });
        out.notes.push(
            "The two clocks are not compared yet, so the ways there and back are one figure."
                .to_owned(),
        );
        return Some(out);
    };
    let there = clock.browser_ms(wrote_us) - sent_ms - connect_inside;
    // Their sum is sure, the cut between them is not; no way takes less than no time.
    let there_ms = there.clamp(0.0, ways_ms);
    if (there - there_ms).abs() > 0.001 && ways >= -0.001 {
        out.notes.push(format!(
            "The clocks are compared to ± {} only; the cut between the way there and the way back \
             was moved by {}, so that neither is below 0.",
            ms_text(clock.plus_minus_ms),
            ms_text((there - there_ms).abs()),
        ));
    }
    let plus_minus_ms = Some(clock.plus_minus_ms);
    let there = Leg {
        name: "browser → gateway",
        ms: there_ms,
        plus_minus_ms,
        clock: Whose::Both,
        part: Part::There,
    };
    let first = if connect_inside > 0.0 {
        0
    } else {
        out.legs.len()
    };
    out.legs.insert(first, there);
    out.legs.push(server);
    out.legs.push(Leg {
        name: "gateway → browser",
        ms: ways_ms - there_ms,
        plus_minus_ms,
        clock: Whose::Both,
        part: Part::Back,
    });
    Some(out)
}

/// Whether the page sent before the moment `clock_us` of the gateway's clock.
fn sent_is_before(clock: Option<ClockMap>, sent_ms: f64, clock_us: u64) -> bool {
    clock.is_some_and(|clock| sent_ms < clock.browser_ms(clock_us))
}

/// The bar of some legs, `width` units long: where each part begins, and how wide it is.
///
/// Each leg that took any time is seen (2 units at least), and the parts fill the bar.
pub fn bar(legs: &[Leg], width: i32) -> Vec<(i32, i32)> {
    const LEAST: f64 = 2.0;
    let total: f64 = legs.iter().map(|leg| leg.ms).sum();
    if total <= 0.0 {
        return legs.iter().map(|_| (0, 0)).collect();
    }
    let wide =
        |leg: &Leg| (leg.ms / total * f64::from(width)).max(if leg.ms > 0.0 { LEAST } else { 0.0 });
    let sum: f64 = legs.iter().map(wide).sum();
    let mut reached = 0.0;
    legs.iter()
        .map(|leg| {
            let x = reached / sum * f64::from(width);
            reached += wide(leg);
            let end = reached / sum * f64::from(width);
            (x.round() as i32, end.round() as i32 - x.round() as i32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
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
}

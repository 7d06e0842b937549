//! Whatever happened, its picture can be read.

use super::*;

/// From a label's lowest line to its top.
const LABEL_HEIGHT: i32 = 13;

/// The boxes that texts take, as (x0, y0, x1, y1), by the width of the widest face.
fn boxes(picture: &Picture) -> Vec<(i32, i32, i32, i32)> {
    let width = |text: &str| text.chars().count() as i32 * CHAR / 10;
    let middle = |x: i32, y: i32, w: i32| (x - w / 2, y - LABEL_HEIGHT + 3, x + w / 2, y + 3);
    let mut out = Vec::new();
    for a in &picture.arrows {
        let w = width(&a.label.lead) + width(&a.label.code) + width(&a.label.tail);
        out.push(middle(a.label_at.0, a.label_at.1, w));
        if let Some(t) = &a.time {
            let w = width(&t.text);
            let x0 = if a.clock == Whose::Gateway {
                t.x
            } else {
                t.x - w
            };
            out.push((x0, t.y - LABEL_HEIGHT + 3, x0 + w, t.y + 3));
        }
        if let Some(t) = &a.landed {
            let w = width(&t.text);
            let left = t.x < a.from.0.min(a.to.0);
            let x0 = if left { t.x - w } else { t.x };
            out.push((x0, t.y - LABEL_HEIGHT + 3, x0 + w, t.y + 3));
        }
    }
    for m in &picture.marks {
        let w = width(&m.text.text);
        let x0 = if m.before { m.text.x - w } else { m.text.x };
        out.push((x0, m.text.y - LABEL_HEIGHT + 3, x0 + w, m.text.y + 3));
        if let Some(t) = &m.time {
            out.push((t.x, t.y - LABEL_HEIGHT + 3, t.x + width(&t.text), t.y + 3));
        }
    }
    for n in &picture.notes {
        out.push(middle(n.text.x, n.text.y, width(&n.text.text)));
    }
    for h in &picture.heads {
        out.push(middle(h.x, h.y, width(&h.text)));
    }
    out
}

fn any_server() -> impl Strategy<Value = ServerDid> {
    let bytes = 0..90u32;
    prop_oneof![
        Just(ServerDid::Accepted),
        bytes.clone().prop_map(|bytes| ServerDid::Recv { bytes }),
        bytes.clone().prop_map(|bytes| ServerDid::RecvCut {
            bytes,
            of: bytes + 9
        }),
        Just(ServerDid::Eof),
        bytes.prop_map(|bytes| ServerDid::Sent { bytes }),
        Just(ServerDid::TimedOut),
        "\\PC{0,99}".prop_map(|detail| ServerDid::Ignored { detail }),
        "\\PC{0,99}".prop_map(|detail| ServerDid::Failed { detail }),
        Just(ServerDid::Closed),
    ]
}

fn any_fault() -> impl Strategy<Value = FaultDid> {
    let bytes = 0..90u32;
    prop_oneof![
        (bytes.clone(), 0..900_000u64)
            .prop_map(|(bytes, held_us)| FaultDid::Passed { bytes, held_us }),
        bytes.clone().prop_map(|bytes| FaultDid::Cut { bytes }),
        bytes.clone().prop_map(|bytes| FaultDid::Dropped { bytes }),
        bytes
            .clone()
            .prop_map(|bytes| FaultDid::Duplicated { bytes }),
        bytes
            .clone()
            .prop_map(|bytes| FaultDid::Reordered { bytes }),
        bytes
            .clone()
            .prop_map(|bytes| FaultDid::Corrupted { bytes, at: 0 }),
        bytes.prop_map(|bytes| FaultDid::Truncated {
            bytes,
            of: bytes + 3
        }),
        (0..900_000u64).prop_map(|held_us| FaultDid::ClosedLate { held_us }),
        Just(FaultDid::Limited),
        Just(FaultDid::Reset),
        Just(FaultDid::Refused),
    ]
}

fn any_what() -> impl Strategy<Value = What> {
    let clock = 0..4_000_000u64;
    let payload = proptest::collection::vec(any::<u8>(), 0..80).prop_map(Bytes::from);
    prop_oneof![
        Just(What::Connecting),
        (clock.clone(), 0..9999u64).prop_map(|(at, us)| connected(us, at)),
        (
            payload.clone(),
            proptest::option::of(clock.clone()),
            any::<bool>()
        )
            .prop_map(|(bytes, wrote_us, unknown)| What::Sent {
                bytes,
                wrote_us,
                unknown
            }),
        (payload, clock.clone(), any::<bool>(), any::<bool>()).prop_map(
            |(bytes, clock_us, datagram, truncated)| What::Received {
                bytes,
                datagram,
                truncated,
                clock_us
            }
        ),
        Just(What::ShutDown),
        clock.clone().prop_map(|clock_us| What::Eof { clock_us }),
        (0..Reason::ALL.len(), clock.clone()).prop_map(|(i, at)| closed(Reason::ALL[i], at)),
        (any_server(), clock.clone()).prop_map(|(did, clock_us)| What::Server { did, clock_us }),
        (any_fault(), any::<bool>(), clock.clone()).prop_map(|(did, back, clock_us)| What::Fault {
            direction: if back {
                Direction::FromTarget
            } else {
                Direction::ToTarget
            },
            did,
            clock_us
        }),
        "\\PC{0,99}".prop_map(What::Notice),
        "\\PC{0,99}".prop_map(What::Trouble),
    ]
}

proptest! {
    #[test]
    fn no_two_texts_overlap_and_time_runs_down(
        whats in proptest::collection::vec((0..900_000u32, any_what()), 0..40),
        kind in prop_oneof![Just(Kind::Tcp), Just(Kind::Udp), Just(Kind::Unix)],
        target in "[a-z]{1,64}",
        mapped: bool,
        narrow: bool,
    ) {
        let mut at = 0.0;
        let entries: Vec<_> = whats.into_iter().zip(1..).map(|((gap, what), no)| {
            at += f64::from(gap) / 1000.0;
            Entry { target: target.clone(), ..entry(no, at, kind, what) }
        }).collect();
        let shape = if narrow { Shape::Narrow } else { Shape::Wide };
        let picture = layout(&entries, mapped.then_some(CLOCK), shape);
        prop_assert!(picture.arrows.len() <= 3 * steps::MOST);
        prop_assert!(picture.arrows.is_sorted_by_key(|a| a.from.1));
        let boxes = boxes(&picture);
        for (i, a) in boxes.iter().enumerate() {
            prop_assert!(a.0 >= 0 && a.2 <= picture.width && a.1 >= 0 && a.3 <= picture.height, "{a:?}");
            for b in &boxes[..i] {
                let apart = a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1;
                prop_assert!(apart, "{:?} over {:?} in\n{}", a, b, dump(&picture));
            }
        }
        for l in &picture.lifelines {
            prop_assert!(l.y0 < l.y1 && l.y1 <= picture.height);
        }
    }
}

use chalkwire_shared::close::Reason;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Happened, RoomId, State};
use proptest::prelude::*;

use super::made_up::{AT_US, after, at_once, iterative};
use super::*;
use crate::pictures::golden::{golden, sound};
use crate::pictures::shape::{Form, Width};
use crate::pictures::svg;
use crate::state::settings::Theme;

fn whole(it: &Seen) -> Class {
    it.class(AT_US + 60_000_000, Order::Served)
}

fn says(class: &Class) -> String {
    let it = headline(class, 0, true);
    let mut all = vec![it.title() + "."];
    all.extend(it.says.clone());
    all.extend(it.hold.clone());
    all.join(" ")
}

fn drawn(name: &str, class: &Class) {
    golden(name, &story(class), |width| draw(class, Sheet::of(width)).0);
}

fn names(class: &Class) -> Vec<&str> {
    class.rows.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn a_class_at_an_iterative_server_is_a_staircase() {
    let class = whole(&iterative(20, None));
    assert_eq!(
        says(&class),
        "Everyone sent to iterative at 12:04:05.000. One client at a time, about 50.3 ms each: the \
         last of 20 replies came after 3.32 s. At most 6 waited in the accept queue (the backlog \
         is 5); 13 were let in late, by a SYN that was sent again."
    );
    drawn("class-iterative", &class);
}

#[test]
fn who_says_nothing_holds_the_server_and_all_see_for_how_long() {
    let class = whole(&iterative(20, Some(2)));
    assert_eq!(
        headline(&class, 0, true).hold.unwrap(),
        "lynx, as planned, connected, said nothing and held the server for 5.00 s: 19 others \
         waited for it."
    );
    assert!(says(&class).contains("6 failed: timed out."));
    drawn("class-idler", &class);
}

#[test]
fn who_was_served_before_did_not_wait_for_the_one_who_says_nothing() {
    // This one is let in after a second only: by then seven are done.
    let class = whole(&iterative(20, Some(1)));
    let hold = class.figures.hold.as_ref().unwrap();
    let before = class.rows.iter();
    let before = before.filter(|it| it.replied_ms.is_some_and(|ms| ms <= hold.from_ms));
    assert!(before.clone().count() >= 7);
    assert_eq!(hold.waited + before.count() + 1, 20);
}

#[test]
fn where_all_are_served_at_once_nobody_waits_for_who_says_nothing() {
    let class = whole(&at_once("threaded", Serving::Threaded, 20, Some(3)));
    assert_eq!(
        says(&class),
        "Everyone sent to threaded at 12:04:05.000. A thread for each client, about 50.5 ms each, \
         19 at once: the last of 19 replies came after 53.9 ms. At most 1 waited in the accept \
         queue (the backlog is 5). wren, as planned, connected, said nothing and held a thread for \
         5.00 s: nobody waited for it."
    );
    // Its bar of five seconds would make lines of all others: it is cut.
    assert!(class.axis_ms < 100.0 && class.end_ms > 5_000.0);
    drawn("class-threaded", &class);
}

#[test]
fn who_was_reset_did_not_wait_for_who_says_nothing() {
    let mut it = at_once("threaded", Serving::Threaded, 20, Some(3));
    for sender in &mut it.senders[10..15] {
        let exchange = sender.exchange.as_mut().unwrap();
        (exchange.accepted_us, exchange.recv_us, exchange.replied_us) = (None, None, None);
        (exchange.over_us, exchange.reason) = (Some(900_000), Some(Reason::Reset));
    }
    let said = says(&whole(&it));
    assert!(said.contains("5 failed: reset."), "{said}");
    assert!(said.ends_with("nobody waited for it."), "{said}");
}

#[test]
fn datagrams_have_no_queue_and_claim_none() {
    let class = whole(&at_once("udp", Serving::Datagrams, 8, None));
    assert_eq!(
        says(&class),
        "Everyone sent to udp at 12:04:05.000. No connections and no accept queue: a datagram, a \
         datagram. The last of 8 replies came after 3.2 ms."
    );
    drawn("class-udp", &class);
}

#[test]
fn of_a_server_that_is_not_ours_only_what_was_seen_is_said() {
    let mut it = at_once("school", Serving::Unknown, 6, None);
    it.gauges.clear();
    for sender in &mut it.senders {
        let exchange = sender.exchange.as_mut().unwrap();
        (exchange.accepted_us, exchange.recv_us) = (None, None);
    }
    let class = whole(&it);
    let said = says(&class);
    assert!(
        said.contains("12:04:05.000. The last of 6 replies came after"),
        "{said}"
    );
    assert!(
        class
            .rows
            .iter()
            .all(|it| it.in_phase(Phase::Queued) == 0.0)
    );
}

#[test]
fn what_is_not_over_grows_and_the_axis_does_not_creep() {
    let (it, now) = after(iterative(20, Some(2)), 1_700);
    let class = it.class(now, Order::Served);
    assert_eq!(
        says(&class),
        "Everyone is sending to iterative at 12:04:05.000. One client at a time: no reply yet. 6 \
         wait in the accept queue now, at most 6 (the backlog is 5). lynx, as planned, connected, \
         says nothing and holds the server for 1.70 s so far: 19 others wait for it."
    );
    assert_eq!((class.end_ms, class.axis_ms), (1_700.0, 2_000.0));
    let later = it.class(now + 200_000, Order::Served);
    assert_eq!((later.end_ms, later.axis_ms), (1_900.0, 2_000.0));
    assert_eq!(names(&class), names(&later));
    drawn("class-live", &class);
}

#[test]
fn before_the_instant_there_is_only_what_is_to_come() {
    let (mut it, _) = after(iterative(5, None), 0);
    it.senders.iter_mut().for_each(|it| it.exchange = None);
    let class = it.class(AT_US - 3_000_000, Order::Served);
    assert!(class.rows.is_empty() && summary(&class) == "Nobody has sent yet.");
    let said = headline(&class, 60, false);
    assert_eq!(said.title(), "Everyone sends to iterative at 13:04:05.000");
    assert!(said.says.is_empty());
}

#[test]
fn members_stand_as_they_were_served_or_done_or_by_name() {
    let it = iterative(8, Some(1));
    let of = |order| it.class(AT_US + 60_000_000, order);
    let by_name = of(Order::Name);
    assert_eq!(
        names(&by_name),
        [
            "crane", "heron", "ibex", "lynx", "moth", "otter", "seal", "wren"
        ]
    );
    let times = |class: &Class, of: fn(&Row) -> Option<f64>| {
        let times: Vec<_> = class.rows.iter().filter_map(of).collect();
        assert!(times.is_sorted(), "{times:?}");
    };
    times(&of(Order::Served), |it| it.accepted_ms);
    times(&of(Order::Done), |it| it.replied_ms);
}

#[test]
fn names_that_end_in_numbers_stand_by_the_number() {
    let mut it = iterative(12, None);
    for (no, sender) in it.senders.iter_mut().enumerate() {
        sender.name = format!("member {}", no + 1);
    }
    let class = it.class(AT_US + 60_000_000, Order::Name);
    assert_eq!(names(&class)[..3], ["member 1", "member 2", "member 3"]);
    assert_eq!(names(&class)[11], "member 12");
}

#[test]
fn hidden_names_are_nowhere_in_the_picture() {
    let mut state = State::new(RoomId::from_random([1; 8]));
    let made = iterative(5, None);
    let mut whats: Vec<_> = made
        .senders
        .iter()
        .map(|it| Happened::Joined {
            member: it.member,
            name: it.name.clone(),
            role: Role::Student,
        })
        .collect();
    whats.push(Happened::Joined {
        member: MemberId(6),
        name: "Ada".to_owned(),
        role: Role::Teacher,
    });
    whats.push(Happened::Armed {
        run: made.armed.run,
        plan: made.armed.plan.clone(),
        at_us: AT_US,
    });
    whats.extend(made.senders.iter().map(|it| Happened::Exchange {
        member: it.member,
        exchange: Box::new(it.exchange.clone().unwrap()),
    }));
    for what in whats {
        let event = state.event(1, AT_US, MemberId(1), None, what);
        state.apply(&event).unwrap();
    }
    let drawn = |hidden| {
        let seen = Seen::of(&state, &made.gauges, &[], Some(MemberId(2)), hidden).unwrap();
        let class = whole(&seen);
        let (picture, _) = draw(&class, Sheet::of(Width::Wide));
        svg::document(&picture, &story(&class), Theme::Light)
    };
    let (shown, hidden) = (drawn(false), drawn(true));
    for it in &made.senders {
        assert!(
            shown.contains(&it.name) && !hidden.contains(&it.name),
            "{}",
            it.name
        );
    }
    assert!(hidden.contains("member 4"));
    assert!(
        !shown.contains("Ada"),
        "a teacher who does not send has no row"
    );
}

/// Writes pictures of classes of all sizes to `target/pictures/`, to be looked at.
#[test]
fn classes_of_every_size_stay_inside_their_picture_and_cost_little() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pictures");
    std::fs::create_dir_all(dir).unwrap();
    for (name, it) in [
        ("6", iterative(6, None)),
        ("60-idler", iterative(60, Some(4))),
        ("500", iterative(500, None)),
        ("500-idler", iterative(500, Some(4))),
        (
            "12-process",
            at_once("process", Serving::Process, 12, Some(3)),
        ),
        (
            "500-evented",
            at_once("evented", Serving::Evented, 500, None),
        ),
    ] {
        let class = whole(&it);
        let story = story(&class);
        for width in Width::ALL {
            let (picture, rows) = draw(&class, Sheet::of(width));
            sound(&picture, &story);
            assert_eq!(rows.count, class.rows.len());
            if rows.count > 100 {
                // As many elements as for six.
                assert!(picture.shapes.len() < 100, "{}", picture.shapes.len());
                assert!(picture.height < 900, "{}", picture.height);
            }
            for theme in [Theme::Light, Theme::Dark, Theme::Projector] {
                let svg = svg::document(&picture, &story, theme);
                let width = if width == Width::Wide { "" } else { "-narrow" };
                let path = format!("{dir}/class-of-{name}{width}-{}.svg", theme.key());
                std::fs::write(path, svg).unwrap();
            }
        }
    }
}

#[test]
fn a_pointer_finds_the_row_that_is_drawn_there() {
    for count in [1, 20, 77, 500] {
        let class = whole(&iterative(count, None));
        let (picture, rows) = draw(&class, Sheet::of(Width::Wide));
        for row in 0..count {
            let (y, h) = rows.at(row);
            let found = rows.find(f64::from(y) + f64::from(h) / 2.0).unwrap();
            // Rows that are lower than a unit share one.
            assert!(
                found.abs_diff(row) <= usize::from(count > 400),
                "{count} {row} {found}"
            );
            assert!(y + h <= picture.height);
        }
        assert_eq!(rows.find(f64::from(rows.top) - 1.0), None);
        assert_eq!(rows.find(f64::from(rows.top + rows.height)), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_is_told_is_drawn_inside_its_picture(
        marks in proptest::collection::vec(
            proptest::collection::vec(proptest::option::of(0u32..9_000_000), 6), 1..40),
        now_ms in 0u64..20_000, over: bool, width in 280i32..1600, rows in 60i32..900,
        serving in 0usize..7, name in "\\PC{1,24}",
    ) {
        let mut it = iterative(marks.len(), None);
        it.serving = [
            Serving::Iterative, Serving::Threaded, Serving::Process, Serving::Select,
            Serving::Evented, Serving::Datagrams, Serving::Unknown,
        ][serving];
        it.armed.over = over;
        for (sender, marks) in it.senders.iter_mut().zip(marks) {
            sender.name.clone_from(&name);
            let exchange = sender.exchange.as_mut().unwrap();
            exchange.connected_us = marks[0];
            exchange.accepted_us = marks[1];
            exchange.sent_us = marks[2];
            exchange.recv_us = marks[3];
            exchange.replied_us = marks[4];
            exchange.over_us = marks[5];
        }
        let class = it.class(AT_US + now_ms * 1000, Order::Served);
        for row in &class.rows {
            let ends: Vec<f64> = row.spans.iter().flat_map(|it| [it.1, it.2]).collect();
            prop_assert!(ends.is_sorted(), "{:?}", row);
        }
        let (picture, _) = draw(&class, Sheet { width, rows, highest: 30 });
        // Of rows all are drawn, of names as much as there is room for.
        for shape in picture.shapes.iter().filter(|it| !matches!(it.form, Form::Text { .. })) {
            let (x0, y0, x1, y1) = shape.bounds();
            prop_assert!(x0 >= 0 && y0 >= 0 && x1 <= width && y1 <= picture.height, "{:?}", shape);
        }
        let _ = (says(&class), story(&class));
    }
}

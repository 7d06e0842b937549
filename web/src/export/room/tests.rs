use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Found, MemberId, Payload, RoomId, RunId, State};
use chalkwire_shared::target::Kind;
use proptest::prelude::*;

use super::*;
use crate::pictures::class::made_up::{AT_US, iterative};

/// The transcript of a room with a run of so many, and with this text wherever one can be.
fn transcript(members: usize, text: &str) -> String {
    let made = iterative(members, Some(1));
    let mut state = State::new(RoomId::from_random([1; 8]));
    let mut lines = String::new();
    let mut say = |state: &mut State, us: u64, what: Happened| {
        let event = state.event(1, AT_US - 60_000_000 + us, MemberId(1), None, what);
        state.apply(&event).unwrap();
        lines += &serde_json::to_string(&event).unwrap();
        lines.push('\n');
    };
    let title = text.to_owned();
    say(&mut state, 0, Happened::Opened { title });
    for it in &made.senders {
        let (member, role) = (it.member, Role::Student);
        let name = format!("{text}{}", it.name);
        say(&mut state, 1, Happened::Joined { member, name, role });
    }
    let mut plan = made.armed.plan.clone();
    plan.target = format!("iterative{text}");
    let (run, at_us) = (made.armed.run, made.armed.at_us);
    say(
        &mut state,
        2,
        Happened::Armed {
            run,
            plan: plan.clone(),
            at_us,
        },
    );
    for gauge in made.gauges {
        say(&mut state, 3, Happened::Gauge { run, gauge });
    }
    for it in made.senders {
        let member = it.member;
        let mut exchange = Box::new(it.exchange.unwrap());
        exchange.target.clone_from(&plan.target);
        // Told twice: as it is, and at its end.
        let over = exchange.over_us.take();
        say(
            &mut state,
            4,
            Happened::Exchange {
                member,
                exchange: exchange.clone(),
            },
        );
        exchange.over_us = over;
        exchange.sent = Payload::beginning_of(text.as_bytes());
        exchange.received = Payload::beginning_of(text.as_bytes());
        say(&mut state, 5, Happened::Exchange { member, exchange });
    }
    let (run, called_off) = (RunId(3), false);
    say(&mut state, 6, Happened::RunOver { run, called_off });
    plan.experiment = Some("#/experiments/stream?seed=7".to_owned());
    let run = RunId(4);
    say(&mut state, 7, Happened::Armed { run, plan, at_us });
    let found = Found {
        run,
        answer: Some(1),
        measured: text.to_owned(),
        holds: true,
    };
    say(
        &mut state,
        8,
        Happened::Found {
            member: MemberId(1),
            found,
        },
    );
    lines
}

fn options(names: bool, targets: &[TargetInfo]) -> Options<'_> {
    Options {
        names,
        now_ms: AT_US as f64 / 1000.0,
        zone_min: 0,
        targets,
    }
}

fn targets() -> Vec<TargetInfo> {
    vec![TargetInfo {
        name: "iterative".to_owned(),
        kind: Kind::Tcp,
        url: None,
        about: String::new(),
        builtin: true,
    }]
}

#[test]
fn a_report_has_every_run_with_its_pictures_and_whose_clock() {
    let page = report(&transcript(20, ""), options(true, &targets()));
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pictures");
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(format!("{dir}/room-report.html"), &page).unwrap();
    for text in [
        "Everyone sent to iterative at 12:04:05.000",
        "One client at a time, about 50",
        "held the server for 5.00 s",
        "Everyone ran “A stream has no boundaries”",
        "gateway&#39;s clock",
        "<h2>Histogram</h2>",
        "heron → iterative",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(page.matches("<svg ").count(), 3);
    for word in ["<script", "javascript:", "src=", "href="] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn without_names_nobody_is_named() {
    let lines = transcript(20, "");
    let (with, without) = (
        report(&lines, options(true, &targets())),
        report(&lines, options(false, &targets())),
    );
    assert!(with.contains("stoat") && !without.contains("stoat"));
    assert!(without.contains("member 14 → iterative"));
    // One who wanted no name any more has none, whatever is asked for.
    let forgotten = Happened::Forgotten {
        member: MemberId(14),
    };
    let state = State::new(RoomId::from_random([1; 8]));
    let event = state.event(1, AT_US, MemberId(14), None, forgotten);
    let lines = lines + &serde_json::to_string(&event).unwrap();
    assert!(!report(&lines, options(true, &targets())).contains("stoat"));
}

#[test]
fn an_exchange_that_was_told_twice_counts_once_and_the_log_is_bounded() {
    let told = Told::read(&transcript(20, ""), true, &[]);
    assert!(told.people.values().all(|it| it.exchanges == 1));
    let page = report(&transcript(500, ""), options(true, &targets()));
    assert!(page.contains("The last 1000 of 1005 events"));
    assert!(page.len() < 3_000_000, "{}", page.len());
}

#[test]
fn what_is_no_event_is_counted() {
    let page = report("{}\nno\n\n", options(true, &[]));
    assert!(page.contains("2 lines of the transcript could not be read."));
    assert!(report("", options(true, &[])).contains("A room"));
}

/// The tags of a document, with their attributes. How much a drawing holds depends on the room that its
/// texts leave, what it holds does not.
fn tags(html: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut drawing = false;
    for rest in html.split('<').skip(1) {
        let tag = rest.split_once('>').expect("every tag ends").0;
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        drawing = (drawing || name == "svg") && tag != "/svg";
        if drawing {
            let known = ["svg", "title", "desc", "rect", "path", "text"];
            assert!(known.contains(&name), "{tag}");
        } else {
            out.push(tag);
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_of_a_room_breaks_out_of_its_report(
        text in r#"(</?(script|pre|style|td|title|svg|text|desc)>|<!--|-->|]]>|["'&<>`=]|&lt;|\PC|.){1,12}"#
    ) {
        let page = |text: &str| report(&transcript(3, text), options(true, &[]));
        let (page, plain) = (page(&text), page("a"));
        prop_assert_eq!(tags(&page), tags(&plain));
    }
}

#[test]
fn a_time_in_the_log_has_its_day_and_the_report_its_zone() {
    let options = |zone_min| Options {
        names: true,
        now_ms: 1.8e12,
        zone_min,
        targets: &[],
    };
    // 2026-11-23T07:08:10Z
    let us = 1_795_417_690_200_000;
    assert_eq!(stamp(us, options(120)), "2026-11-23 09:08:10.200");
    assert_eq!(stamp(us, options(-600)), "2026-11-22 21:08:10.200");
    for (min, said) in [(0, "UTC+00:00"), (120, "UTC+02:00"), (-210, "UTC-03:30")] {
        assert_eq!(zone(min), said);
        let text = report(&transcript(3, "x"), options(min));
        assert!(text.contains(&format!("who wrote it: {said}.")));
    }
}

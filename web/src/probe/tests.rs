use super::*;

/// A network that carries all, 5 ms a message; `bend` changes what it hands back.
fn run(mut bend: impl FnMut(Ask, Event) -> Event) -> Probe {
    let mut now = 1000.0;
    let (mut probe, mut actions) = Probe::start(now);
    let mut guard = 0;
    while !probe.is_over() {
        guard += 1;
        assert!(guard < 100, "the test ends: {probe:?}");
        let mut timer = None;
        let mut answer = None;
        for action in actions {
            match action {
                Action::Get => answer = Some(Event::Answered(200)),
                Action::Open => answer = Some(Event::Opened),
                Action::SendText(text) => answer = Some(Event::Text(text)),
                Action::SendBinary(bytes) => answer = Some(Event::Binary(bytes)),
                Action::Timer(ms) => timer = Some(ms),
                Action::Stop => {}
            }
        }
        let ask = Ask::ALL[probe.at];
        let event = bend(ask, answer.unwrap_or(Event::Timer));
        now += match event {
            Event::Timer => f64::from(timer.expect("a question has a limit in time")),
            _ => 5.0,
        };
        actions = probe.apply(event, now);
    }
    assert!(actions.contains(&Action::Stop), "nothing is left open");
    probe
}

#[test]
fn a_good_network_passes_all() {
    let probe = run(|_, event| event);
    assert!(
        probe
            .steps()
            .all(|(_, state)| matches!(state, State::Ok(_))),
        "{probe:?}"
    );
    assert_eq!(probe.times_ms(), Some((5.0, 5.0)));
    assert!(verdict(&probe).unwrap().works);
    assert_eq!(
        *probe.state(Ask::Times),
        State::Ok("fastest 5.0 ms, middle 5.0 ms of 10".to_owned())
    );
}

#[test]
fn each_way_of_blocking_gets_its_own_verdict() {
    for (ask, event, works, part) in [
        (
            Ask::Http,
            Event::NoAnswer("TypeError".into()),
            false,
            "gateway does not answer",
        ),
        (
            Ask::Http,
            Event::Answered(503),
            false,
            "gateway does not answer",
        ),
        (
            Ask::Open,
            Event::Closed(1006, String::new()),
            true,
            "WebSockets are blocked",
        ),
        (Ask::Open, Event::Timer, true, "WebSockets are blocked"),
        (Ask::Text, Event::Timer, false, "messages do not pass"),
        (
            Ask::Text,
            Event::Text("<html>".into()),
            false,
            "messages do not pass",
        ),
        (
            Ask::Binary,
            Event::Binary(vec![0; 16 * 1024]),
            false,
            "binary messages do not pass",
        ),
        (
            Ask::Binary,
            Event::Closed(1009, "too big".into()),
            false,
            "binary messages do not pass",
        ),
        (
            Ask::Times,
            Event::Closed(1006, String::new()),
            false,
            "not steady",
        ),
        (
            Ask::Silence,
            Event::Closed(1006, String::new()),
            true,
            "silent connections are cut",
        ),
    ] {
        let probe = run(|asked, good| if asked == ask { event.clone() } else { good });
        let State::Failed(_) = probe.state(ask) else {
            panic!("{ask:?} {probe:?}")
        };
        let verdict = verdict(&probe).unwrap();
        assert_eq!(verdict.works, works, "{ask:?}");
        assert!(
            verdict.sentence.contains(part),
            "{ask:?}: {}",
            verdict.sentence
        );
        let after = probe.steps().skip_while(|(a, _)| *a != ask).skip(1);
        assert!(after.into_iter().all(|(_, state)| *state == State::Skipped));
    }
}

#[test]
fn a_silence_is_broken_by_us_and_an_answer_is_waited_for() {
    let mut timers = 0;
    let probe = run(|ask, event| {
        // The first timer is the silence itself; the second one is no answer after it.
        if ask == Ask::Silence {
            timers += 1;
            return Event::Timer;
        }
        event
    });
    assert_eq!(timers, 2);
    assert_eq!(
        *probe.state(Ask::Silence),
        State::Failed("nothing came within 10 s".to_owned())
    );
}

#[test]
fn a_slow_network_is_said_to_be_slow() {
    let mut now = 0.0;
    let (mut probe, _) = Probe::start(now);
    for event in [
        vec![
            Event::Answered(200),
            Event::Opened,
            Event::Text(text_message()),
            Event::Binary(binary_message()),
        ],
        (0..ROUNDS).map(|i| Event::Text(round_message(i))).collect(),
        vec![Event::Timer, Event::Text(round_message(ROUNDS))],
    ]
    .concat()
    {
        now += 400.0;
        probe.apply(event, now);
    }
    assert!(verdict(&probe).unwrap().sentence.contains("slowly"));
}

#[test]
fn events_out_of_turn_change_nothing() {
    let (mut probe, _) = Probe::start(0.0);
    let before = probe.clone();
    for event in [
        Event::Opened,
        Event::Text("x".into()),
        Event::Closed(1000, String::new()),
    ] {
        assert_eq!(probe.apply(event, 1.0), []);
    }
    assert_eq!(probe, before);
    let mut over = run(|_, event| event);
    assert_eq!(over.apply(Event::Closed(1000, String::new()), 9e9), []);
    assert_eq!(verdict(&before), None);
}

#[test]
fn the_report_is_for_someone_who_was_not_there() {
    let probe = run(|ask, event| match ask {
        Ask::Open => Event::Closed(1006, String::new()),
        _ => event,
    });
    let text = report_text(
        &probe,
        "https://chalk.example/class/",
        "2026-11-22T12:04:05Z",
        "Browser/1",
    );
    assert_eq!(text.lines().next(), Some("Chalkwire connection test"));
    assert!(
        text.contains("\nok      The gateway answers HTTP: status 200 in 5.0 ms\n"),
        "{text}"
    );
    assert!(
        text.contains("\nFAILED  A WebSocket opens: closed after 5.0 ms (code 1006)\n"),
        "{text}"
    );
    assert!(
        text.contains("Ask for WebSockets to this host to be allowed"),
        "{text}"
    );
    assert!(
        text.contains("\nskipped It survives a silence: not asked\n"),
        "{text}"
    );
    assert!(text.ends_with("goes over HTTP instead.\n"), "{text}");
}

#[test]
fn addresses_keep_the_pages_path_and_its_security() {
    for (base, echo) in [
        ("http://127.0.0.1:8000/", "ws://127.0.0.1:8000/diag/echo"),
        (
            "https://h/class/?target=line#k=secret",
            "wss://h/class/diag/echo",
        ),
        ("https://h/class/index.html", "wss://h/class/diag/echo"),
        ("https://h/a?next=/b/", "wss://h/diag/echo"),
    ] {
        assert_eq!(echo_url(base), echo);
        assert!(health_url(base).ends_with("/healthz"));
    }
    assert_eq!(health_url("https://h/class/x"), "https://h/class/healthz");
}

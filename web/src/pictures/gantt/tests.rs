use super::*;
use crate::pictures::golden::{golden, sound};
use crate::pictures::shape::{Paint, Role, Width};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A client that was let in, accepted and served at those ms after 10 s of the gateway's clock.
fn client(target: u8, client: u8, connected: u64, accepted: u64, replied: u64) -> ClientRun {
    let us = |ms: u64| 10_000_000 + ms * 1000;
    ClientRun {
        target,
        client,
        connection: 0,
        local: "127.0.0.1:50000".to_owned(),
        start_us: us(0),
        connected_us: Some(us(connected)),
        accepted_us: Some(us(accepted)),
        messages: vec![MessageRun {
            sent_us: us(connected) + 100,
            recv_us: Some(us(accepted) + 50),
            answered_us: Some(us(replied) - 100),
            reply_us: Some(us(replied)),
            bytes: 33,
        }],
        end_us: us(replied) + 200,
        outcome: Outcome::Done,
    }
}

fn gauge(target: u8, ms: u64, waiting: u32) -> Gauge {
    Gauge {
        target,
        clock_us: 10_000_000 + ms * 1000,
        waiting: Some(waiting),
        backlog: Some(5),
        threads: 1,
        processes: 1,
    }
}

/// One at a time, 50 ms each: six wait in the queue, the others are let in a second later.
fn staircase() -> (Vec<ClientRun>, Vec<Gauge>) {
    let clients = (0..10).map(|i| {
        let connected = if i > 6 { 1000 } else { 0 };
        let accepted = if i > 6 {
            1000 + 50 * (u64::from(i) - 7)
        } else {
            50 * u64::from(i)
        };
        client(0, i, connected, accepted, accepted + 50)
    });
    let gauges = (0..=5).map(|i| gauge(0, 5 + 50 * i, 6 - i as u32));
    let again = (0..3).map(|i| gauge(0, 1005 + 50 * i, 2 - i as u32));
    (
        clients.collect(),
        gauges.chain([gauge(0, 305, 0)]).chain(again).collect(),
    )
}

#[test]
fn a_staircase_is_drawn_as_it_always_was() {
    let (clients, gauges) = staircase();
    let gantt = gantt(&clients, &gauges, &names(&["iterative"]));
    let story = story(&gantt, &clients);
    assert_eq!(
        story.summary,
        "iterative: 10 clients, first reply after 50.0 ms, last after 1.15 s, at most 6 in the \
         accept queue, 1 thread, 1 process."
    );
    golden("gantt-staircase", &story, |width| draw(&gantt, width));
}

#[test]
fn several_servers_share_one_axis_and_each_way_of_failing_has_its_word() {
    let mut clients: Vec<_> = (0..4)
        .map(|i| client(0, i, 0, 50 * u64::from(i), 50 * u64::from(i) + 50))
        .collect();
    clients.extend((0..4).map(|i| client(1, i, 0, 1, 52)));
    let mut fail = |i: usize, outcome, connected: bool| {
        let run: &mut ClientRun = &mut clients[i];
        run.outcome = outcome;
        run.messages.clear();
        run.accepted_us = None;
        if !connected {
            run.connected_us = None;
        }
    };
    fail(1, Outcome::Idle, true);
    fail(2, Outcome::ConnectTimeout, false);
    fail(3, Outcome::ReplyTimeout, true);
    fail(6, Outcome::WouldBlock, false);
    fail(7, Outcome::Refused, false);
    let gantt = gantt(
        &clients,
        &[gauge(0, 1, 3), gauge(0, 60, 0)],
        &names(&["iterative", "threaded"]),
    );
    assert_eq!(gantt.end_ms, 200.2);
    let story = story(&gantt, &clients);
    assert!(
        story
            .summary
            .contains("threaded: 4 clients, first reply after 52.0 ms")
    );
    assert!(story.summary.contains("2 not answered"));
    golden("gantt-servers", &story, |width| draw(&gantt, width));
}

#[test]
fn connections_of_one_client_stand_in_one_row() {
    let mut clients = Vec::new();
    for connection in 0..3 {
        let mut run = client(0, 0, 0, 1, 11);
        run.connection = connection;
        let shift = |us: &mut u64| *us += u64::from(connection) * 12_000;
        shift(&mut run.start_us);
        shift(&mut run.end_us);
        run.connected_us.iter_mut().for_each(shift);
        run.accepted_us.iter_mut().for_each(shift);
        for it in &mut run.messages {
            shift(&mut it.sent_us);
            it.recv_us.iter_mut().for_each(shift);
            it.answered_us.iter_mut().for_each(shift);
            it.reply_us.iter_mut().for_each(shift);
        }
        clients.push(run);
    }
    let gantt = gantt(&clients, &[], &names(&["evented"]));
    assert_eq!(gantt.panels[0].rows.len(), 1);
    golden("gantt-one-shot", &story(&gantt, &clients), |width| {
        draw(&gantt, width)
    });
}

#[test]
fn a_client_that_is_not_let_in_is_dashed_and_one_that_queues_is_not() {
    let (clients, gauges) = staircase();
    let gantt = gantt(&clients, &gauges, &names(&["iterative"]));
    let picture = draw(&gantt, Width::Wide);
    let paints = |item: u16| {
        let of_item = picture
            .shapes
            .iter()
            .filter(move |it| it.item == Some(item));
        of_item.map(|it| (it.role, it.paint)).collect::<Vec<_>>()
    };
    assert!(!paints(3).contains(&(Role::Ctl, Paint::Dashed)));
    assert!(paints(3).contains(&(Role::Ctl, Paint::Tint)));
    assert!(paints(8).contains(&(Role::Ctl, Paint::Dashed)));
}

#[test]
fn a_thousand_connections_and_gauges_are_bounded() {
    let clients: Vec<_> = (0..1000u32)
        .map(|i| ClientRun {
            connection: (i / 50) as u8,
            ..client(0, (i % 50) as u8, 0, 5, 10)
        })
        .collect();
    let gauges: Vec<_> = (0..5000)
        .map(|i| gauge(0, i / 400, (i % 7) as u32))
        .collect();
    let gantt = gantt(&clients, &gauges, &names(&["threaded"]));
    assert_eq!(gantt.panels[0].omitted, 800);
    let (story, picture) = (story(&gantt, &clients), draw(&gantt, Width::Narrow));
    assert!(picture.shapes.len() < 2000, "{}", picture.shapes.len());
    sound(&picture, &story);
}

#[test]
fn before_the_first_client_there_is_a_sentence() {
    let gantt = gantt(&[], &[], &[]);
    assert_eq!(story(&gantt, &[]).summary, "No client has run yet.");
    assert!(draw(&gantt, Width::Wide).height > 0);
}

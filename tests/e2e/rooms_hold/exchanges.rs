//! A room is told what the gateway itself saw of its members' exchanges, and of a run's server.

use chalkwire_shared::close::Reason;
use chalkwire_shared::room::{Command, Happened, Payload, Plan, RunId};
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::page::Page;

async fn class(students: u32) -> (Gateway, Page, Vec<Page>) {
    let gateway = Setup::default().builtin().start().await;
    let room = OpenRoom::open(gateway.address()).await;
    let (address, id) = (gateway.address(), &room.room);
    let teacher = Page::enter(address, id, room.teach(), "Ms Gray", 1).await;
    let mut pages = Vec::new();
    for n in 0..students {
        pages.push(Page::enter(address, id, room.code(), "otter", 2 + n).await);
    }
    (gateway, teacher, pages)
}

#[tokio::test]
async fn everyone_sees_a_members_exchange_as_the_gateway_saw_it() {
    let (_gateway, mut teacher, mut students) = class(1).await;
    let student = &mut students[0];
    let socket = student.open("line", None).await;
    student.send(socket, b"hello\r\n").await;
    let exchanges = teacher.exchanges(1, |_, _| true).await;
    let exchange = &exchanges[0];
    assert_eq!((&*exchange.target, exchange.socket), ("line", socket.0));
    assert_eq!(exchange.sent, Payload::Text("hello\r\n".to_owned()));
    let Payload::Text(received) = &exchange.received else {
        panic!("{exchange:?}");
    };
    assert!(received.ends_with("]hello\r\n"), "{received}");
    assert_eq!((exchange.sent_bytes, exchange.received_bytes), (7, 33));
    let at = |us: Option<u32>| us.unwrap_or_else(|| panic!("{exchange:?}"));
    assert!(at(exchange.connected_us) <= at(exchange.sent_us));
    assert!(at(exchange.accepted_us) <= at(exchange.recv_us));
    assert!(at(exchange.recv_us) <= at(exchange.replied_us));
    // The socket is open still: the server has closed its side, and the page not.
    assert!(at(exchange.over_us) >= at(exchange.replied_us));
    assert_eq!(exchange.reason, None);
    let joined_us = student.me().unwrap().since_us;
    assert!(exchange.begun_us > joined_us, "the room's clock");
}

#[tokio::test]
async fn a_server_of_ones_own_is_nobody_elses_business_and_a_refused_one_is_told() {
    let gateway = Setup::default()
        .target("closed", "tcp://127.0.0.1:1")
        .start()
        .await;
    let room = OpenRoom::open(gateway.address()).await;
    let (address, id) = (gateway.address(), &room.room);
    let mut student = Page::enter(address, id, room.code(), "otter", 2).await;
    let server = chalkwire_shared::server::ServerId(1);
    let options = chalkwire_shared::server::ServerOptions::default();
    student
        .say(|seq| chalkwire_shared::message::ClientMessage::Serve {
            seq,
            server,
            options,
        })
        .await;
    let own = student.open("#1", None).await;
    student.send(own, b"hello").await;
    student.open("closed", None).await;
    let exchanges = student.exchanges(1, |_, _| true).await;
    assert_eq!(exchanges.len(), 1, "{exchanges:?}");
    assert_eq!(exchanges[0].target, "closed");
    assert_eq!(exchanges[0].reason, Some(Reason::Refused));
    assert!(exchanges[0].failed());
}

#[tokio::test]
async fn a_run_shows_who_holds_the_server_up_and_its_queue_and_ends_when_all_are_done() {
    let (_gateway, mut teacher, mut students) = class(4).await;
    let idler = students[0].member().unwrap();
    let plan = Plan {
        target: "iterative".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 7,
        idler: Some(idler),
        experiment: None,
    };
    teacher.does(Command::Arm { plan, in_ms: 1_000 }).await;
    let run = Some(RunId(1));
    // As pages do, but for the instant: the idler is first at the server.
    students[0].open("iterative", run).await;
    students[0]
        .until("the idler to be seen", |page| {
            page.me().unwrap().of_run.is_some()
        })
        .await;
    for student in &mut students[1..] {
        let socket = student.open("iterative", run).await;
        student.send(socket, b"hello\r\n").await;
    }
    // While it lasts: one is served and says nothing, the others wait in the queue.
    teacher
        .until("all to be seen", |page| {
            let seen = page.state.members.values().filter(|it| it.of_run.is_some());
            seen.count() == 4
        })
        .await;
    for member in teacher.state.members.values() {
        let Some(seen) = &member.of_run else { continue };
        let held = member.member == idler;
        assert_eq!(seen.over_us, None, "{seen:?}");
        assert_eq!(
            (seen.accepted_us.is_some(), seen.sent_us.is_some()),
            (held, !held)
        );
        assert_eq!(
            (member.exchanges, member.replied),
            (0, 0),
            "not over, not counted"
        );
    }
    let run_over = |page: &Page| page.state.facts.run.as_ref().is_some_and(|it| it.over);
    teacher.until("the run to be over", run_over).await;
    for member in teacher.state.members.values() {
        let Some(seen) = &member.of_run else { continue };
        assert!(seen.over_us.is_some());
        // Silent for 5 s, the idler was closed by the server; then the others were served.
        assert!(seen.accepted_us.is_some());
        assert_eq!(seen.replied_us.is_some(), member.member != idler);
        assert_eq!(member.exchanges, 1);
    }
    let gauges: Vec<u32> = teacher
        .events
        .iter()
        .filter_map(|event| match &event.what {
            Happened::Gauge { gauge, .. } => {
                assert!(
                    gauge.clock_us.abs_diff(event.time_us) < 1_000_000,
                    "the room's clock"
                );
                gauge.waiting
            }
            _ => None,
        })
        .collect();
    assert_eq!(gauges.iter().max(), Some(&3), "{gauges:?}");
    assert_eq!(gauges.last(), Some(&0), "{gauges:?}");
}

#[tokio::test]
async fn a_call_off_ends_the_looking_at_the_server() {
    let (_gateway, mut teacher, _students) = class(1).await;
    let plan = Plan {
        target: "threaded".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 0,
        idler: None,
        experiment: None,
    };
    for run in 1..=2 {
        let (plan, in_ms) = (plan.clone(), 1_000);
        teacher.does(Command::Arm { plan, in_ms }).await;
        teacher
            .until("the server to be looked at", |page| {
                let gauge = |event: &chalkwire_shared::room::RoomEvent| {
                    matches!(&event.what, Happened::Gauge { run: of, .. } if of.0 == run)
                };
                page.events.iter().any(gauge)
            })
            .await;
        let run = RunId(run);
        teacher.does(Command::CallOff { run }).await;
    }
    let gauges = |page: &Page| {
        let events = page.events.iter();
        events
            .filter(|event| matches!(event.what, Happened::Gauge { .. }))
            .count()
    };
    // One look for each run: nobody sent anything, so nothing changed.
    assert_eq!(gauges(&teacher), 2);
}

//! A room's rules: a member that may not send gets no socket, and no way round.

use chalkwire_shared::close::Reason;
use chalkwire_shared::job::JobEnd;
use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::room::{Command, Refusal};
use chalkwire_shared::server::ServerOptions;
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::guest::Guest;

/// Why a socket to a target closes at once; `None` where it is connected.
async fn refusal(link: &mut Link, target: &str) -> Option<String> {
    let socket = link.open(target).await;
    match link.event(socket).await {
        Event::Told(GatewayMessage::Opened { .. }) => None,
        Event::Told(GatewayMessage::Closed { reason, detail, .. }) => {
            assert_eq!(reason, Reason::ByRoom, "{detail}");
            Some(detail)
        }
        other => panic!("{other:?}"),
    }
}

fn because(refusal: Refusal) -> Option<String> {
    Some(refusal.sentence().to_owned())
}

#[tokio::test]
async fn a_student_sends_when_and_where_its_teacher_lets_it() {
    let gateway = Setup::default().builtin().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    let mut viewer = Guest::viewer(address, &opened).await;
    let member = heron.member();
    assert_eq!(refusal(&mut heron.link, "line").await, None);
    assert_eq!(
        refusal(&mut viewer.link, "line").await,
        because(Refusal::NotAllowed)
    );

    teacher.does(Command::Pause { on: true }).await.unwrap();
    assert_eq!(
        refusal(&mut heron.link, "line").await,
        because(Refusal::Paused)
    );
    assert_eq!(refusal(&mut teacher.link, "line").await, None);
    teacher.does(Command::Pause { on: false }).await.unwrap();
    assert_eq!(refusal(&mut heron.link, "line").await, None);

    teacher
        .does(Command::Mute { member, on: true })
        .await
        .unwrap();
    assert_eq!(
        refusal(&mut heron.link, "line").await,
        because(Refusal::Muted)
    );
    teacher
        .does(Command::Mute { member, on: false })
        .await
        .unwrap();

    let targets = Some(vec!["basic".to_owned()]);
    let allow = Command::Allow {
        targets,
        faults: false,
    };
    teacher.does(allow).await.unwrap();
    assert_eq!(refusal(&mut heron.link, "basic").await, None);
    assert_eq!(
        refusal(&mut heron.link, "line").await,
        because(Refusal::NoSuchTarget)
    );
    assert_eq!(refusal(&mut teacher.link, "line").await, None);
    // A server of one's own is nobody else's business.
    heron.link.serving(ServerOptions::default()).await;
    assert_eq!(refusal(&mut heron.link, "#1").await, None);
}

#[tokio::test]
async fn what_was_open_before_is_no_way_round_the_rules() {
    let gateway = Setup::default().builtin().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    let (quiet, sending, faulty) = (
        heron.link.opened("session").await,
        heron.link.opened("session").await,
        heron.link.opened("session").await,
    );
    let allow = |targets| Command::Allow {
        targets,
        faults: false,
    };
    teacher.does(allow(None)).await.unwrap();
    let hole = ["black_hole,after_bytes=0"];
    heron.link.set_faults(faulty, &hole, 0).await;
    let rest = heron.link.rest(faulty).await;
    assert_eq!(rest.reason, Reason::ByRoom);
    heron.link.send(sending, b"still\r\n").await;
    let reply = heron.link.expect_data(sending).await;
    assert!(reply.payload.ends_with(b"still\r\n"));
    let job = serde_json::json!({"what": "load", "targets": ["line"], "clients": 2, "messages": 1,
        "line": "hello", "one_shot": false, "idle_clients": 0, "stagger_ms": 0, "connect_ms": 1000,
        "reply_ms": 1000, "nonblocking": false});
    teacher
        .does(allow(Some(vec!["basic".to_owned()])))
        .await
        .unwrap();
    heron.link.send(sending, b"no more\r\n").await;
    assert_eq!(heron.link.rest(sending).await.reason, Reason::ByRoom);
    heron
        .link
        .job(1, serde_json::from_value(job).unwrap())
        .await;
    let ended = heron.link.reported(1).await;
    let why = Refusal::NoSuchTarget.sentence();
    assert_eq!((ended.end, &*ended.detail), (Some(JobEnd::BadRequest), why));
    // A socket that sends nothing is left alone.
    teacher.does(allow(None)).await.unwrap();
    heron.link.send(quiet, b"again\r\n").await;
    let reply = heron.link.expect_data(quiet).await;
    assert!(reply.payload.ends_with(b"again\r\n"));
}

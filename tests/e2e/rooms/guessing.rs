//! Guessing a room's code: the same answer at the same time, whatever was wrong.

use std::time::{Duration, Instant};

use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::room::{Command, Key, MemberId, NotEntered, RoomId};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::link::Link;
use chalkwire_tests::room::guest::{self, Guest};
use chalkwire_tests::room::{OpenRoom, token};

/// The answer to a wrong key, and when it came.
async fn wrong(link: &mut Link, key: Key) -> (String, Duration) {
    let asked = Instant::now();
    match guest::enter(link, key, "heron", 1).await {
        GatewayMessage::RoomNotEntered { reason, detail, .. } => {
            assert_eq!(reason, NotEntered::NoRoom);
            (detail, asked.elapsed())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn wrong_locked_and_over_get_the_same_answer_after_the_same_time() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let locked = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &locked, "Ms Otter").await;
    teacher.does(Command::Lock { on: true }).await.unwrap();
    let over = OpenRoom::open(address).await;
    let mut other = Guest::teacher(address, &over, "Mr Otter").await;
    other.does(Command::End).await.unwrap();

    let room = opened.room.clone();
    let none = RoomId::from_random([7; 8]);
    let secret = token(&"a".repeat(32));
    let keys = [
        Key::Code {
            code: token("ABCDEF"),
        },
        Key::Code {
            code: token("no code at all"),
        },
        locked.code(),
        over.code(),
        over.teach(),
        Key::Teach {
            room: none.clone(),
            secret: secret.clone(),
        },
        Key::Teach {
            room: room.clone(),
            secret: secret.clone(),
        },
        Key::View {
            room: room.clone(),
            secret: secret.clone(),
        },
        Key::Member {
            room,
            member: MemberId(1),
            token: secret.clone(),
        },
        Key::Member {
            room: none,
            member: MemberId(1),
            token: secret,
        },
    ];
    let mut answers = Vec::new();
    for key in keys {
        // One link each: it is answered later after five.
        let mut link = Link::connect(address).await;
        answers.push(wrong(&mut link, key).await);
    }
    for (detail, took) in &answers {
        assert_eq!(detail, &answers[0].0);
        assert!(*took >= Duration::from_millis(99), "{took:?}");
    }
    // Nobody waits for anybody: who has the code is in at once.
    let asked = Instant::now();
    Guest::student(address, &opened, "heron").await;
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn wrong_codes_on_one_link_do_not_pile_up_and_are_answered_ever_later() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut link = Link::connect(address).await;
    let code = || Key::Code {
        code: token("ABCDEF"),
    };
    for _ in 0..5 {
        let (_, took) = wrong(&mut link, code()).await;
        assert!(took < Duration::from_millis(900), "{took:?}");
    }
    let (_, took) = wrong(&mut link, code()).await;
    assert!(took >= Duration::from_millis(990), "{took:?}");
    // Several at once get their answers one by one, and the link goes on meanwhile.
    let mut link = Link::connect(address).await;
    let asked = Instant::now();
    for key in [code(), code(), opened.code()] {
        let name = "heron".to_owned();
        link.say(|seq| chalkwire_shared::message::ClientMessage::Enter {
            seq,
            key,
            name,
            client: 1,
        })
        .await;
    }
    let (_, took) = wrong(&mut link, code()).await;
    assert!(took < Duration::from_secs(1));
    for _ in 0..3 {
        let refused = |event: &chalkwire_tests::link::Event| {
            use chalkwire_tests::link::Event::Told;
            matches!(event, Told(GatewayMessage::RoomNotEntered { .. }))
        };
        link.event_that(refused).await;
    }
    assert!(asked.elapsed() >= Duration::from_millis(390));
    // Then the code lets it in.
    let entered = guest::enter(&mut link, opened.code(), "heron", 1).await;
    assert!(
        matches!(entered, GatewayMessage::RoomEntered { .. }),
        "{entered:?}"
    );
}

#[tokio::test]
async fn a_wrong_teach_link_is_no_guess_and_locks_nobody_out() {
    // A proxy of the operator's says whom it speaks for: loopback itself is never limited.
    let setup = Setup::default().set("PROXIES", r#"["127.0.0.1/32"]"#);
    let gateway = setup.start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let path = format!("/api/rooms/{}/transcript", opened.room);
    let ask = async |bearer: &str| {
        let headers = [("X-Forwarded-For", "192.0.2.1"), ("Authorization", bearer)];
        chalkwire_tests::http::request(address, "GET", &path, &headers, b"").await
    };
    let wrong = format!("Bearer {}", "b".repeat(32));
    let answers = futures_util::future::join_all((0..61).map(|_| ask(&wrong))).await;
    for answer in answers {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    for scheme in ["Bearer", "bearer"] {
        let right = ask(&format!("{scheme} {}", opened.teach_secret())).await;
        assert_eq!(right.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn one_address_opens_ten_rooms_and_then_one_a_minute() {
    let setup = Setup::default().set("PROXIES", r#"["127.0.0.1/32"]"#);
    let gateway = setup.start().await;
    let open = async |from: &str| {
        let headers = [("X-Forwarded-For", from)];
        let address = gateway.address();
        chalkwire_tests::http::request(address, "POST", "/api/rooms", &headers, b"").await
    };
    for _ in 0..10 {
        assert_eq!(open("192.0.2.1").await.status, 201);
    }
    let refused = open("192.0.2.1").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["reason"], "rooms_per_address");
    assert_eq!(open("192.0.2.2").await.status, 201);
}

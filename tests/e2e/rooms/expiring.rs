//! Who is away, and rooms that nobody is in any more.

use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::room::{Command, Happened, NotEntered};
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::http;
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::guest::Guest;
use serde_json::json;

#[tokio::test]
async fn who_has_no_connection_is_away_after_a_while_and_back_at_once() {
    let setup = Setup::default().set("ROOMS__PRESENCE", "200ms");
    let gateway = setup.start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    // A short drop is not worth a word.
    heron.drop_and_resume().await;
    heron.does(Command::Hand { up: true }).await.unwrap();
    heron.link.cut();
    let away = |happened: &Happened| matches!(happened, Happened::Away { .. });
    let away = teacher.sees("one who is away", away).await;
    let here = |guest: &Guest, of: &Guest| guest.state().members[&of.member()].here;
    assert!(!here(&teacher, &heron) && here(&teacher, &teacher));
    heron.link.resume().await.unwrap();
    heron.subscribe().await;
    let back = |happened: &Happened| matches!(happened, Happened::Back { .. });
    let back = teacher.sees("one who is back", back).await;
    assert_eq!(
        (back.prev, heron.recovered.last()),
        (away.offset, Some(&true))
    );
    assert!(here(&teacher, &heron));
    let times = teacher
        .log
        .iter()
        .filter(|event| matches!(event.what, Happened::Away { .. }));
    assert_eq!(times.count(), 1);
}

#[tokio::test]
async fn a_room_that_nobody_is_in_is_over_and_its_file_has_nothing_of_it() {
    let data = tempfile::tempdir().unwrap();
    let setup = Setup::default().data(data.path());
    let gateway = setup.set("ROOMS__IDLE", "600ms").start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let GatewayMessage::RoomEntered { keep_s, kept, .. } = &teacher.entered else {
        panic!("{:?}", teacher.entered);
    };
    assert_eq!((*keep_s, *kept), (0, true));
    let other = OpenRoom::open(address).await;
    gateway.metric_is("rooms", 1).await;
    let refused = Guest::enter(address, other.code(), "late").await;
    assert_eq!(refused.unwrap_err(), NotEntered::NoRoom);
    // Somebody is in the first one: it stays.
    Guest::student(address, &opened, "heron").await;
    drop(teacher);
    gateway.metric_is("rooms", 0).await;
    let bearer = format!("Bearer {}", opened.teach_secret());
    let path = format!("/api/rooms/{}/transcript", opened.room);
    let gone = http::request(address, "GET", &path, &[("Authorization", &bearer)], b"").await;
    assert_eq!(gone.status, 401);
    let file = data.path().join("rooms.sqlite3");
    let name = opened.room.as_str().as_bytes().to_vec();
    eventually("the room to leave the file", || async {
        !std::fs::read(&file)
            .unwrap()
            .windows(name.len())
            .any(|some| some == name)
    })
    .await;
}

#[tokio::test]
async fn rooms_are_opened_with_a_title_targets_and_faults_or_the_wrong_is_named() {
    let setup = Setup::default().target("echo", "tcp://127.0.0.1:7");
    let gateway = setup.set("ROOMS__ROOMS", "2").start().await;
    let address = gateway.address();
    let wanted = json!({"title": " Tuesday ", "targets": ["echo"], "faults": false});
    let opened = OpenRoom::open_with(address, &wanted).await;
    let heron = Guest::student(address, &opened, "heron").await;
    let facts = &heron.state().facts;
    assert_eq!((&*facts.title, facts.faults), ("Tuesday", false));
    assert_eq!(facts.targets, Some(vec!["echo".to_owned()]));
    for (body, says) in [
        (json!({"title": "\u{200b}"}), "a title has"),
        (json!({"targets": ["nowhere"]}), "no target"),
        (json!({"tittle": "x"}), "tittle"),
        (json!(7), "no request for a room"),
    ] {
        let body = body.to_string();
        let response = http::request(address, "POST", "/api/rooms", &[], body.as_bytes()).await;
        assert_eq!(response.status, 400, "{body}");
        let refusal = response.json();
        let detail = refusal["detail"].as_str().unwrap().to_lowercase();
        assert_eq!(refusal["reason"], "bad_request");
        assert!(detail.contains(says), "{body}: {detail}");
    }
    let foreign = [("Origin", "https://evil.example")];
    let response = http::request(address, "POST", "/api/rooms", &foreign, b"").await;
    assert_eq!(response.status, 403);
    let again = http::request(address, "POST", "/api/rooms", &[], b"").await;
    assert_eq!(
        (again.status, again.header("cache-control")),
        (201, Some("no-store"))
    );
    let full = http::request(address, "POST", "/api/rooms", &[], b"").await;
    assert_eq!(
        (full.status, &full.json()["reason"]),
        (503, &json!("rooms"))
    );
}

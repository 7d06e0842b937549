//! Coming into a room, by each of its keys, and what one sees there.

use chalkwire_shared::message::GatewayMessage;
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Command, Happened};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::guest::Guest;
use serde_json::json;

#[tokio::test]
async fn a_class_comes_in_by_its_links_and_all_see_the_same() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open_with(address, &json!({"title": "Networks 1"})).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut first = Guest::student(address, &opened, "heron").await;
    let mut second = Guest::student(address, &opened, " Heron\u{202e} ").await;
    let mut viewer = Guest::viewer(address, &opened).await;

    assert_eq!(teacher.you.role, Role::Teacher);
    assert_eq!(
        (first.you.role, viewer.you.role),
        (Role::Student, Role::Viewer)
    );
    assert_eq!((viewer.you.member, &viewer.you.token), (None, &None));
    first.does(Command::Hand { up: true }).await.unwrap();
    let offset = first.offset().max(5);
    let who = first.member();
    for guest in [&mut teacher, &mut first, &mut second, &mut viewer] {
        let up = |happened: &Happened| matches!(happened, Happened::Hand { up: true, .. });
        let event = guest.sees("a hand", up).await;
        assert_eq!((event.by, event.offset), (who, offset));
        guest
            .until("it to be saved", |guest| guest.saved == offset)
            .await;
    }
    assert_eq!(first.state(), teacher.state());
    assert_eq!(second.state(), viewer.state());
    assert_eq!(first.state(), viewer.state());
    let names: Vec<_> = first
        .state()
        .members
        .values()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["Ms Otter", "heron", "Heron 2"]);
    assert_eq!(first.state().facts.title, "Networks 1");
    let GatewayMessage::RoomEntered {
        code, join, kept, ..
    } = &second.entered
    else {
        panic!("{:?}", second.entered);
    };
    assert_eq!((code.as_ref(), *kept), (Some(&opened.code), false));
    assert_eq!(opened.json["join"], join.as_str());
    gateway.metric_is("rooms", 1).await;
    gateway.metric_is("room_members", 3).await;
}

//! Coming into a room, by each of its keys, and out of it again.

use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Command, Happened, Key, LeftReason, MAX_TEACHERS, NotEntered};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::link::Link;
use chalkwire_tests::room::guest::{self, Guest};
use chalkwire_tests::room::{OpenRoom, token};
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
    let up = |happened: &Happened| matches!(happened, Happened::Hand { up: true, .. });
    let hand = first.sees("the own hand", up).await;
    for guest in [&mut teacher, &mut second, &mut viewer] {
        assert_eq!(guest.sees("a hand", up).await, hand);
        let saved = |guest: &Guest| guest.saved >= hand.offset;
        guest.until("it to be saved", saved).await;
    }
    for guest in [&teacher, &second, &viewer] {
        assert_eq!(guest.state(), first.state());
    }
    let members = first.state().members.values();
    let names: Vec<_> = members.map(|it| it.name.as_str()).collect();
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

#[tokio::test]
async fn a_member_comes_back_as_who_it_was_and_its_first_page_lets_go() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut here = Guest::student(address, &opened, "heron").await;
    let elsewhere = Guest::enter(address, here.by_token(), "ignored").await;
    let mut elsewhere = elsewhere.unwrap();
    assert_eq!(elsewhere.you.member, here.you.member);
    assert_eq!(elsewhere.me().name, "heron");
    assert_eq!(here.is_left().await, LeftReason::Elsewhere);
    // It may come in again where it is, and then the other one lets go.
    here.link = Link::connect(address).await;
    here.come_back(address).await;
    assert_eq!(elsewhere.is_left().await, LeftReason::Elsewhere);

    // Who leaves gives its place up: its token opens nothing.
    here.link.say(|seq| ClientMessage::Leave { seq }).await;
    assert_eq!(here.is_left().await, LeftReason::Left);
    let left = |happened: &Happened| matches!(happened, Happened::Left { .. });
    teacher.sees("somebody who left", left).await;
    let refused = Guest::enter(address, here.by_token(), "").await;
    assert_eq!(refused.unwrap_err(), NotEntered::NoRoom);
    // Nobody else's presence flickered meanwhile.
    let away = |happened: &Happened| matches!(happened, Happened::Away { .. });
    assert!(!teacher.log.iter().any(|event| away(&event.what)));
}

#[tokio::test]
async fn a_locked_room_lets_in_whoever_is_a_member_or_has_another_link() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    teacher.does(Command::Lock { on: true }).await.unwrap();
    let refused = Guest::enter(address, opened.code(), "late").await;
    assert_eq!(refused.unwrap_err(), NotEntered::NoRoom);
    heron.come_back(address).await;
    Guest::viewer(address, &opened).await;
    Guest::teacher(address, &opened, "Mr Otter").await;
    teacher.does(Command::Lock { on: false }).await.unwrap();
    Guest::student(address, &opened, "late").await;
}

#[tokio::test]
async fn one_who_is_put_out_is_out_and_an_ended_room_is_gone() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    let mut viewer = Guest::viewer(address, &opened).await;
    let member = heron.member();
    teacher.does(Command::Remove { member }).await.unwrap();
    assert_eq!(heron.is_left().await, LeftReason::Removed);
    let refused = Guest::enter(address, heron.by_token(), "").await;
    assert_eq!(refused.unwrap_err(), NotEntered::NoRoom);
    // On the same link it may come in as somebody new.
    let again = guest::enter(&mut heron.link, opened.code(), "heron", 2).await;
    assert!(
        matches!(again, GatewayMessage::RoomEntered { .. }),
        "{again:?}"
    );

    teacher.does(Command::End).await.unwrap();
    assert_eq!(teacher.is_left().await, LeftReason::Ended);
    assert_eq!(viewer.is_left().await, LeftReason::Ended);
    for key in [opened.code(), opened.teach(), opened.view()] {
        let refused = Guest::enter(address, key, "late").await;
        assert_eq!(refused.unwrap_err(), NotEntered::NoRoom);
    }
    gateway.metric_is("rooms", 0).await;
    gateway.metric_is("room_members", 0).await;
}

#[tokio::test]
async fn a_full_room_takes_the_place_of_who_is_away_and_nobody_elses() {
    let setup = Setup::default().set("ROOMS__MEMBERS", "2");
    let gateway = setup.set("ROOMS__PRESENCE", "10ms").start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "heron").await;
    let _grebe = Guest::student(address, &opened, "grebe").await;
    let refused = Guest::enter(address, opened.code(), "late").await;
    assert_eq!(refused.unwrap_err(), NotEntered::Full);
    heron.link.cut();
    let away = |happened: &Happened| matches!(happened, Happened::Away { .. });
    teacher.sees("one who is away", away).await;
    let late = Guest::student(address, &opened, "late").await;
    let members = late.state().members.values();
    let names: Vec<_> = members.map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["Ms Otter", "grebe", "late"]);
    // Its link is kept, but its place is not.
    heron.link.resume().await.unwrap();
    assert_eq!(heron.is_left().await, LeftReason::Left);

    // Teachers have places of their own.
    for n in 1..MAX_TEACHERS {
        Guest::enter_only(address, opened.teach(), &n.to_string())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn one_link_is_in_one_room_and_a_name_is_one_that_can_be_seen() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let refused = Guest::enter(address, opened.code(), "\u{202e} ").await;
    assert_eq!(refused.unwrap_err(), NotEntered::BadName);
    let mut heron = Guest::student(address, &opened, "heron").await;
    let answer = guest::enter(&mut heron.link, opened.view(), "", 2).await;
    let GatewayMessage::RoomNotEntered { reason, .. } = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(reason, NotEntered::AlreadyIn);
    heron.does(Command::Hand { up: true }).await.unwrap();

    let without = Setup::default()
        .set("ROOMS__ENABLED", "false")
        .start()
        .await;
    let key = Key::Code {
        code: token("ABCDEF"),
    };
    let refused = Guest::enter(without.address(), key, "heron").await;
    assert_eq!(refused.unwrap_err(), NotEntered::NoRooms);
}

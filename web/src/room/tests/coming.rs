//! Ways into a room, out of it, and to another one.

use super::*;
use crate::place::Place;

const OTHER: &str = "#/teach/fedcba9876543210/s3cret";

fn addressed(model: &Model) -> bool {
    model.has(|it| *it == Effect::Address("#/room"))
}

#[test]
fn who_leaves_finds_the_whole_lobby_whatever_door_it_came_by() {
    let mut model = Model::new(OTHER);
    model.act(Action::Join);
    model.settle();
    assert_eq!(model.seat.stage, Stage::In);
    model.act(Action::Leave);
    model.settle();
    assert_eq!(model.seat.stage, Stage::Lobby);
    assert_eq!(model.seat.lobby.door, Door::Lobby);
    // Without a connection as well: nobody has to wait to be out.
    let mut model = Model::inside();
    model.expire();
    model.act(Action::Leave);
    assert_eq!(model.seat.stage, Stage::In, "the link may come back");
    model.act(Action::Wake(Timer::Retry));
    model.deliver(1);
    model.deliver(1);
    model.act(Action::Leave);
    model.settle();
    assert_eq!(model.seat.stage, Stage::Lobby);
}

#[test]
fn a_link_that_opens_nothing_leaves_a_way_to_the_lobby() {
    let mut model = Model::new("#/elsewhere");
    model.forget();
    model.settle();
    for back in [Action::Lobby, Action::Go("#/room".to_owned())] {
        model.act(Action::Go("#/view/0123456789abcdef/s3cret".to_owned()));
        model.settle();
        assert!(model.seat.lobby.trouble(Field::Code).is_some());
        assert!(matches!(model.seat.lobby.door, Door::View { .. }));
        // Who looks at another place comes back to the same.
        model.act(Action::Go("#/lab".to_owned()));
        assert!(matches!(model.seat.lobby.door, Door::View { .. }));
        model.act(back);
        assert_eq!(model.seat.lobby.door, Door::Lobby);
        assert_eq!(model.seat.lobby.trouble, None);
    }
}

#[test]
fn a_room_that_is_gone_with_its_gateway_is_told_so() {
    for (kept, why) in [(false, "in memory only"), (true, "over")] {
        let mut model = Model::new("#/join/HKTPWN");
        model.kept = kept;
        model.act(Action::Join);
        model.settle();
        model.forget();
        model.settle();
        let Stage::Out { detail } = &model.seat.stage else {
            panic!("{:?}", model.seat.stage);
        };
        assert!(detail.contains(why), "{detail}");
        assert!(model.seat.inside.is_some(), "the bar says it elsewhere");
        model.act(Action::Lobby);
        assert_eq!(model.seat.lobby.door, Door::Lobby);
        assert_eq!(model.seat.stage, Stage::Lobby);
    }
}

#[test]
fn another_link_is_followed_after_a_question_and_its_secret_leaves_the_address() {
    let mut model = Model::inside();
    model.effects.clear();
    model.act(Action::Go(OTHER.to_owned()));
    assert!(addressed(&model) && model.seat.elsewhere.is_some());
    assert_eq!(Place::of(&model.seat.fragment), Place::Room);
    model.act(Action::Elsewhere(false));
    assert_eq!(model.seat.elsewhere, None);
    assert_eq!(model.seat.stage, Stage::In);
    model.act(Action::Go(OTHER.to_owned()));
    model.act(Action::Elsewhere(true));
    model.settle();
    assert_eq!(model.seat.stage, Stage::Lobby);
    assert!(matches!(model.seat.lobby.door, Door::Teach { .. }));
    model.act(Action::Join);
    model.settle();
    assert_eq!(model.seat.stage, Stage::In);
}

#[test]
fn a_link_to_the_room_that_one_is_in_asks_nothing() {
    let mut model = Model::inside();
    model.effects.clear();
    model.act(Action::Go("#/join/hkt%20pwn".to_owned()));
    assert!(addressed(&model));
    assert_eq!(model.seat.elsewhere, None);
    model.act(Action::Go("#/teach/0123".to_owned()));
    assert_eq!(model.seat.elsewhere, None);
    assert!(model.seat.inside.as_ref().unwrap().trouble.is_some());
}

#[test]
fn what_became_of_ones_own_exchange_is_told() {
    let mut model = Model::inside();
    model.act(Action::Send);
    model.save();
    model.kill();
    model.settle();
    model.act(Action::Wake(Timer::News));
    let told = model.seat.told.clone();
    assert!(told.text.contains("line: the connection"), "{told:?}");
    // The same once more is another announcement.
    model.act(Action::Send);
    model.kill();
    model.settle();
    model.act(Action::Wake(Timer::News));
    assert_ne!(model.seat.told.no, told.no);
}

use std::collections::BTreeMap;

use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::room::{Command, Happened, LeftReason, MemberId, NotEntered, Plan, RunId};
use proptest::prelude::*;

use super::mine::Fate;
use super::part::{Stage as PartStage, Why};
use super::*;
use crate::line_end::LineEnd;

mod coming;
mod everyone;
mod model;

use model::{CLIENT, Model};

const ME: MemberId = MemberId(2);

#[derive(Clone, Copy, Debug)]
enum Event {
    Tell(bool),
    Happen(bool),
    Publish(usize),
    Skip,
    Save,
    Deliver(usize),
    Cut,
    Retry,
    Expire,
    Kill,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => any::<bool>().prop_map(Event::Tell),
        4 => any::<bool>().prop_map(Event::Happen),
        4 => (0usize..3).prop_map(Event::Publish),
        1 => Just(Event::Skip),
        2 => Just(Event::Save),
        6 => (1usize..6).prop_map(Event::Deliver),
        2 => Just(Event::Cut),
        4 => Just(Event::Retry),
        1 => Just(Event::Expire),
        1 => Just(Event::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever happens to connection, link and gateway, the page ends with the gateway's room, and
    /// each of its commands was done once.
    #[test]
    fn every_page_ends_with_the_same_room_and_each_command_is_done_once(
        events in prop::collection::vec(event(), 0..60),
    ) {
        let mut model = Model::inside();
        let mut told = 0;
        for event in events {
            match event {
                Event::Tell(up) => {
                    model.act(Action::Tell(Command::Hand { up }));
                    told += 1;
                }
                Event::Happen(on) => drop(model.happen(Happened::Paused { on })),
                Event::Publish(back) => model.publish(back),
                Event::Skip => model.skip(),
                Event::Save => model.save(),
                Event::Deliver(most) => model.deliver(most),
                Event::Cut => model.cut(),
                Event::Retry => model.retry(),
                Event::Expire => model.expire(),
                Event::Kill => model.kill(),
            }
        }
        model.happen(Happened::Paused { on: false });
        model.settle();
        let inside = model.seat.inside.as_ref().unwrap();
        prop_assert_eq!(inside.state(), &model.state);
        prop_assert!(inside.replica.is_saved());
        prop_assert!(!inside.waits(|_| true));
        let mut done = BTreeMap::new();
        for event in &model.log {
            if let Some(command) = event.command {
                prop_assert_eq!(command.client, CLIENT);
                *done.entry(command.no).or_insert(0) += 1;
            }
        }
        prop_assert_eq!(done.len(), told);
        prop_assert!(done.values().all(|times| *times == 1), "{:?}", done);
        // The feed has each event once, in order.
        let offsets: Vec<u64> = inside.feed.shown().map(|it| it.offset).collect();
        prop_assert!(offsets.windows(2).all(|two| two[0] > two[1]), "{:?}", offsets);
    }
}

fn wakes(model: &Model) -> usize {
    let is_run = |it: &&Effect| matches!(it, Effect::Wake(Timer::Run, _));
    model.effects.iter().filter(is_run).count()
}

/// Arms a run and lets the time pass until its instant, and so many ms more.
fn arm(model: &mut Model, plan: Plan, later_ms: f64) {
    let at_us = model.room_us() + 3_000_000;
    model.happen(Happened::Armed {
        run: RunId(1),
        plan,
        at_us,
    });
    model.publish(0);
    model.deliver(usize::MAX);
    model.now_ms += 2_990.0 + later_ms;
}

fn plan() -> Plan {
    Plan {
        target: "iterative".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 7,
        idler: None,
        experiment: None,
    }
}

/// The sockets that the page opened for a run.
fn opened(model: &Model) -> Vec<RunId> {
    let run = |it: &ClientMessage| match it {
        ClientMessage::Open { run, .. } => *run,
        _ => None,
    };
    model.heard.iter().filter_map(run).collect()
}

fn stage(model: &Model) -> Option<PartStage> {
    let part = model.seat.inside.as_ref()?.part.as_ref();
    part.map(|it| it.stage)
}

#[test]
fn a_page_sends_once_at_the_instant() {
    let mut model = Model::inside();
    arm(&mut model, plan(), 0.0);
    assert_eq!(opened(&model), []);
    assert!(wakes(&model) > 0);
    for _ in 0..40 {
        model.act(Action::Wake(Timer::Run));
    }
    assert_eq!(opened(&model), [RunId(1)]);
    assert!(matches!(stage(&model), Some(PartStage::Done { late_ms }) if late_ms < 5.0));
    let kept = model.has(|it| matches!(it, Effect::Keep(Some(kept)) if kept.contains("\"ran\":1")));
    assert!(kept, "a page that is loaded again must not send again");
    // Nor does it send again on a new link.
    model.kill();
    model.settle();
    model.act(Action::Wake(Timer::Run));
    assert_eq!(opened(&model), [RunId(1)]);
}

#[test]
fn a_page_that_comes_late_does_not_send_and_says_why() {
    let mut model = Model::inside();
    arm(&mut model, plan(), 4_000.0);
    model.act(Action::Wake(Timer::Run));
    assert_eq!(opened(&model), []);
    assert_eq!(stage(&model), Some(PartStage::Out(Why::Late)));
}

#[test]
fn a_page_without_connection_at_the_instant_does_not_send_later() {
    let mut model = Model::inside();
    arm(&mut model, plan(), -500.0);
    model.cut();
    model.now_ms += 600.0;
    model.act(Action::Wake(Timer::Run));
    assert_eq!(stage(&model), Some(PartStage::Out(Why::NoConnection)));
    model.settle();
    assert_eq!(opened(&model), []);
}

#[test]
fn a_muted_member_takes_no_part() {
    let mut model = Model::inside();
    model.happen(Happened::Muted {
        member: ME,
        on: true,
    });
    arm(&mut model, plan(), 20.0);
    model.act(Action::Wake(Timer::Run));
    assert_eq!(stage(&model), Some(PartStage::Out(Why::Muted)));
    assert_eq!(opened(&model), []);
}

#[test]
fn the_idler_connects_and_says_nothing() {
    let mut model = Model::inside();
    let idler = Some(ME);
    arm(&mut model, Plan { idler, ..plan() }, 20.0);
    model.act(Action::Wake(Timer::Run));
    assert_eq!(opened(&model), [RunId(1)]);
    assert!(!model.has(|it| matches!(it, Effect::Bytes(_))));
    model.happen(Happened::RunOver {
        run: RunId(1),
        called_off: false,
    });
    model.publish(0);
    model.deliver(usize::MAX);
    let closes = |it: &ClientMessage| matches!(it, ClientMessage::Close { .. });
    assert!(model.heard.iter().any(closes));
}

#[test]
fn a_run_that_is_called_off_in_time_is_not_done() {
    let mut model = Model::inside();
    arm(&mut model, plan(), -1_000.0);
    model.happen(Happened::RunOver {
        run: RunId(1),
        called_off: true,
    });
    model.publish(0);
    model.deliver(usize::MAX);
    model.now_ms += 1_100.0;
    model.act(Action::Wake(Timer::Run));
    assert_eq!((stage(&model), opened(&model)), (None, Vec::new()));
}

#[test]
fn an_exchange_under_way_at_a_kill_is_unknown_and_not_sent_again() {
    let mut model = Model::inside();
    model.act(Action::Message("hello".to_owned()));
    model.act(Action::LineEnd(LineEnd::Lf));
    model.act(Action::Send);
    let opens = |model: &Model| {
        let opens = |it: &&ClientMessage| matches!(it, ClientMessage::Open { .. });
        model.heard.iter().filter(opens).count()
    };
    assert_eq!(opens(&model), 1);
    model.save();
    model.kill();
    model.settle();
    assert_eq!(opens(&model), 1);
    let inside = model.seat.inside.as_ref().unwrap();
    let mine: Vec<_> = inside.mine.newest().map(|it| it.fate.clone()).collect();
    assert_eq!(mine, [Fate::Unknown]);
}

#[test]
fn who_follows_goes_where_the_teacher_leads_and_comes_back() {
    let mut model = Model::inside();
    let show = |model: &mut Model, place: Option<&str>| {
        model.happen(Happened::Showing {
            place: place.map(str::to_owned),
        });
        model.publish(0);
        model.deliver(usize::MAX);
    };
    let place = "#/experiments/stream?seed=7";
    show(&mut model, Some(place));
    assert!(model.has(|it| *it == Effect::Go(place.to_owned())));
    model.act(Action::Go(place.to_owned()));
    assert_eq!(model.seat.led(), follow::Led::There(place));
    model.act(Action::Go("#/lab".to_owned()));
    assert_eq!(model.seat.led(), follow::Led::Strayed(place));
    // A drop is no reason to be led away once more.
    model.effects.clear();
    model.cut();
    model.settle();
    assert!(!model.has(|it| matches!(it, Effect::Go(_))));
    model.act(Action::ToTeacher);
    assert!(model.has(|it| *it == Effect::Go(place.to_owned())));
    model.act(Action::Go(place.to_owned()));
    show(&mut model, None);
    assert!(model.has(|it| *it == Effect::Go("#/room".to_owned())));
}

#[test]
fn who_does_not_follow_stays() {
    let mut model = Model::inside();
    model.act(Action::Tell(Command::Follow { on: false }));
    model.settle();
    model.happen(Happened::Showing {
        place: Some("#/lab".to_owned()),
    });
    model.publish(0);
    model.deliver(usize::MAX);
    assert!(!model.has(|it| matches!(it, Effect::Go(_))));
    assert_eq!(model.seat.led(), follow::Led::Left("#/lab"));
}

#[test]
fn what_is_wrong_is_said_at_its_field() {
    let mut model = Model::new("#/room");
    model.settle();
    model.act(Action::Code("HKT PW1".to_owned()));
    model.act(Action::Join);
    assert!(model.seat.lobby.trouble(Field::Code).is_some());
    model.act(Action::Code("hkt-pwn".to_owned()));
    model.act(Action::Name("  ".to_owned()));
    model.act(Action::Join);
    assert!(model.seat.lobby.trouble(Field::Name).is_some());
    assert_eq!(model.seat.stage, Stage::Lobby);
    model.act(Action::Name("otter".to_owned()));
    model.act(Action::Join);
    model.settle();
    assert_eq!(model.seat.stage, Stage::In);
    assert!(model.has(|it| *it == Effect::Address("#/room")));
}

#[test]
fn a_code_that_opens_nothing_leaves_the_page_in_the_lobby() {
    let mut model = Model::new("#/room");
    model.deliver(usize::MAX);
    let detail = NotEntered::NoRoom.sentence().to_owned();
    let mut out = Vec::new();
    model.seat.stage = Stage::Entering(Key::Code {
        code: "x".to_owned().into(),
    });
    model
        .seat
        .not_entered(NotEntered::NoRoom, detail.clone(), &mut out);
    assert_eq!(model.seat.stage, Stage::Lobby);
    assert_eq!(model.seat.lobby.trouble(Field::Code), Some(detail.as_str()));
}

#[test]
fn who_is_put_out_is_told_and_does_not_come_back_by_itself() {
    let mut model = Model::inside();
    model.say_next(|seq| GatewayMessage::RoomLeft {
        seq,
        reason: LeftReason::Removed,
        detail: LeftReason::Removed.sentence().to_owned(),
    });
    model.deliver(usize::MAX);
    assert!(matches!(model.seat.stage, Stage::Out { .. }));
    assert_eq!(
        model
            .effects
            .iter()
            .rev()
            .find(|it| matches!(it, Effect::Keep(_))),
        Some(&Effect::Keep(None))
    );
    let enters = |model: &Model| {
        let enters = |it: &&ClientMessage| matches!(it, ClientMessage::Enter { .. });
        model.heard.iter().filter(enters).count()
    };
    assert_eq!(enters(&model), 1);
    model.kill();
    model.settle();
    assert_eq!(enters(&model), 1);
}

#[test]
fn a_tab_that_is_loaded_again_comes_back_as_the_same_member() {
    let model = Model::inside();
    let kept = model.effects.iter().rev().find_map(|it| match it {
        Effect::Keep(kept) => kept.clone(),
        _ => None,
    });
    let mut again = Model::new("#/elsewhere");
    again.state = model.state.clone();
    again.log.clone_from(&model.log);
    again.seat = Seat::default();
    again.act(Action::Start(Start {
        fragment: "#/room".to_owned(),
        kept,
        client: 5,
        ..Start::default()
    }));
    again.settle();
    assert_eq!(again.seat.inside.as_ref().unwrap().you.member, Some(ME));
    assert_eq!(again.state.facts.last_member, 2);
}

#[test]
fn what_the_page_lags_behind_is_counted_until_it_has_caught_up() {
    let mut model = Model::inside();
    let lagging = GatewayMessage::RoomLagging { behind: 2 }.encode();
    model.act(Action::Text(lagging));
    let behind = |model: &Model| model.seat.inside.as_ref().unwrap().replica.behind();
    assert_eq!(behind(&model), Some(2));
    model.happen(Happened::Paused { on: true });
    model.happen(Happened::Paused { on: false });
    model.publish(0);
    model.deliver(usize::MAX);
    assert_eq!(behind(&model), None);
}

#[test]
fn what_the_page_has_already_is_passed_over_without_asking_again() {
    let mut model = Model::inside();
    let asked = |model: &Model| {
        let asks = |it: &&ClientMessage| matches!(it, ClientMessage::Subscribe { .. });
        model.heard.iter().filter(asks).count()
    };
    let before = asked(&model);
    model.happen(Happened::Paused { on: true });
    model.publish(2);
    model.deliver(usize::MAX);
    assert_eq!(asked(&model), before);
    let inside = model.seat.inside.as_ref().unwrap();
    assert_eq!(inside.state(), &model.state);
    // A hole is another thing.
    model.happen(Happened::Paused { on: false });
    model.skip();
    model.happen(Happened::Paused { on: true });
    model.publish(0);
    model.deliver(usize::MAX);
    assert_eq!(asked(&model), before + 1);
}

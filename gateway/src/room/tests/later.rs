//! What is seen to later: names of those who have left, and runs of a gateway before.

use super::reading::exchange;
use super::*;
use chalkwire_shared::close::Reason;
use chalkwire_shared::room::{Exchange, Happened, Plan, RunId};

const SMALL: usize = 4_096;
const LARGE: usize = 1 << 20;

/// Waits until the log has nothing of a text.
async fn is_wiped(hall: &Hall, name: &str) {
    let wiped = async {
        loop {
            let lines = hall.room.transcript.read(0, LARGE).await.unwrap();
            let snapshot = hall.room.transcript.snapshot_kept().await.unwrap();
            let texts = lines.iter().map(|line| line.text.to_string());
            let texts: String = texts.chain(snapshot.map(|it| it.1.to_string())).collect();
            if !texts.contains(name) && texts.contains("member 2") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wiped)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_name_of_who_has_left_goes_from_the_pages_and_from_the_log() {
    for ring_bytes in [SMALL, LARGE] {
        let directory = tempfile::tempdir().unwrap();
        let hall = Hall::open(directory.path(), ring_bytes).await;
        let (teacher, _sits) = hall.enter(hall.by_teach(), "Ms Gray", 1).unwrap();
        let (otter, _sits_too) = hall.enter(hall.by_code(), "otterly", 2).unwrap();
        for n in 0..200 {
            teacher.seat.exchanged(exchange(n));
            hall.tick();
        }
        otter.seat.leave();
        hall.save().await;
        let in_ring = hall.room.lock().ring.joined(member(&otter)).is_some();
        assert_eq!(in_ring, ring_bytes == LARGE);
        let forget = Command::Forget {
            member: member(&otter),
        };
        tell(&teacher.seat, 1, &forget).unwrap();
        hall.save().await;
        is_wiped(&hall, "otterly").await;
        let mut late = Copy::default();
        late.connect(&teacher.seat);
        late.catch_up(hall.room.state().facts.offset).await;
        let text = serde_json::to_string(&(&late.log, &late.state)).unwrap();
        assert!(!text.contains("otterly"), "{text}");
        hall.rooms.stop().await;
    }
}

fn arm() -> Command {
    let plan = Plan {
        target: "line".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 0,
        idler: None,
        experiment: None,
    };
    Command::Arm { plan, in_ms: 1_000 }
}

#[tokio::test]
async fn what_was_on_at_a_gateways_end_is_over_when_somebody_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let hall = Hall::open(directory.path(), LARGE).await;
    let (teacher, _sits) = hall.enter(hall.by_teach(), "Ms Gray", 1).unwrap();
    let (otter, _sits_too) = hall.enter(hall.by_code(), "otter", 2).unwrap();
    tell(&teacher.seat, 1, &arm()).unwrap();
    let on = |hall: &Hall| Exchange {
        run: Some(RunId(1)),
        begun_us: hall.room.common.now_us(),
        ..exchange(1)
    };
    otter.seat.exchanged(on(&hall));
    hall.save().await;
    let of_run = |hall: &Hall| {
        let state = hall.room.state();
        let of_run = state.members[&member(&otter)].of_run.clone().unwrap();
        (of_run.over_us, of_run.reason)
    };
    let hall = hall.begin_anew(directory.path()).await;
    assert_eq!(of_run(&hall), (None, None));
    let (_teacher, _sits) = hall.enter(hall.by_teach(), "Ms Gray", 1).unwrap();
    assert_eq!(of_run(&hall), (Some(4), Some(Reason::Failed)));
    // One that this gateway has is not ended by who comes.
    let token = otter.you.token.clone().unwrap();
    let key = Key::Member {
        room: hall.made.room.clone(),
        member: member(&otter),
        token,
    };
    let (otter, _sits_too) = hall.enter(key, "", 2).unwrap();
    otter.seat.exchanged(on(&hall));
    let _teacher = hall.enter(hall.by_teach(), "Mr Hill", 3).unwrap();
    let of = &hall.room.state().members[&member(&otter)];
    assert_eq!(of.of_run.as_ref().unwrap().over_us, None);
    hall.rooms.stop().await;
}

#[tokio::test]
async fn a_socket_is_of_a_run_to_its_target_and_not_long_before_its_instant() {
    let directory = tempfile::tempdir().unwrap();
    let hall = Hall::open(directory.path(), LARGE).await;
    let (teacher, _sits) = hall.enter(hall.by_teach(), "Ms Gray", 1).unwrap();
    let armed = |in_us: i64| {
        let now_us = hall.room.common.now_us();
        let at_us = now_us.checked_add_signed(in_us).unwrap();
        let Command::Arm { plan, .. } = arm() else {
            panic!()
        };
        let run = RunId(1);
        hall.room.with(|room, inside| {
            room.happens(inside, Happened::Armed { run, plan, at_us });
        });
    };
    armed(60_000_000);
    assert!(!teacher.seat.is_of(RunId(1), "line"), "too early");
    armed(-1);
    assert!(teacher.seat.is_of(RunId(1), "line"));
    assert!(!teacher.seat.is_of(RunId(1), "udp"), "another target");
    assert!(!teacher.seat.is_of(RunId(2), "line"), "another run");
    hall.rooms.stop().await;
}

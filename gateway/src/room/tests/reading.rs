//! Reading a room: from the ring, from the log, and anew.

use super::*;
use chalkwire_shared::room::{Exchange, Happened, Payload};

const SMALL: usize = 4_096;
const LARGE: usize = 1 << 20;

pub(super) fn exchange(n: u32) -> Exchange {
    Exchange {
        run: None,
        target: "line".to_owned(),
        socket: n,
        begun_us: 1,
        connected_us: Some(2),
        accepted_us: None,
        sent_us: Some(3),
        recv_us: None,
        replied_us: Some(4),
        over_us: None,
        sent_bytes: 7,
        received_bytes: 33,
        sent: Payload::Text("hello\r\n".to_owned()),
        received: Payload::Text("[Mon Nov 23 06:08:10 2026]hello\r\n".to_owned()),
        reason: None,
        faulted: false,
    }
}

#[tokio::test]
async fn who_falls_out_of_the_ring_is_told_and_gets_every_event_from_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let hall = Hall::open(directory.path(), SMALL).await;
    let (heron, _sits) = hall.enter(hall.by_code(), "heron", 1).unwrap();
    let (otter, _sits_too) = hall.enter(hall.by_code(), "otter", 2).unwrap();
    let (mut quick, mut slow) = (Copy::default(), Copy::default());
    for copy in [&mut quick, &mut slow] {
        copy.connect(&heron.seat);
        hall.tick();
        while copy.step() {}
    }
    for n in 0..400 {
        otter.seat.exchanged(exchange(n));
        hall.tick();
        while quick.step() {}
    }
    let last = hall.room.state().facts.offset;
    assert_eq!((quick.offset(), quick.lagged), (last, 0));
    hall.save().await;
    slow.catch_up(last).await;
    assert_eq!(
        (slow.lagged, &*slow.recovered),
        (1, &[false][..]),
        "one who lags is told once"
    );
    assert_eq!(slow.log, quick.log);
    assert_eq!(slow.state, Some(hall.room.state()));
    // It goes on as everybody does.
    otter.seat.exchanged(exchange(400));
    hall.tick();
    assert!(slow.step());
    assert_eq!((slow.offset(), slow.lagged), (last + 1, 1));
    hall.rooms.stop().await;
}

#[tokio::test]
async fn who_comes_back_is_sent_what_it_has_not_or_all_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut hall = Hall::open(directory.path(), SMALL).await;
    let (otter, _sits) = hall.enter(hall.by_code(), "otter", 2).unwrap();
    let mut copy = Copy::default();
    copy.connect(&otter.seat);
    hall.tick();
    while copy.step() {}
    let token = otter.you.token.clone().unwrap();
    for n in 0..300 {
        otter.seat.exchanged(exchange(n));
    }
    hall.tick();
    hall.save().await;
    // From the log: the ring has forgotten it.
    copy.connect(&otter.seat);
    let last = hall.room.state().facts.offset;
    copy.catch_up(last).await;
    assert_eq!((&*copy.recovered, copy.lagged), (&[false, true][..], 0));
    assert_eq!(copy.state, Some(hall.room.state()));

    // From another gateway, which took the room up.
    let member = member(&otter);
    drop(otter);
    hall = hall.begin_anew(directory.path()).await;
    let key = Key::Member {
        room: hall.made.room.clone(),
        member,
        token,
    };
    let (otter, _sits) = hall.enter(key, "", 2).unwrap();
    otter.seat.exchanged(exchange(300));
    hall.tick();
    copy.connect(&otter.seat);
    copy.catch_up(last + 1).await;
    assert_eq!(copy.recovered.last(), Some(&true));
    assert_eq!(copy.state, Some(hall.room.state()));
    assert_eq!(copy.state.as_ref().unwrap().facts.epoch, 2);

    // What was live in an epoch and never saved is nobody's.
    let mut liar = Copy {
        reader: Some(otter.seat.read(1, last + 1)),
        ..Copy::default()
    };
    liar.catch_up(last + 1).await;
    assert_eq!(liar.recovered, [false]);
    assert_eq!(liar.state, Some(hall.room.state()));
    hall.rooms.stop().await;
}

#[tokio::test]
async fn nothing_of_a_name_is_left_where_one_had_it_removed() {
    let directory = tempfile::tempdir().unwrap();
    let hall = Hall::open(directory.path(), SMALL).await;
    let (otter, _sits) = hall.enter(hall.by_code(), "otterly", 1).unwrap();
    let (heron, _sits_too) = hall.enter(hall.by_code(), "heron", 2).unwrap();
    let mut early = Copy::default();
    early.connect(&heron.seat);
    hall.tick();
    while early.step() {}
    for n in 0..100 {
        heron.seat.exchanged(exchange(n));
        hall.tick();
    }
    hall.save().await;
    let forget = Command::Forget {
        member: member(&otter),
    };
    assert_eq!(tell(&heron.seat, 1, &forget), Err(Refusal::NotAllowed));
    tell(&otter.seat, 1, &forget).unwrap();
    hall.save().await;
    let last = hall.room.state().facts.offset;
    // Somebody new, somebody who lags, and the log itself.
    let mut late = Copy::default();
    late.connect(&heron.seat);
    late.catch_up(last).await;
    let mut lagging = Copy {
        reader: Some(heron.seat.read(1, 1)),
        state: Some(State::new(hall.made.room.clone())),
        ..Copy::default()
    };
    let opened = hall.room.transcript.read(0, 1).await.unwrap();
    let opened: RoomEvent = serde_json::from_str(&opened[0].text).unwrap();
    lagging.state.as_mut().unwrap().apply(&opened).unwrap();
    lagging.catch_up(last).await;
    assert_eq!(lagging.recovered, [true]);
    for copy in [&late, &lagging] {
        let text = serde_json::to_string(&(&copy.log, &copy.state)).unwrap();
        assert!(
            !text.contains("otterly") && text.contains("member 1"),
            "{text}"
        );
    }
    // The event is rewritten by a task of its own.
    let wiped = async {
        loop {
            let lines = hall.room.transcript.read(0, LARGE).await.unwrap();
            let texts: String = lines.iter().map(|line| &*line.text).collect();
            let snapshot = hall.room.transcript.snapshot_kept().await.unwrap();
            let wiped = |snapshot: &str| !snapshot.contains("otterly");
            if wiped(&texts) && snapshot.is_some_and(|(_, text)| wiped(&text)) {
                let event: RoomEvent = serde_json::from_str(&lines[1].text).unwrap();
                assert!(matches!(event.what, Happened::Joined { name, .. } if name == "member 1"));
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wiped)
        .await
        .unwrap();
    hall.rooms.stop().await;
}

#[tokio::test]
async fn a_viewer_gets_no_names_while_they_are_hidden() {
    let directory = tempfile::tempdir().unwrap();
    let hall = Hall::open(directory.path(), LARGE).await;
    let (teacher, _sits) = hall.enter(hall.by_teach(), "Ms Otter", 1).unwrap();
    let (viewer, _sits_too) = hall.enter(hall.by_view(), "", 2).unwrap();
    let mut copy = Copy::default();
    copy.connect(&viewer.seat);
    hall.tick();
    while copy.step() {}
    let has = |copy: &Copy, name: &str| {
        let text = serde_json::to_string(&(&copy.log, &copy.state)).unwrap();
        text.contains(name)
    };
    assert!(has(&copy, "Ms Otter"));
    tell(&teacher.seat, 1, &Command::HideNames { on: true }).unwrap();
    hall.tick();
    while copy.step() {}
    let (_heron, _sits_as_well) = hall.enter(hall.by_code(), "heron", 3).unwrap();
    hall.tick();
    while copy.step() {}
    let mut newcomer = Copy::default();
    newcomer.connect(&viewer.seat);
    while newcomer.step() {}
    for copy in [&copy, &newcomer] {
        assert!(!has(copy, "Otter") && !has(copy, "heron") && has(copy, "member 2"));
        assert_eq!(copy.offset(), hall.room.state().facts.offset);
    }
    let mut student = Copy::default();
    student.connect(&_heron.seat);
    while student.step() {}
    assert!(
        has(&student, "Ms Otter"),
        "only viewers are kept from names"
    );
    tell(&teacher.seat, 2, &Command::HideNames { on: false }).unwrap();
    hall.tick();
    while copy.step() {}
    assert_eq!(copy.state, Some(hall.room.state()));
    hall.rooms.stop().await;
}

//! What a room may count on while all is well.

use super::*;
use crate::log::{Epoch, NotRead, NotSaved, Refused, can_resume};

#[tokio::test]
async fn events_come_back_in_order_with_all_that_was_given() {
    let directory = scratch();
    let (log, kept) = open(directory.path());
    assert!(kept.is_empty());
    let room = log.create(new_room("a")).await.unwrap();
    assert_eq!(room.room(), "a");
    let given = Record {
        epoch: 1,
        offset: 7,
        prev: 0,
        time_us: 1_790_000_000_000_000,
        text: "{\"what\":\"ä ☃ \\u0000\"}".into(),
        token: None,
    };
    room.append(given.clone()).unwrap();
    let next = Record {
        offset: 9,
        prev: 7,
        text: "".into(),
        ..given.clone()
    };
    room.append(next.clone()).unwrap();
    saved(&room, 9).await;
    let line = |record: &Record| Line {
        epoch: record.epoch,
        offset: record.offset,
        prev: record.prev,
        time_us: record.time_us,
        text: record.text.clone(),
    };
    assert_eq!(all(&room).await, [line(&given), line(&next)]);
    log.stop().await;
    assert_whole(directory.path());
}

#[tokio::test]
async fn what_was_queued_is_saved_by_stop_and_nothing_is_taken_after_it() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=500);
    log.stop().await;
    assert_eq!(*room.saved().borrow(), 500);
    assert_eq!(room.append(record(1, 501, "x")), Err(Refused::Stopped));
    assert_eq!(room.read(0, 1).await, Err(NotRead::Stopped));
    let refused = log.create(new_room("b")).await;
    assert_eq!(refused.unwrap_err(), NotSaved::Refused(Refused::Stopped));
    let (_log, kept) = open(directory.path());
    assert_eq!(kept[0].last, 500);
}

#[tokio::test]
async fn dropping_the_log_saves_what_was_queued_too() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=100);
    drop(log);
    let (_log, kept) = open(directory.path());
    assert_eq!(
        offsets(&kept[0].transcript).await,
        (1..=100).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_room_is_taken_up_with_all_it_had() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    let token = |offset, member, hash| Record {
        token: Some((member, hash)),
        ..record(1, offset, "entered")
    };
    room.append(token(1, 1, [11; 32])).unwrap();
    room.append(token(2, 2, [12; 32])).unwrap();
    room.append(token(3, 3, [13; 32])).unwrap();
    // A member's newest token counts.
    room.append(token(4, 3, [14; 32])).unwrap();
    room.forget_token(2).unwrap();
    room.snapshot(2, "{\"state\":2}".into()).unwrap();
    room.snapshot(3, "{\"state\":3}".into()).unwrap();
    room.touch(5_000).unwrap();
    room.touch(4_000).unwrap();
    log.stop().await;
    let (log, kept) = open(directory.path());
    let [kept] = &kept[..] else {
        panic!("{kept:?}")
    };
    assert_eq!(kept.room, new_room("a"));
    assert_eq!(kept.used_ms, 5_000);
    assert_eq!(kept.last, 4);
    assert_eq!(*kept.transcript.saved().borrow(), 4);
    assert_eq!(kept.snapshot, Some(3));
    assert_eq!(kept.tokens, [(1, [11; 32]), (3, [14; 32])]);
    let snapshot = kept.transcript.snapshot_kept().await.unwrap().unwrap();
    assert_eq!(snapshot, (3, "{\"state\":3}".into()));
    drop(log);
}

#[tokio::test]
async fn each_time_a_room_is_taken_up_it_begins_an_epoch_first() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    let busy = room.begin_epoch().await;
    assert_eq!(busy.unwrap_err(), NotSaved::Refused(Refused::HasEpoch));
    append(&room, 1, 1..=10);
    log.stop().await;

    let (log, kept) = open(directory.path());
    let room = &kept[0].transcript;
    assert_eq!(room.append(record(1, 11, "x")), Err(Refused::NoEpoch));
    let second = room.begin_epoch().await.unwrap();
    let expected = Epoch {
        epoch: 2,
        last: 10,
        first: 11,
    };
    assert_eq!(second, expected);
    append(room, 2, 11..=12);
    log.stop().await;

    let (_log, kept) = open(directory.path());
    let room = &kept[0].transcript;
    assert_eq!(room.begin_epoch().await.unwrap().epoch, 3);
    let epochs = room.epochs();
    assert_eq!(epochs.len(), 3);
    assert_eq!(epochs[1], expected);
    assert!(can_resume(&epochs, 1, 10) && !can_resume(&epochs, 1, 11));
    assert!(can_resume(&epochs, 2, 12) && !can_resume(&epochs, 2, 13));
    let epochs: Vec<u32> = all(room).await.iter().map(|line| line.epoch).collect();
    assert_eq!((epochs[9], epochs[10]), (1, 2));
}

#[tokio::test]
async fn an_event_that_does_not_follow_the_one_before_it_cuts_the_room() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    for (name, wrong) in [
        (
            "gap",
            Record {
                prev: 3,
                ..record(1, 4, "x")
            },
        ),
        (
            "twice",
            Record {
                prev: 2,
                ..record(1, 2, "x")
            },
        ),
        ("epoch", record(2, 3, "x")),
    ] {
        let room = log.create(new_room(name)).await.unwrap();
        append(&room, 1, 1..=2);
        let refused = Refused::Order { epoch: 1, last: 2 };
        assert_eq!(room.append(wrong), Err(refused), "{name}");
        assert!(room.is_cut());
        assert_eq!(room.append(record(1, 3, "x")), Err(Refused::Cut), "{name}");
        saved(&room, 2).await;
        assert_eq!(offsets(&room).await, [1, 2], "{name}");
    }
}

#[tokio::test]
async fn reading_goes_on_from_an_offset_in_portions_of_at_least_one() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    for offset in 1..=6 {
        room.append(record(1, offset, &"x".repeat(100))).unwrap();
    }
    saved(&room, 6).await;
    let read = async |after, bytes| {
        let lines = room.read(after, bytes).await.unwrap();
        lines.iter().map(|line| line.offset).collect::<Vec<_>>()
    };
    assert_eq!(read(0, 250).await, [1, 2]);
    assert_eq!(read(2, 300).await, [3, 4, 5]);
    assert_eq!(read(5, 1).await, [6]);
    assert_eq!(read(6, 1_000).await, [0; 0]);
    assert_eq!(read(u64::MAX, 1_000).await, [0; 0]);
}

#[tokio::test]
async fn rooms_do_not_see_each_other() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let one = log.create(new_room("one")).await.unwrap();
    let two = log.create(new_room("two")).await.unwrap();
    for offset in 1..=50 {
        one.append(record(1, offset, "one")).unwrap();
        two.append(record(1, offset, "two")).unwrap();
    }
    one.snapshot(50, "one".into()).unwrap();
    one.prune(0).unwrap();
    one.rewrite(1, "gone".into()).unwrap();
    saved(&two, 50).await;
    one.end().await.unwrap();
    let texts = all(&two).await;
    assert_eq!(texts.len(), 50);
    assert!(texts.iter().all(|line| &*line.text == "two"));
    assert_eq!(two.snapshot_kept().await.unwrap(), None);
}

#[tokio::test]
async fn a_rooms_name_and_code_are_its_own() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    let code = NewRoom {
        room: "b".to_owned(),
        ..new_room("a")
    };
    let name = NewRoom {
        code: "b".to_owned(),
        ..new_room("a")
    };
    assert_eq!(log.create(code.clone()).await.unwrap_err(), NotSaved::Taken);
    assert_eq!(log.create(name).await.unwrap_err(), NotSaved::Taken);
    // Neither did harm to what was in the group with it.
    append(&room, 1, 1..=1);
    saved(&room, 1).await;
    room.end().await.unwrap();
    log.create(code).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_of_what_is_not_saved_is_not_taken() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=2);
    room.snapshot(3, "of the future".into()).unwrap();
    append(&room, 1, 3..=3);
    saved(&room, 3).await;
    assert_eq!(room.snapshot_kept().await.unwrap(), None);
}

#[tokio::test]
async fn what_is_counted_is_what_happened() {
    let directory = scratch();
    let (log, metrics) = open_with(directory.path(), &Settings::default());
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=100);
    saved(&room, 100).await;
    log.stop().await;
    assert_eq!(metrics.log_saved.get(), 100);
    assert_eq!(metrics.log_queue.get(), 0);
    assert_eq!(metrics.log_failures.get(), 0);
    let commits = metrics.log_commits.get();
    assert!((2..=101).contains(&commits), "{commits}");
}

#[tokio::test]
async fn an_older_snapshot_does_not_replace_a_newer_one() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=5);
    room.snapshot(4, "four".into()).unwrap();
    room.snapshot(2, "two".into()).unwrap();
    append(&room, 1, 6..=6);
    saved(&room, 6).await;
    let kept = room.snapshot_kept().await.unwrap();
    assert_eq!(kept, Some((4, "four".into())));
    // The same again, as when a name is to go.
    room.snapshot(4, "vier".into()).unwrap();
    append(&room, 1, 7..=7);
    saved(&room, 7).await;
    let kept = room.snapshot_kept().await.unwrap();
    assert_eq!(kept, Some((4, "vier".into())));
}

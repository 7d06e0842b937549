//! What is to go: names, old events, rooms; and that nothing of it stays in the file.

use super::*;
use crate::log::{NotSaved, Refused};

#[tokio::test]
async fn an_ended_room_leaves_nothing_behind() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    let entered = Record {
        token: Some((1, [9; 32])),
        ..record(1, 1, "a-name-that-must-go")
    };
    room.append(entered).unwrap();
    room.snapshot(1, "a-name-that-must-go".repeat(1_000).into())
        .unwrap();
    let ending = room.end();
    assert_eq!(room.append(record(1, 2, "x")), Err(Refused::Ended));
    ending.await.unwrap();
    assert_eq!(all(&room).await, []);
    assert_eq!(
        room.begin_epoch().await.unwrap_err(),
        NotSaved::Refused(Refused::Ended)
    );
    log.stop().await;
    let file = std::fs::read(directory.path().join(FILE)).unwrap();
    let name = b"a-name-that-must-go";
    assert!(!file.windows(name.len()).any(|bytes| bytes == name));
    let (_log, kept) = open(directory.path());
    assert!(kept.is_empty());
    assert_whole(directory.path());
}

#[tokio::test]
async fn an_end_that_nobody_waits_for_happens_all_the_same() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    drop(room.end());
    log.stop().await;
    let (_log, kept) = open(directory.path());
    assert!(kept.is_empty());
}

#[tokio::test]
async fn a_rewritten_event_says_the_new_text_and_the_old_is_gone_from_the_disk() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=2);
    let name = "Maximiliane".repeat(1_000);
    room.append(record(1, 3, &name)).unwrap();
    append(&room, 1, 4..=4);
    saved(&room, 4).await;
    room.rewrite(3, "member 3".into()).unwrap();
    // There is none such: nothing happens.
    room.rewrite(99, "nobody".into()).unwrap();
    append(&room, 1, 5..=5);
    saved(&room, 5).await;
    let texts: Vec<_> = all(&room).await.into_iter().map(|line| line.text).collect();
    assert_eq!(texts, ["1", "2", "member 3", "4", "5"].map(Box::from));
    log.stop().await;
    let file = std::fs::read(directory.path().join(FILE)).unwrap();
    assert!(!file.windows(11).any(|bytes| bytes == b"Maximiliane"));
}

#[tokio::test]
async fn pruning_keeps_the_newest_and_all_after_the_snapshot() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    for offset in 1..=10 {
        room.append(record(1, offset, &"x".repeat(100))).unwrap();
    }
    // Without a snapshot, nothing may go.
    room.prune(0).unwrap();
    room.append(record(1, 11, &"x".repeat(100))).unwrap();
    saved(&room, 11).await;
    assert_eq!(offsets(&room).await.len(), 11);
    // Enough is kept already.
    room.snapshot(8, "state".into()).unwrap();
    room.prune(1_100).unwrap();
    room.append(record(1, 12, &"x".repeat(100))).unwrap();
    saved(&room, 12).await;
    assert_eq!(offsets(&room).await.len(), 12);
    // 1,200 bytes are there.
    room.prune(950).unwrap();
    room.append(record(1, 13, &"x".repeat(100))).unwrap();
    saved(&room, 13).await;
    assert_eq!(offsets(&room).await, (4..=13).collect::<Vec<_>>());
    // A reader sees that there was something before.
    assert_eq!(room.read(0, 1).await.unwrap()[0].prev, 3);
    room.prune(0).unwrap();
    log.stop().await;
    let (_log, kept) = open(directory.path());
    assert_eq!(kept[0].last, 13);
    assert_eq!(
        offsets(&kept[0].transcript).await,
        (9..=13).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_comes_on_either_side_of_a_rooms_end_harms_no_other_room() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let mut rooms = Vec::new();
    for name in ["old", "used"] {
        let room = log.create(new_room(name)).await.unwrap();
        append(&room, 1, 1..=3);
        rooms.push(room);
    }
    rooms[1].touch(9_000).unwrap();
    rooms[1].touch(8_000).unwrap();
    rooms[0].append(record(1, 4, "before")).unwrap();
    let ending = rooms[0].end();
    assert_eq!(rooms[0].append(record(1, 5, "after")), Err(Refused::Ended));
    rooms[0].rewrite(1, "after".into()).unwrap();
    append(&rooms[1], 1, 4..=4);
    ending.await.unwrap();
    saved(&rooms[1], 4).await;
    log.stop().await;
    let (_log, kept) = open(directory.path());
    let used: Vec<_> = kept.iter().map(|it| (&*it.room.room, it.used_ms)).collect();
    assert_eq!(used, [("used", 9_000)]);
    assert_whole(directory.path());
}

#[tokio::test]
async fn a_long_transcript_goes_bit_by_bit_and_gives_its_space_back() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let other = log.create(new_room("other")).await.unwrap();
    let long = log.create(new_room("long")).await.unwrap();
    for offset in 1..=40 {
        long.append(record(1, offset, &"x".repeat(1 << 17)))
            .unwrap();
    }
    append(&other, 1, 1..=5);
    saved(&long, 40).await;
    long.end().await.unwrap();
    // Most of it is still to be wiped; the next gateway does that.
    log.stop().await;
    drop(log);
    let size = || {
        std::fs::metadata(directory.path().join(FILE))
            .unwrap()
            .len()
    };
    let before = size();
    let (log, kept) = open(directory.path());
    assert_eq!(kept.len(), 1);
    // Each is a commit, which wipes a MiB.
    for number in 0..8 {
        log.create(new_room(&number.to_string())).await.unwrap();
    }
    assert_eq!(offsets(&kept[0].transcript).await, [1, 2, 3, 4, 5]);
    log.stop().await;
    drop((log, kept));
    let file = rusqlite::Connection::open(directory.path().join(FILE)).unwrap();
    let left = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM leaving)";
    let left: (u32, u32) = file.query_row(left, (), |row| row.try_into()).unwrap();
    assert_eq!(left, (5, 0));
    drop(file);
    assert!(before > 3 << 20 && size() < 1 << 20, "{before}, {}", size());
    assert_whole(directory.path());
}

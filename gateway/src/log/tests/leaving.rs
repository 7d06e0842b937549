//! What is to go: names, old events, rooms; and that nothing of it stays in the file.

use super::*;
use crate::log::writer::PRUNED_BYTES;
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
    let name = b"a-name-that-must-go";
    assert!(!is_on_the_disk(directory.path(), name));
    assert_eq!(all(&room).await, []);
    assert_eq!(
        room.begin_epoch().await.unwrap_err(),
        NotSaved::Refused(Refused::Ended)
    );
    log.stop().await;
    assert!(!is_on_the_disk(directory.path(), name));
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
    // Not in the journal either, while the gateway runs.
    assert!(!is_on_the_disk(directory.path(), b"Maximiliane"));
    log.stop().await;
}

/// Whether any of the log's files has these bytes.
fn is_on_the_disk(directory: &Path, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(directory).unwrap();
    let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.any(|file| file.windows(bytes.len()).any(|here| here == bytes))
}

#[tokio::test]
async fn what_went_while_somebody_read_the_journal_is_gone_from_it_soon_after() {
    let directory = scratch();
    let settings = Settings {
        busy: Duration::from_millis(1),
        ..Settings::default()
    };
    let (log, _) = open_with(directory.path(), &settings);
    let room = log.create(new_room("a")).await.unwrap();
    room.append(record(1, 1, &"Maximiliane".repeat(1_000)))
        .unwrap();
    saved(&room, 1).await;
    let other = rusqlite::Connection::open(directory.path().join(FILE)).unwrap();
    other.execute_batch("BEGIN").unwrap();
    let reading = "SELECT count(*) FROM events";
    let read: u32 = other.query_row(reading, (), |row| row.get(0)).unwrap();
    assert_eq!(read, 1);
    // It is told all the same: there is no such room any more.
    room.end().await.unwrap();
    assert!(is_on_the_disk(directory.path(), b"Maximiliane"));
    other.execute_batch("COMMIT").unwrap();
    let gone = async {
        while is_on_the_disk(directory.path(), b"Maximiliane") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_gateway_left_in_the_journal_is_gone_with_the_next_one() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    room.append(record(1, 1, &"Maximiliane".repeat(1_000)))
        .unwrap();
    saved(&room, 1).await;
    // As if it were killed: between the commit and the emptying of the journal.
    let copy = scratch();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    log.stop().await;
    let file = rusqlite::Connection::open(copy.path().join(FILE)).unwrap();
    file.execute_batch("PRAGMA secure_delete = ON; DELETE FROM rooms; DELETE FROM events")
        .unwrap();
    // Closing it would empty the journal.
    std::mem::forget(file);
    assert!(is_on_the_disk(copy.path(), b"Maximiliane"));
    let (log, _) = open(copy.path());
    log.create(new_room("b")).await.unwrap();
    assert!(!is_on_the_disk(copy.path(), b"Maximiliane"));
    log.stop().await;
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
async fn what_is_too_much_for_one_commit_is_pruned_by_the_next_ones() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    let length = usize::try_from(PRUNED_BYTES / 4).unwrap();
    for offset in 1..=14 {
        room.append(record(1, offset, &"x".repeat(length))).unwrap();
    }
    room.snapshot(14, "state".into()).unwrap();
    saved(&room, 14).await;
    room.prune(2 * length as u64).unwrap();
    // Each is a commit; nothing else is needed than that there are some.
    for number in 0..3 {
        log.create(new_room(&number.to_string())).await.unwrap();
    }
    assert_eq!(offsets(&room).await, [13, 14]);
    // A room that ends meanwhile is wiped like others.
    append(&room, 1, 15..=15);
    room.prune(0).unwrap();
    room.end().await.unwrap();
    log.create(new_room("b")).await.unwrap();
    assert_eq!(all(&room).await, []);
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

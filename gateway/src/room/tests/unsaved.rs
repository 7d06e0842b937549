//! A disk that is full: the room goes on, says so, and is saved again later.

use std::sync::atomic::{AtomicU32, Ordering};

use super::reading::exchange;
use super::*;
use crate::log::{FILE, Health, Log, Record, UNSAVED};
use chalkwire_shared::room::Happened;

/// Pages that the tables take, and a few more.
const FEW_PAGES: u32 = 24;

/// A room on a disk that can be filled.
async fn open(directory: &Path, queue_bytes: usize) -> (Hall, Arc<AtomicU32>) {
    let common = common(1 << 20);
    let (log, _, pages) = Log::open_to_fail(directory, &common.metrics, queue_bytes);
    (Hall::of(Rooms::empty(common, log, true)).await, pages)
}

async fn is(hall: &Hall, healthy: bool) {
    let mut health = hall.rooms.log.health();
    let is_so = health.wait_for(|health| (*health == Health::Saving) == healthy);
    tokio::time::timeout(Duration::from_secs(10), is_so)
        .await
        .unwrap()
        .unwrap();
    hall.tick();
}

async fn mended(hall: &Hall) {
    let mended = async {
        while hall.room.transcript.is_cut() || hall.room.lock().kept.unsaved.is_some() {
            hall.tick();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), mended)
        .await
        .unwrap();
}

fn rename(n: u64) -> Command {
    Command::Rename {
        title: format!("{n} {}", "x".repeat(50)),
    }
}

/// Exchanges happen until the disk is full.
async fn fill(hall: &Hall, seat: &Arc<Seat>) {
    let mut n = 0;
    while *hall.rooms.log.health().borrow() == Health::Saving {
        n += 1;
        seat.exchanged(exchange(n));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn on_a_full_disk_the_room_goes_on_and_says_so_and_nothing_is_done_until_it_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let (hall, pages) = open(directory.path(), 16 << 20).await;
    let (teacher, sitter) = hall.enter(hall.by_teach(), "Ms Otter", 1).unwrap();
    let mut copy = Copy::default();
    copy.connect(&teacher.seat);
    hall.save().await;
    while copy.step() {}
    assert_eq!(copy.unsaved, None);
    pages.store(FEW_PAGES, Ordering::Relaxed);
    fill(&hall, &teacher.seat).await;
    is(&hall, false).await;
    for no in 1..=5 {
        tell(&teacher.seat, no, &rename(no)).unwrap();
    }
    hall.tick();
    while copy.step() {}
    // It is live, and known not to be saved.
    assert_eq!(copy.state, Some(hall.room.state()));
    let why = copy.unsaved.clone().expect("why it is not saved");
    assert!(why.contains("disk is full"), "{why}");
    assert!(copy.saved < copy.offset());
    assert_eq!(sitter.told(), []);

    pages.store(1 << 20, Ordering::Relaxed);
    is(&hall, true).await;
    hall.save().await;
    while copy.step() {}
    assert_eq!((copy.saved, copy.unsaved.clone()), (copy.offset(), None));
    assert_eq!(sitter.told().last(), Some(&Told::Done { no: 5 }));
    assert_eq!(
        copy.state.as_ref().unwrap().facts.epoch,
        1,
        "nothing was lost"
    );
    hall.rooms.stop().await;
}

#[tokio::test]
async fn a_room_whose_events_were_lost_is_saved_as_it_is_in_a_new_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let (hall, pages) = open(directory.path(), 8_192).await;
    let (teacher, sitter) = hall.enter(hall.by_teach(), "Ms Otter", 1).unwrap();
    let mut copy = Copy::default();
    copy.connect(&teacher.seat);
    hall.save().await;
    while copy.step() {}
    let before = copy.offset();
    pages.store(1, Ordering::Relaxed);
    fill(&hall, &teacher.seat).await;
    while !hall.room.transcript.is_cut() {
        teacher.seat.exchanged(exchange(0));
    }
    let no = 1;
    tell(&teacher.seat, no, &rename(no)).unwrap();
    // Whom the log knows nothing of comes in all the same.
    let (heron, _sits) = hall.enter(hall.by_code(), "heron", 2).unwrap();
    hall.tick();
    while copy.step() {}
    assert!(copy.unsaved.is_some());
    assert_eq!(copy.state, Some(hall.room.state()));

    pages.store(1 << 20, Ordering::Relaxed);
    is(&hall, true).await;
    mended(&hall).await;
    hall.save().await;
    while copy.step() {}
    assert_eq!((copy.saved, copy.unsaved.clone()), (copy.offset(), None));
    assert_eq!(sitter.told().last(), Some(&Told::Done { no }));
    tell(&teacher.seat, no + 1, &hand(true)).unwrap();
    hall.save().await;
    while copy.step() {}
    let state = copy.state.clone().unwrap();
    assert_eq!(state.facts.epoch, 2);

    // Nobody is led across what was lost; and the next gateway has all of it, tokens too.
    let mut old = Copy {
        reader: Some(teacher.seat.read(1, before)),
        ..Copy::default()
    };
    while old.step() {}
    assert_eq!(
        (&*old.recovered, old.state.as_ref()),
        (&[false][..], Some(&state))
    );
    let key = Key::Member {
        room: hall.made.room.clone(),
        member: member(&heron),
        token: heron.you.token.clone().unwrap(),
    };
    drop((teacher, heron, copy, old));
    let hall = hall.begin_anew(directory.path()).await;
    assert_eq!(hall.room.state(), state);
    assert!(hall.enter(key, "", 2).is_ok());
    hall.rooms.stop().await;
}

#[tokio::test]
async fn a_room_that_no_epoch_can_be_begun_for_is_taken_up_all_the_same_and_saved_later() {
    let directory = tempfile::tempdir().unwrap();
    let hall = Hall::open(directory.path(), 1 << 20).await;
    let (heron, _sits) = hall.enter(hall.by_code(), "heron", 2).unwrap();
    hall.save().await;
    let (member, token) = (member(&heron), heron.you.token.clone().unwrap());
    let saved = hall.room.state().facts.offset;
    drop(heron);
    hall.rooms.stop().await;
    let made = hall.made;
    drop((hall.rooms, hall.room));

    let common = common(1 << 20);
    let (log, found, _) = Log::open_to_fail(directory.path(), &common.metrics, 1 << 20);
    let other = rusqlite::Connection::open(directory.path().join(FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let rooms = Rooms::take_all_up(common, log, found, true).await;
    let room = rooms.get(&made.room).expect("the room");
    let hall = Hall { rooms, room, made };
    let key = || Key::Member {
        room: hall.made.room.clone(),
        member,
        token: token.clone(),
    };
    let (heron, _sits) = hall.enter(key(), "", 2).unwrap();
    let mut copy = Copy::default();
    copy.connect(&heron.seat);
    tell(&heron.seat, 1, &hand(true)).unwrap();
    hall.tick();
    while copy.step() {}
    let why = copy.unsaved.clone().expect("why it is not saved");
    assert!(why.contains("another program"), "{why}");
    assert!(copy.saved < copy.offset());
    assert_eq!(copy.state.as_ref().unwrap().facts.epoch, UNSAVED);
    // What an earlier gateway had and did not save is not taken for what has its place now.
    let mut old = Copy {
        reader: Some(heron.seat.read(1, saved + 1)),
        ..Copy::default()
    };
    while old.step() {}
    assert_eq!(old.recovered, [false]);

    other.execute_batch("COMMIT").unwrap();
    mended(&hall).await;
    hall.save().await;
    while copy.step() {}
    assert_eq!((copy.saved, copy.unsaved.clone()), (copy.offset(), None));
    tell(&heron.seat, 2, &hand(false)).unwrap();
    hall.save().await;
    let state = hall.room.state();
    assert_eq!(state.facts.epoch, 2);
    drop((heron, copy, old));
    let hall = hall.begin_anew(directory.path()).await;
    assert_eq!(hall.room.state(), state);
    hall.rooms.stop().await;
}

#[tokio::test]
async fn a_room_whose_end_was_saved_and_that_was_not_deleted_is_deleted_by_the_next_gateway() {
    let directory = tempfile::tempdir().unwrap();
    let hall = Hall::open(directory.path(), 1 << 20).await;
    hall.save().await;
    let ended = {
        let state = hall.room.lock().state.clone();
        state.event(1, 7, MemberId::GATEWAY, None, Happened::Ended)
    };
    let record = Record {
        epoch: ended.epoch,
        offset: ended.offset,
        prev: ended.prev,
        time_us: ended.time_us,
        text: serde_json::to_string(&ended).unwrap().into(),
        token: None,
    };
    hall.room.transcript.append(record).unwrap();
    hall.rooms.stop().await;
    let made = hall.made;
    drop((hall.rooms, hall.room));
    let rooms = Rooms::open_with(common(1 << 20), directory.path(), true).await;
    let rooms = rooms.unwrap();
    assert!(rooms.get(&made.room).is_none());
    rooms.stop().await;
    drop(rooms);
    let (_log, found) = Log::open(directory.path(), &Arc::default()).unwrap();
    assert!(found.is_empty());
}

//! A disk that does not take it: nothing is lost while the queue holds it, and all is told.

use std::process::Command;
use std::sync::atomic::Ordering;

use super::*;
use crate::log::{Epoch, Health, NotSaved, Refused, Snapshot, Why, can_resume};

/// Pages that the tables take, and a few more.
const FEW_PAGES: u32 = 24;

/// Of text: more than fits in `FEW_PAGES`.
const LONG: usize = 40_000;

fn small(queue_bytes: usize) -> Settings {
    Settings {
        queue_bytes,
        busy: Duration::from_millis(1),
        ..Settings::default()
    }
}

fn fill_disk(settings: &Settings) {
    settings.most_pages.store(FEW_PAGES, Ordering::Relaxed);
}

fn free_disk(settings: &Settings) {
    settings.most_pages.store(1 << 20, Ordering::Relaxed);
}

async fn not_saving(log: &Log) {
    let is_so = |health: &Health| *health == Health::NotSaving(Why::DiskFull);
    until(&mut log.health(), is_so).await;
}

async fn saving(log: &Log) {
    until(&mut log.health(), |health| *health == Health::Saving).await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_lost_once_there_is_space() {
    let directory = scratch();
    let settings = small(1 << 20);
    let (log, metrics) = open_with(directory.path(), &settings);
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=10);
    saved(&room, 10).await;
    fill_disk(&settings);
    for offset in 11..=15 {
        room.append(record(1, offset, &"x".repeat(LONG))).unwrap();
    }
    not_saving(&log).await;
    append(&room, 1, 16..=20);
    assert!(*room.saved().borrow() < 20);
    assert!(metrics.log_failures.get() > 0 && metrics.log_queue.get() > 0);
    free_disk(&settings);
    saved(&room, 20).await;
    saving(&log).await;
    assert_eq!(offsets(&room).await, (1..=20).collect::<Vec<_>>());
    log.stop().await;
    assert_eq!(metrics.log_queue.get(), 0);
    assert_whole(directory.path());
}

#[tokio::test]
async fn another_program_that_holds_the_file_only_delays() {
    let directory = scratch();
    let (log, _) = open_with(directory.path(), &small(1 << 20));
    let room = log.create(new_room("a")).await.unwrap();
    let other = rusqlite::Connection::open(directory.path().join(FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    append(&room, 1, 1..=3);
    let busy = |health: &Health| *health == Health::NotSaving(Why::Busy);
    until(&mut log.health(), busy).await;
    other.execute_batch("COMMIT").unwrap();
    saved(&room, 3).await;
}

#[tokio::test]
async fn while_the_disk_is_full_a_new_room_is_refused_rather_than_waited_for() {
    let directory = scratch();
    let settings = small(1 << 20);
    let (log, _) = open_with(directory.path(), &settings);
    let room = log.create(new_room("a")).await.unwrap();
    fill_disk(&settings);
    for offset in 1..=5 {
        room.append(record(1, offset, &"x".repeat(LONG))).unwrap();
    }
    not_saving(&log).await;
    let refused = log.create(new_room("b"));
    let refused = tokio::time::timeout(DEADLINE, refused).await.unwrap();
    assert_eq!(refused.unwrap_err(), NotSaved::Disk(Why::DiskFull));
}

/// The whole way: full, cut, a new epoch, a snapshot, saved again.
#[tokio::test]
async fn a_room_that_was_cut_is_saved_again_from_a_snapshot_in_a_new_epoch() {
    let directory = scratch();
    let settings = small(3 * LONG);
    let (log, metrics) = open_with(directory.path(), &settings);
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=10);
    saved(&room, 10).await;
    fill_disk(&settings);
    let mut offset = 10;
    let refused = loop {
        match room.append(record(1, offset + 1, &"x".repeat(LONG))) {
            Ok(()) => offset += 1,
            Err(refused) => break refused,
        }
        assert!(offset < 20, "the queue has no bound");
    };
    assert_eq!(refused, Refused::Full);
    assert!(room.is_cut());
    // A small one would fit, but there would be a hole before it.
    assert_eq!(room.append(record(1, offset + 1, "x")), Err(Refused::Cut));
    assert_eq!(metrics.log_refused.get(), 2);
    // What is asked of the past still gets in: it uses the reserve.
    room.rewrite(3, "member".into()).unwrap();
    not_saving(&log).await;
    free_disk(&settings);
    saving(&log).await;
    saved(&room, offset).await;

    // Meanwhile the room has gone on, unsaved.
    let now = offset + 30;
    let snapshot = |offset| Snapshot {
        offset,
        text: "state".into(),
        tokens: vec![(7, [7; 32])],
    };
    assert_eq!(room.restart(1, snapshot(now)), Err(Refused::NoEpoch));
    let epoch = room.begin_epoch().await.unwrap();
    assert_eq!((epoch.epoch, epoch.last), (2, offset));
    assert_eq!(room.append(record(2, now + 1, "x")), Err(Refused::Cut));
    room.restart(2, snapshot(now)).unwrap();
    append(&room, 2, now + 1..=now + 5);
    saved(&room, now + 5).await;
    let whole = Epoch {
        first: now + 1,
        ..epoch
    };
    assert_eq!(room.epochs().last(), Some(&whole));
    log.stop().await;

    let (_log, kept) = open(directory.path());
    let kept = &kept[0];
    assert_eq!((kept.last, kept.snapshot), (now + 5, Some(now)));
    assert_eq!(kept.tokens, [(7, [7; 32])]);
    let epochs = kept.transcript.epochs();
    assert_eq!(epochs.last(), Some(&whole));
    assert!(!can_resume(&epochs, 1, 5), "nobody is sent across the hole");
    assert!(can_resume(&epochs, 2, now + 2));
    let expected: Vec<u64> = (1..=offset).chain(now + 1..=now + 5).collect();
    assert_eq!(offsets(&kept.transcript).await, expected);
    assert_eq!(&*all(&kept.transcript).await[2].text, "member");
}

#[tokio::test]
async fn an_epoch_is_good_for_one_restart() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    let snapshot = |offset| Snapshot {
        offset,
        text: "state".into(),
        tokens: Vec::new(),
    };
    let cut = || room.append(record(99, 1, "x")).unwrap_err();
    cut();
    let epoch = room.begin_epoch().await.unwrap().epoch;
    room.restart(epoch, snapshot(4)).unwrap();
    assert_eq!(room.restart(epoch, snapshot(5)), Err(Refused::HasEpoch));
    cut();
    assert_eq!(room.restart(epoch, snapshot(6)), Err(Refused::NoEpoch));
    assert_eq!(room.begin_epoch().await.unwrap().epoch, epoch + 1);
    // Back in time is no way.
    let back = room.restart(epoch + 1, snapshot(3));
    assert!(
        matches!(back, Err(Refused::Order { last: 4, .. })),
        "{back:?}"
    );
}

#[tokio::test]
async fn a_gateway_that_stops_with_a_full_disk_does_stop() {
    let directory = scratch();
    let settings = small(1 << 20);
    let (log, _) = open_with(directory.path(), &settings);
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=10);
    saved(&room, 10).await;
    fill_disk(&settings);
    for offset in 11..=15 {
        room.append(record(1, offset, &"x".repeat(LONG))).unwrap();
    }
    not_saving(&log).await;
    tokio::time::timeout(DEADLINE, log.stop()).await.unwrap();
    drop(log);
    let (_log, kept) = open(directory.path());
    // What was told saved, and no more.
    assert_eq!(kept[0].last, *room.saved().borrow());
}

/// A file system of 4 MiB; taken away when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where tests may not mount anything.
    fn mount() -> Option<Self> {
        let directory = scratch();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "chalkwire-test"]);
        let mounted = mount.arg(directory.path()).output();
        mounted
            .is_ok_and(|mounted| mounted.status.success())
            .then_some(SmallDisk(directory))
    }

    /// Fills what is left of it; removing the file frees it.
    fn fill(&self) -> std::path::PathBuf {
        let path = self.0.path().join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        let full = std::io::copy(&mut std::io::repeat(0), &mut file);
        assert_eq!(full.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_disk_that_is_really_full_loses_nothing_either() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: no small disk can be mounted here");
        return;
    };
    let (log, metrics) = open_with(disk.0.path(), &small(2 << 20));
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=10);
    saved(&room, 10).await;
    let filler = disk.fill();
    for offset in 11..=25 {
        room.append(record(1, offset, &"x".repeat(LONG))).unwrap();
    }
    not_saving(&log).await;
    assert!(*room.saved().borrow() < 25);
    // What is saved can be read all the while.
    assert!(offsets(&room).await.len() >= 10);
    std::fs::remove_file(filler).unwrap();
    saved(&room, 25).await;
    saving(&log).await;
    log.stop().await;
    drop(log);
    assert!(metrics.log_failures.get() > 0);
    let (_log, kept) = open(disk.0.path());
    assert_eq!(
        offsets(&kept[0].transcript).await,
        (1..=25).collect::<Vec<_>>()
    );
    drop(_log);
    assert_whole(disk.0.path());
}

//! What the log keeps of a room.

use super::reading::exchange;
use super::*;
use chalkwire_shared::room::{Exchange, Payload};

#[tokio::test]
async fn a_name_is_nowhere_on_the_disk_once_it_is_told_that_it_was_removed() {
    let directory = tempfile::tempdir().unwrap();
    // At hand, and not.
    for ring_bytes in [1 << 20, 4_096] {
        let directory = directory.path().join(ring_bytes.to_string());
        std::fs::create_dir(&directory).unwrap();
        let hall = Hall::open(&directory, ring_bytes).await;
        let (otter, sitter) = hall.enter(hall.by_code(), "otterly", 1).unwrap();
        for n in 0..100 {
            otter.seat.exchanged(exchange(n));
            hall.tick();
        }
        hall.save().await;
        let is_on_the_disk = || {
            let files = std::fs::read_dir(&directory).unwrap();
            let mut files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
            files.any(|file| file.windows(7).any(|bytes| bytes == b"otterly"))
        };
        assert!(is_on_the_disk());
        let forget = Command::Forget {
            member: member(&otter),
        };
        tell(&otter.seat, 1, &forget).unwrap();
        let told = async {
            while sitter.told().is_empty() {
                hall.tick();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), told)
            .await
            .unwrap();
        assert!(!is_on_the_disk(), "{ring_bytes}");
        assert_eq!(sitter.told(), [Told::Done { no: 1 }]);
        hall.rooms.stop().await;
    }
}

#[tokio::test]
async fn the_log_keeps_no_more_of_a_room_than_it_may_however_few_its_events_are() {
    const MOST: u64 = 1 << 20;
    let directory = tempfile::tempdir().unwrap();
    let mut common = common(4_096);
    common.limits.log_bytes = MOST;
    let rooms = Rooms::open_with(common, directory.path(), true).await;
    let hall = Hall::of(rooms.unwrap()).await;
    let (heron, _sits) = hall.enter(hall.by_code(), "heron", 1).unwrap();
    for n in 0..1_000 {
        heron.seat.exchanged(Exchange {
            received: Payload::Text("x".repeat(4_000)),
            ..exchange(n)
        });
    }
    hall.save().await;
    // Each is a commit or more, which prune what the ones before left.
    for _ in 0..5 {
        let loopback = [127, 0, 0, 1].into();
        hall.rooms.make(Wanted::default(), loopback).await.unwrap();
    }
    let kept = hall.room.transcript.read(0, usize::MAX).await.unwrap();
    let bytes: usize = kept.iter().map(|line| line.text.len()).sum();
    let bytes = u64::try_from(bytes).unwrap();
    assert!((MOST / 2..=MOST).contains(&bytes), "{bytes}");
    assert_eq!(
        kept.last().map(|line| line.offset),
        Some(hall.room.state().facts.offset)
    );
    let state = hall.room.state();
    drop(heron);
    let hall = hall.begin_anew(directory.path()).await;
    assert_eq!(hall.room.state(), state);
    hall.rooms.stop().await;
}

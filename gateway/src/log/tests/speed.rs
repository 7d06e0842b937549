//! How much it saves and how soon it gives it back; the goals are far from what a disk can do.

use std::time::Instant;

use super::*;

const ROOMS: u64 = 200;

/// Of each room: two seconds' worth.
const EVENTS: u64 = 50;

/// Of each room, what may be live and not saved yet.
const AHEAD: u64 = 5;

#[tokio::test]
async fn two_hundred_rooms_save_five_thousand_events_a_second() {
    let directory = scratch();
    let (log, metrics) = open_with(directory.path(), &Settings::default());
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        rooms.push(log.create(new_room(&number.to_string())).await.unwrap());
    }
    let text = "x".repeat(300);
    let commits = metrics.log_commits.get();
    let started = Instant::now();
    for offset in 1..=EVENTS {
        for room in &rooms {
            saved(room, offset.saturating_sub(AHEAD)).await;
            room.append(record(1, offset, &text)).unwrap();
        }
    }
    for room in &rooms {
        saved(room, EVENTS).await;
    }
    let took = started.elapsed();
    let rate = (ROOMS * EVENTS) as f64 / took.as_secs_f64();
    let commits = metrics.log_commits.get() - commits;
    println!("{rate:.0} events/s of {ROOMS} rooms, in {commits} commits");
    assert!(rate >= 5_000.0, "{rate:.0} events/s");
}

#[tokio::test]
async fn a_thousand_events_are_back_in_a_fifth_of_a_second() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    let text = "x".repeat(300);
    for offset in 1..=1_000 {
        room.append(record(1, offset, &text)).unwrap();
    }
    log.stop().await;
    let started = Instant::now();
    let (_log, kept) = open(directory.path());
    let opened = started.elapsed();
    let mut after = 0;
    while after < 1_000 {
        let lines = kept[0].transcript.read(after, 65_536).await.unwrap();
        after = lines.last().unwrap().offset;
    }
    let took = started.elapsed();
    println!("opened in {opened:?}, 1,000 events read after {took:?}");
    assert!(took <= Duration::from_millis(200), "{took:?}");
}

//! However often the gateway is killed under load, what it acknowledged is there once, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chalkwire_shared::room::{Command, MemberId, Refusal, RoomEvent, RoomId, State};
use chalkwire_tests::browser::measured;
use chalkwire_tests::deadline::{eventually, within};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::page::Page;
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use tempfile::TempDir;

/// Kills, unless `CHALKWIRE_TEST_KILLS` says otherwise.
const KILLS: u64 = 100;

/// The file of the rooms in a gateway's data directory.
const FILE: &str = "rooms.sqlite3";

/// Members that tell the room things without a pause.
const STUDENTS: u32 = 6;

/// Commands that a member has under way.
const UNDER_WAY: usize = 8;

/// What all members and their killer share.
#[derive(Debug, Default)]
struct Load {
    done: AtomicU64,
    stop: AtomicBool,
}

/// Tells without a pause, comes back by itself, and is through when it is told to stop and all that
/// it told is done.
async fn tell_and_come_back(mut page: Page, load: Arc<Load>) -> Page {
    let mut up = false;
    loop {
        let stop = load.stop.load(Ordering::Relaxed);
        if stop && page.undone.is_empty() {
            return page;
        }
        while !stop && page.undone.len() < UNDER_WAY {
            up = !up;
            page.tell(Command::Hand { up }).await;
        }
        let (done, refused) = (page.done.len(), page.refused.len());
        if page.next_within(Duration::from_millis(50)).await.is_err() {
            within("the gateway to be there again", async {
                while !page.connect().await {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
            .await;
        }
        let more = (page.done.len() - done) as u64;
        load.done.fetch_add(more, Ordering::Relaxed);
        if page.refused.len() > refused {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

/// Another program writes: the gateway waits for it until this is dropped.
fn slow_disk(folder: &Path) -> Connection {
    let file = Connection::open(folder.join(FILE)).unwrap();
    file.busy_timeout(Duration::from_secs(5)).unwrap();
    file.execute_batch("BEGIN IMMEDIATE").unwrap();
    file
}

/// The events in the file, after the file was checked.
fn saved(folder: &Path, room: &RoomId) -> Vec<RoomEvent> {
    let path = folder.join(FILE);
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let check: String = file
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    // A room's events have its key in the upper part of their number, and their offset in the lower.
    let select = "SELECT text, id % (1 << 36), prev FROM events JOIN rooms ON key = id >> 36 \
                  WHERE room = ?1 ORDER BY id";
    let mut select = file.prepare(select).unwrap();
    let events = select.query_map([room.as_str()], |row| {
        let event: RoomEvent = serde_json::from_str(&row.get::<_, String>(0)?).unwrap();
        let place: (i64, i64) = (row.get(1)?, row.get(2)?);
        assert_eq!((event.offset as i64, event.prev as i64), place);
        Ok(event)
    });
    events.unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_under_load_it_has_all_that_it_acknowledged_once_and_in_order() {
    let kills = std::env::var("CHALKWIRE_TEST_KILLS");
    let kills = kills.map_or(KILLS, |kills| kills.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let setup = Setup::default().data(folder.path());
    let mut gateway = setup.start().await;
    let setup = setup.listen(gateway.address());
    let address = gateway.address();
    let room = OpenRoom::open(address).await;
    let teacher = Page::enter(address, &room.room, room.teach(), "Ms Gray", 1).await;
    let load = Arc::new(Load::default());
    let mut members = vec![tokio::spawn(tell_and_come_back(teacher, load.clone()))];
    for client in 2..2 + STUDENTS {
        let page = Page::enter(address, &room.room, room.code(), "otter", client).await;
        members.push(tokio::spawn(tell_and_come_back(page, load.clone())));
    }
    for kill in 0..kills {
        let before = load.done.load(Ordering::Relaxed);
        eventually("commands to be done", || async {
            load.done.load(Ordering::Relaxed) >= before + 20
        })
        .await;
        // Somewhere else in what it does each time.
        tokio::time::sleep(Duration::from_micros(kill * 7_919 % 23_000)).await;
        // Every other time the disk is slow: nothing may be acknowledged meanwhile.
        let slow = (kill % 2 == 1).then(|| slow_disk(folder.path()));
        if slow.is_some() {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        gateway.program.signal(Signal::KILL);
        gateway.program.ended().await;
        drop(slow);
        gateway = setup.start().await;
    }
    load.stop.store(true, Ordering::Relaxed);
    let mut pages = Vec::new();
    for member in members {
        pages.push(within("a member to be through", member).await.unwrap());
    }
    // The last word reaches everybody.
    let title = "over".to_owned();
    pages[0].does(Command::Rename { title }).await;
    for page in &mut pages {
        page.until("the last event", |page| page.state.facts.title == "over")
            .await;
    }
    drop(gateway);

    let log = saved(folder.path(), &room.room);
    let mut state = State::new(room.room.clone());
    let mut commands: BTreeMap<(MemberId, u32), Vec<u64>> = BTreeMap::new();
    for event in &log {
        state.apply(event).unwrap();
        if let Some(command) = event.command {
            let of = commands.entry((event.by, command.client)).or_default();
            of.push(command.no);
        }
    }
    for of in commands.values() {
        assert!(of.is_sorted_by(|a, b| a < b), "once, and in order: {of:?}");
    }
    let by_offset: BTreeMap<u64, &RoomEvent> = log.iter().map(|it| (it.offset, it)).collect();
    let (mut done, mut anew) = (0, 0);
    for (client, page) in (1..).zip(&pages) {
        let of: BTreeSet<u64> = commands[&(page.member().unwrap(), client)]
            .iter()
            .copied()
            .collect();
        let lost: Vec<&u64> = page.done.iter().filter(|no| !of.contains(no)).collect();
        assert!(lost.is_empty(), "acknowledged and not there: {lost:?}");
        assert!(page.refused.values().all(|why| *why == Refusal::TooMany));
        // Each of them has the room that the log has, and never had anything else that was saved.
        assert_eq!(page.state, state);
        let seen: Vec<&RoomEvent> = page.before.iter().chain(&page.events).collect();
        assert!(
            seen.is_sorted_by(|a, b| a.offset < b.offset),
            "nothing came twice"
        );
        for event in seen {
            assert_eq!(by_offset.get(&event.offset), Some(&event));
        }
        assert!(page.recovered > 0, "it came back to where it was");
        done += page.done.len();
        anew += page.anew;
    }
    let resumed: u32 = pages.iter().map(|page| page.recovered + page.anew).sum();
    measured(&format!(
        "{kills} kills: {done} commands acknowledged, all there; {} events in {} epochs; {resumed} \
         resumed, {anew} of them anew, because they had what was live and not saved",
        log.len(),
        state.facts.epoch,
    ));
}

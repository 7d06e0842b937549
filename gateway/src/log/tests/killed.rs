//! A process that dies without a word: what it was told saved is there.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::*;

const ROOMS: usize = 3;
const KILLS: u64 = 8;

/// Where the child keeps its log.
const DIRECTORY: &str = "CHALKWIRE_TEST_KILLED";

/// Saves events until it is killed, and says how far each room is saved. Not a test by itself.
#[tokio::test]
#[ignore = "the child of the test below"]
async fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let (log, kept) = open(Path::new(&directory));
    let mut rooms = Vec::new();
    for kept in kept {
        let epoch = kept.transcript.begin_epoch().await.unwrap().epoch;
        rooms.push((kept.transcript, epoch, kept.last));
    }
    for number in rooms.len()..ROOMS {
        let room = log.create(new_room(&number.to_string())).await.unwrap();
        rooms.push((room, 1, 0));
    }
    // Should nobody kill it, it ends by itself.
    for _ in 0..100_000 {
        for (room, epoch, last) in &mut rooms {
            // Text of many lengths, so that events end anywhere in a page.
            for _ in 0..20 {
                *last += 1;
                let text = "x".repeat((*last * 37 % 900) as usize);
                room.append(record(*epoch, *last, &text)).unwrap();
            }
        }
        for (room, _, last) in &rooms {
            saved(room, *last - 10).await;
            let saved = *room.saved().borrow();
            // In one write, so that the line is whole or not there.
            let line = format!("saved {} {saved}\n", room.room());
            std::io::stdout().write_all(line.as_bytes()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_killed_process_has_kept_all_it_was_told_saved() {
    let directory = scratch();
    let mut told = [0_u64; ROOMS];
    for kill in 1..=KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "log::tests::killed::child",
            ])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines
            .map(Result::unwrap)
            .filter(|line| line.starts_with("saved "));
        // Each time at another moment; what it says until it is dead counts as well.
        for line in lines.by_ref().take(30 + 17 * kill as usize) {
            hear(&line, &mut told);
        }
        child.kill().unwrap();
        lines.for_each(|line| hear(&line, &mut told));
        child.wait().unwrap();

        let (log, kept) = open(directory.path());
        assert_eq!(kept.len(), ROOMS);
        for kept in &kept {
            let number: usize = kept.room.room.parse().unwrap();
            assert!(kept.last >= told[number], "{} of {told:?}", kept.last);
            let lines = all(&kept.transcript).await;
            assert_eq!(lines.len() as u64, kept.last);
            let mut prev = 0;
            for line in lines {
                assert_eq!((line.prev, line.offset), (prev, prev + 1));
                assert_eq!(line.text.len() as u64, line.offset * 37 % 900);
                prev = line.offset;
            }
            assert_eq!(kept.transcript.epochs().len() as u64, kill);
        }
        drop(log);
        assert_whole(directory.path());
    }
    assert!(told.iter().all(|saved| *saved > 100), "{told:?}");
}

fn hear(line: &str, told: &mut [u64; ROOMS]) {
    let mut words = line.split(' ').skip(1);
    let room: usize = words.next().unwrap().parse().unwrap();
    let saved = words.next().unwrap().parse().unwrap();
    assert!(saved >= told[room], "it went back");
    told[room] = saved;
}

/// The files as they are while the log is open: what a power cut would leave.
#[tokio::test]
async fn what_is_told_saved_is_in_the_files_before_anything_is_closed() {
    let directory = scratch();
    let (_log, _) = open(directory.path());
    let (log, _) = {
        let inner = directory.path().join("a");
        std::fs::create_dir(&inner).unwrap();
        open(&inner)
    };
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=300);
    saved(&room, 300).await;
    let copy = scratch();
    for entry in std::fs::read_dir(directory.path().join("a")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let (_copied, kept) = open(copy.path());
    assert_eq!(
        offsets(&kept[0].transcript).await,
        (1..=300).collect::<Vec<_>>()
    );
}

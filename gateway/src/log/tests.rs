//! The log's contract, on a real file: what is told saved is there, in order, whatever happens.

mod contract;
mod failing;
mod killed;
mod leaving;
mod model;
mod opening;
mod speed;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;

use super::{FILE, Kept, Line, Log, NewRoom, Record, Settings, Transcript};
use crate::metrics::Metrics;

/// Far beyond what anything here takes.
const DEADLINE: Duration = Duration::from_secs(30);

fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(directory: &Path) -> (Log, Vec<Kept>) {
    Log::open(directory, &Arc::default()).unwrap()
}

fn open_with(directory: &Path, settings: &Settings) -> (Log, Arc<Metrics>) {
    let metrics = Arc::default();
    let (log, _) = Log::open_with(directory, &metrics, settings.clone()).unwrap();
    (log, metrics)
}

fn new_room(name: &str) -> NewRoom {
    NewRoom {
        room: name.to_owned(),
        code: format!("CODE-{name}"),
        teach_hash: [1; 32],
        view_hash: [2; 32],
        created_ms: 1_000,
    }
}

fn record(epoch: u32, offset: u64, text: &str) -> Record {
    Record {
        epoch,
        offset,
        prev: offset - 1,
        time_us: offset * 1_000,
        text: text.into(),
        token: None,
    }
}

/// Appends the events of an epoch at these offsets, each with its offset as text.
fn append(to: &Transcript, epoch: u32, offsets: std::ops::RangeInclusive<u64>) {
    for offset in offsets {
        to.append(record(epoch, offset, &offset.to_string()))
            .unwrap();
    }
}

async fn until<T>(watched: &mut watch::Receiver<T>, is_so: impl FnMut(&T) -> bool) {
    let waited = tokio::time::timeout(DEADLINE, watched.wait_for(is_so)).await;
    waited.expect("it does not come").unwrap();
}

/// Waits until the disk has all up to an offset.
async fn saved(transcript: &Transcript, offset: u64) {
    until(&mut transcript.saved(), |saved| *saved >= offset).await;
}

/// All that is kept.
async fn all(transcript: &Transcript) -> Vec<Line> {
    transcript.read(0, usize::MAX).await.unwrap()
}

async fn offsets(transcript: &Transcript) -> Vec<u64> {
    all(transcript)
        .await
        .iter()
        .map(|line| line.offset)
        .collect()
}

/// What SQLite itself says of a file that nobody has open.
fn assert_whole(directory: &Path) {
    let file = rusqlite::Connection::open(directory.join(FILE)).unwrap();
    let ask = |pragma| -> Vec<String> {
        let mut statement = file.prepare(pragma).unwrap();
        let rows = statement.query_map((), |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(ask("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(ask("PRAGMA foreign_key_check"), Vec::<String>::new());
}

//! What a log is opened on: nothing, an old file, a newer one, a damaged one, another's.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::log::LogError;

fn error(directory: &Path) -> LogError {
    Log::open(directory, &Arc::default()).unwrap_err()
}

#[tokio::test]
async fn its_files_are_their_owners_alone() {
    let directory = scratch();
    let file = directory.path().join(FILE);
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (log, _) = open(directory.path());
    log.create(new_room("a")).await.unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert!(seen >= 3, "the file, its journal and its lock: {seen}");
}

#[tokio::test]
async fn a_file_is_one_gateways_at_a_time() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let refused = error(directory.path());
    assert!(matches!(refused, LogError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains(FILE), "{refused}");
    log.stop().await;
    // Stopped is enough; it need not be dropped.
    let (_second, _) = open(directory.path());
}

#[test]
fn a_newer_gateways_file_is_left_alone() {
    let directory = scratch();
    drop(open(directory.path()));
    let path = directory.path().join(FILE);
    let file = rusqlite::Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    drop(file);
    let before = std::fs::read(&path).unwrap();
    let refused = error(directory.path());
    assert!(
        matches!(refused, LogError::Newer { version: 99, .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("newer chalkwire"), "{refused}");
    assert!(std::fs::read(&path).unwrap() == before, "it was written");
}

#[test]
fn what_is_no_database_is_named_and_never_touched() {
    let directory = scratch();
    let path = directory.path().join(FILE);
    let text = "this is somebody's shopping list\n".repeat(200);
    std::fs::write(&path, &text).unwrap();
    let refused = error(directory.path());
    assert!(matches!(refused, LogError::Damaged { .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.contains(&path.display().to_string()), "{said}");
    assert!(said.contains("restore it from a copy"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_database_with_broken_pages_is_named_and_never_touched() {
    let directory = scratch();
    let (log, _) = open(directory.path());
    let room = log.create(new_room("a")).await.unwrap();
    append(&room, 1, 1..=1_000);
    log.stop().await;
    drop(log);
    let path = directory.path().join(FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    // All but the header and the schema.
    bytes[8_192..].fill(0xaa);
    std::fs::write(&path, &bytes).unwrap();
    let refused = error(directory.path());
    assert!(matches!(refused, LogError::Damaged { .. }), "{refused}");
    assert!(std::fs::read(&path).unwrap() == bytes, "it was written");
}

#[test]
fn a_directory_that_is_none_is_named() {
    let refused = error(Path::new("/nowhere/at/all"));
    assert!(matches!(refused, LogError::File { .. }), "{refused}");
    assert!(refused.to_string().contains("/nowhere/at/all"), "{refused}");
}

#[tokio::test]
async fn it_is_kept_as_safely_as_it_says() {
    let directory = scratch();
    let (_lock, file) = super::super::file::open(&directory.path().join(FILE), DEADLINE).unwrap();
    let ask = |pragma: &str| -> String {
        let value =
            file.pragma_query_value(None, pragma, |row| row.get::<_, rusqlite::types::Value>(0));
        match value.unwrap() {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => panic!("{pragma}: {other:?}"),
        }
    };
    assert_eq!(ask("journal_mode"), "wal");
    // FULL.
    assert_eq!(ask("synchronous"), "2");
    assert_eq!(ask("foreign_keys"), "1");
    assert_eq!(ask("secure_delete"), "1");
    // INCREMENTAL.
    assert_eq!(ask("auto_vacuum"), "2");
    assert_eq!(ask("user_version"), "2");
}

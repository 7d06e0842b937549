//! Timestamp servers of a test's own, and what their replies must be.

use chalkwire_shared::stamp;
use chrono::{Local, TimeDelta};

use crate::program::{Program, chalkwire};

/// `chalkwire timestamp` with some URLs, running.
#[derive(Debug)]
pub struct Timestamp {
    /// The URLs that it says it listens on.
    pub urls: Vec<String>,
    /// The process.
    pub program: Program,
}

impl Timestamp {
    /// Starts it on `urls` and waits until it listens on all.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(urls: &[&str], options: &[&str]) -> Self {
        let mut program = Program::start(chalkwire(), |command| {
            command.arg("timestamp").args(urls).args(options);
        });
        let mut listening = Vec::new();
        for _ in urls {
            let line = program.line().await;
            let url = line.strip_prefix("timestamp server listening on ");
            listening.push(url.expect("the contract's line").to_owned());
        }
        Timestamp {
            urls: listening,
            program,
        }
    }
}

/// Checks that `reply` is `[ctime]data` of this minute, to the letter.
///
/// # Panics
/// When it is not.
pub fn assert_stamp(reply: &[u8], data: &[u8]) {
    let shown = reply.escape_ascii();
    let stamp = stamp::read(reply).unwrap_or_else(|| panic!("no [ctime]data: {shown}"));
    assert_eq!(stamp.data, data, "the data of {shown}");
    // Reading is lenient about white space; what is written again must be the same.
    assert_eq!(&reply[1..25], stamp::ctime(stamp.at).as_bytes());
    let age = Local::now().naive_local() - stamp.at;
    assert!(
        age.abs() < TimeDelta::seconds(60),
        "{shown} is {age} old by the local clock"
    );
}

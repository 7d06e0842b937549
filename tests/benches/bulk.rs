//! Many bytes there and back, both ways at once, each compared on return.

use std::cell::Cell;

use anyhow::ensure;
use tokio::io::AsyncWriteExt;

use crate::echo::Habit;
use crate::report::Table;
use crate::rounds::{self, Effort, Run, Shown, Stretch};
use crate::way::{Bridge, Way};

/// What is sent at once.
pub(crate) const PIECE: usize = 32 * 1024;

const MIB: f64 = 1_048_576.0;

pub(crate) async fn measure(effort: &Effort) -> anyhow::Result<Table> {
    let ways: Vec<Way> = effort.ways_but(&[Way::OneLink]).collect();
    let pieces = effort.bulk_bytes / PIECE;
    let run = async |_, bridge: &Bridge| there_and_back(bridge, pieces).await;
    let outcomes = rounds::go(effort, &ways, Habit::Echo, run).await?;
    let mib = effort.bulk_bytes >> 20;
    Ok(rounds::table(
        &Shown {
            title: format!("{mib} MiB there and back at once, each byte compared"),
            rate: "MiB/s",
            relay: true,
            times: false,
            cpu: "CPU s per GiB",
        },
        &outcomes,
    ))
}

/// A piece tells its number in its first bytes, so that a lost or moved one is noticed.
pub(crate) fn piece() -> Vec<u8> {
    (0..PIECE).map(|i| (i % 251) as u8).collect()
}

async fn there_and_back(bridge: &Bridge, pieces: usize) -> anyhow::Result<Run> {
    let route = &bridge.route;
    let mut connection = route.open().await?;
    // On some ways, the target is connected to only after the first bytes.
    let hello = crate::connection::line(64);
    let mut letter = route.letter(&hello);
    connection.exchange(&mut letter, &hello).await?;
    connection.receiver.input.enlarge(64 * 1024);

    let (mut reader, mut writer) = connection.stream.split();
    let (sender, receiver) = (&mut connection.sender, &mut connection.receiver);
    let duties = std::rc::Rc::clone(&sender.duties);
    let all_came = Cell::new(false);
    let stretch = Stretch::begin(bridge)?;
    let send = async {
        let mut letter = route.letter(&piece());
        let mut sent: usize = 0;
        while !all_came.get() {
            sender.attend(&mut writer).await?;
            if sent < pieces && sender.may(PIECE) {
                letter.patch(route.manner.offset(), &sent.to_be_bytes());
                sender.number(&mut letter, PIECE);
                writer.write_all(letter.bytes()).await?;
                sent += 1;
            } else {
                duties.changed.notified().await;
            }
        }
        anyhow::Ok(())
    };
    let receive = async {
        let mut expected = piece();
        for number in 0..pieces {
            expected[..8].copy_from_slice(&number.to_be_bytes());
            let mut at = 0;
            while at < PIECE {
                // What is left of what came: a piece's end and the next one's beginning come together.
                let bytes = receiver.at_most(&mut reader, PIECE - at).await?;
                ensure!(
                    expected[at..at + bytes.len()] == *bytes,
                    "other bytes came back in piece {number}"
                );
                at += bytes.len();
            }
        }
        all_came.set(true);
        duties.changed.notify_one();
        Ok(())
    };
    tokio::try_join!(send, receive)?;
    let mib = (pieces * PIECE) as f64 / MIB;
    stretch.end(bridge, mib, 1024.0, Vec::new())
}

use super::super::limit::limited;
use super::super::reset::reset;
use super::super::testing::plan;
use super::*;
use chalkwire_shared::close::Reason;

/// What one push may add to the bound: each byte a piece of its own.
const OVER_BYTES: usize = TAKE_BYTES * 144;

fn pump(faults: &[&str], datagram: bool) -> Pump {
    Pump::new(&plan(faults, 1), datagram)
}

/// All that the owner can read now, and how it ends.
fn read(pump: &mut Pump) -> (Vec<u8>, Got) {
    let (mut all, mut buffer) = (Vec::new(), [0; 100]);
    loop {
        match pump.recv(&mut buffer) {
            Got::Bytes(n) => all.extend_from_slice(&buffer[..n]),
            got => return (all, got),
        }
    }
}

/// All that is to be written now.
fn write(pump: &mut Pump) -> Vec<Todo> {
    let mut all = Vec::new();
    while let Some(todo) = pump.todo(0) {
        if let Todo::Write(bytes) = &todo {
            pump.wrote(bytes.len(), 0);
        }
        all.push(todo);
    }
    all
}

#[test]
fn each_way_holds_so_much_and_then_takes_no_more_however_small_the_pieces() {
    for faults in [
        &["latency,ms=60000"][..],
        &["slice,bytes=1", "bandwidth,bytes_per_s=1"],
        &["bandwidth,bytes_per_s=1", "slice,bytes=1,gap_ms=60000"],
        &["slice,bytes=1"],
    ] {
        let mut pump = pump(faults, false);
        while pump.send(&[7; 65_536], 0).is_some() {}
        let held = pump.to_target.held_bytes() + pump.writing.bytes;
        assert!(
            (HELD_BYTES..HELD_BYTES + OVER_BYTES).contains(&held),
            "{held}"
        );
        while pump.reads() {
            pump.heard(&[7; TAKE_BYTES], 0);
        }
        let held = pump.from_target.held_bytes() + pump.ready.bytes;
        assert!(
            (HELD_BYTES..HELD_BYTES + OVER_BYTES).contains(&held),
            "{held}"
        );
    }
}

#[test]
fn datagrams_that_find_no_room_are_dropped_and_counted_and_the_owners_wait() {
    let mut pump = pump(&["latency,ms=60000", "loss,percent=0"], true);
    for _ in 0..20 {
        assert!(pump.reads(), "datagrams are read all the same");
        pump.heard(&[7; 60_000], 0);
    }
    assert_eq!(pump.take_lost(), 15);
    assert!(pump.from_target.held_bytes() < HELD_BYTES + 65_536);
    let sent = (0..20).filter(|_| pump.send(&[7; 60_000], 0).is_some());
    assert_eq!(sent.count(), 5);
    assert!(!pump.takes());
}

#[test]
fn cuts_are_kept_apart_for_the_owner_and_the_rest_is_read_together() {
    let mut pump = pump(&["slice,bytes=4"], false);
    pump.heard(b"ab", 0);
    pump.heard(b"cdef", 0);
    pump.heard(b"g", 0);
    let mut buffer = [0; 100];
    assert_eq!(pump.recv(&mut buffer), Got::Bytes(4));
    assert_eq!(
        pump.recv(&mut buffer[..2]),
        Got::Bytes(2),
        "no more than there is room for"
    );
    assert_eq!(pump.recv(&mut buffer), Got::Bytes(1));
    assert_eq!(pump.recv(&mut buffer), Got::Nothing);
}

#[test]
fn a_failure_to_write_is_told_after_all_that_the_target_sent() {
    let broken = Failure::from(Reason::Reset);
    let mut pump = pump(&["latency,ms=10"], false);
    pump.heard(b"first", 0);
    pump.write_failed(broken.clone(), 0);
    assert_eq!(pump.send(b"to nobody", 0), Some(9));
    pump.heard(b", last", 0);
    pump.heard_nothing(0);
    assert_eq!(
        read(&mut pump),
        (Vec::new(), Got::Nothing),
        "it is late as the rest is"
    );
    pump.advance(10_000);
    let failed = Got::Failed(broken.clone());
    assert_eq!(read(&mut pump), (b"first, last".to_vec(), failed));
    assert_eq!(pump.over(), Some(&broken));
    // Also where the end was read before.
    let mut pump = self::pump(&["latency,ms=0"], false);
    pump.heard_end(0);
    assert_eq!(read(&mut pump), (Vec::new(), Got::End));
    pump.write_failed(broken.clone(), 0);
    assert_eq!(read(&mut pump).1, Got::Failed(broken));
}

#[test]
fn at_a_limit_what_the_other_way_holds_back_goes_on_first() {
    let mut pump = pump(
        &["latency,ms=500", "limit,direction=from_target,bytes=3"],
        false,
    );
    pump.send(b"question", 0);
    pump.heard(b"answer", 0);
    pump.advance(400_000);
    assert_eq!(write(&mut pump), []);
    // Due at the same time; the answer comes first.
    pump.send(b", more", 450_000);
    pump.advance(500_000);
    let sent: Vec<Todo> = [&b"question"[..], b", more"]
        .map(|bytes| Todo::Write(Bytes::from_static(bytes)))
        .into();
    let todo = write(&mut pump);
    assert_eq!((&todo[..2], &todo[2..]), (&sent[..], &[Todo::Fin][..]));
    let (bytes, end) = read(&mut pump);
    assert_eq!((&bytes[..], end), (&b"ans"[..], Got::Failed(limited(3))));
}

#[test]
fn a_reset_is_done_once_and_nothing_is_written_after_it() {
    let mut pump = pump(&["reset,direction=to_target,after_bytes=2"], false);
    pump.send(b"abcd", 0);
    pump.send(b"efgh", 0);
    let first = Todo::Write(Bytes::from_static(b"ab"));
    assert_eq!(write(&mut pump), [first, Todo::Reset]);
    assert_eq!(read(&mut pump).1, Got::Failed(reset()));
    pump.send(b"ijkl", 0);
    assert_eq!(write(&mut pump), []);
}

#[test]
fn of_a_stream_that_is_cut_each_piece_is_told() {
    for (faults, pieces) in [("slice,bytes=4", vec![4, 4, 2]), ("limit,bytes=7", vec![7])] {
        let mut pump = pump(&[faults], false);
        pump.send(b"0123456789", 0);
        write(&mut pump);
        let reports = pump.take_reports().into_iter();
        let passed = reports.filter_map(|it| match (it.direction, it.did) {
            (Direction::ToTarget, FaultDid::Passed { bytes, .. }) => Some(bytes),
            _ => None,
        });
        assert_eq!(passed.collect::<Vec<_>>(), pieces, "{faults}");
    }
}

#[test]
fn reports_that_nobody_takes_are_bounded() {
    let mut pump = pump(&["slice,bytes=1"], false);
    for _ in 0..10 {
        pump.heard(&[7; TAKE_BYTES], 0);
    }
    assert_eq!(pump.take_reports().len(), REPORTS);
}

/// A file that the page's tests read, too: faults, and what was told of ten datagrams 30 ms apart.
const TOLD: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/tests/reports/loss.jsonl"
);

/// `GOLDEN=write` writes the file anew.
#[test]
fn each_datagram_is_told_of_in_its_turn_those_that_pass_as_they_are_too() {
    let file = std::fs::read_to_string(TOLD).unwrap();
    let faults = file.lines().next().unwrap();
    let texts: Vec<&str> = faults.split(' ').collect();
    let mut pump = Pump::new(&plan(&texts, 7), true);
    for number in 1..=10 {
        pump.send(format!("{number} hello").as_bytes(), 30_000 * number);
        write(&mut pump);
    }
    pump.advance(1_300_000);
    write(&mut pump);
    let told = pump.take_reports();
    let passed = |it: &&Report| matches!(it.did, FaultDid::Passed { .. });
    let doubled = |it: &&Report| matches!(it.did, FaultDid::Duplicated { .. });
    let lost = |it: &&Report| matches!(it.did, FaultDid::Dropped { .. });
    assert_eq!(
        told.iter().filter(passed).count() + told.iter().filter(lost).count(),
        10 + told.iter().filter(doubled).count()
    );
    let mut lines = vec![faults.to_owned()];
    for it in told {
        let line = serde_json::json!({ "clock_us": it.clock_us, "did": it.did });
        lines.push(line.to_string());
    }
    let got = lines.join("\n") + "\n";
    if std::env::var_os("GOLDEN").is_some() {
        std::fs::write(TOLD, &got).unwrap();
    }
    assert_eq!(got, file);
}

#[test]
fn the_end_is_kept_apart_from_what_comes_before_it() {
    let mut pump = pump(&["slow_close,ms=5"], false);
    pump.shutdown(0);
    pump.shutdown(0);
    assert_eq!(write(&mut pump), []);
    pump.advance(5_000);
    assert_eq!(write(&mut pump), [Todo::Fin], "once");
    pump.heard(b"late", 5_000);
    pump.heard_end(5_000);
    assert_eq!(read(&mut pump), (b"late".to_vec(), Got::Nothing));
    pump.advance(10_000);
    assert_eq!(read(&mut pump), (Vec::new(), Got::End));
    assert_eq!(read(&mut pump), (Vec::new(), Got::End), "again and again");
}

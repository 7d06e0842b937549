//! What the tests of the faults have in common: something travels through a list of them.

use bytes::Bytes;
use chalkwire_shared::fault::{Direction, Fault, FaultDid};

use super::Plan;
use super::pipeline::{Came, Ending, Item, Moving, Out, Pipeline};

/// Far enough for everything that is held back.
pub(super) const LATER_US: u64 = 1 << 40;

/// Faults as texts, one direction of them.
pub(super) fn plan(faults: &[&str], seed: u32) -> Plan {
    let faults: Vec<Fault> = faults
        .iter()
        .map(|text| Fault::from_text(text).unwrap())
        .collect();
    let datagram = !faults.iter().all(|fault| fault.fits(false));
    let mut plan = Plan::default();
    plan.ask(faults, seed, datagram).unwrap();
    plan
}

pub(super) fn pipeline(faults: &[&str], seed: u32) -> Pipeline {
    plan(faults, seed).pipeline(Direction::ToTarget)
}

/// What came out since it was last taken.
pub(super) fn taken(pipeline: &mut Pipeline) -> Out {
    let mut out = Out::default();
    for came in pipeline.take() {
        match came {
            Came::Did(did) => out.did.push(did),
            Came::Passed(moving) => out.passed.push(moving),
        }
    }
    out
}

/// What a stream comes to that sets out at 0 in pieces of these sizes (round and round), then ends.
pub(super) fn stream(faults: &[&str], seed: u32, bytes: &[u8], sizes: &[usize]) -> Out {
    let mut pipeline = pipeline(faults, seed);
    let mut bytes = Bytes::copy_from_slice(bytes);
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let piece = bytes.split_to((*size).clamp(1, bytes.len()));
        pipeline.push(Item::Bytes(piece), 0);
    }
    pipeline.push(Item::End(Ending::Fin), 0);
    pipeline.advance(LATER_US);
    assert_eq!(pipeline.held_bytes(), 0);
    taken(&mut pipeline)
}

/// What datagrams come to that set out a millisecond apart.
pub(super) fn datagrams(faults: &[&str], seed: u32, datagrams: &[Vec<u8>]) -> Out {
    let mut pipeline = pipeline(faults, seed);
    for (i, datagram) in datagrams.iter().enumerate() {
        let item = Item::Datagram(Bytes::copy_from_slice(datagram));
        pipeline.push(item, i as u64 * 1_000);
    }
    pipeline.advance(LATER_US);
    assert_eq!(pipeline.held_bytes(), 0);
    taken(&mut pipeline)
}

/// The bytes of a stream.
pub(super) fn bytes(passed: &[Moving]) -> Vec<u8> {
    let bytes = |moving: &Moving| match &moving.item {
        Item::Bytes(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    };
    passed.iter().flat_map(bytes).collect()
}

/// When each byte of a stream passed.
pub(super) fn times(passed: &[Moving]) -> Vec<u64> {
    let times = |moving: &Moving| match &moving.item {
        Item::Bytes(bytes) => vec![moving.at_us; bytes.len()],
        _ => Vec::new(),
    };
    passed.iter().flat_map(times).collect()
}

/// The datagrams, in the order in which they passed.
pub(super) fn contents(passed: &[Moving]) -> Vec<Vec<u8>> {
    let contents = |moving: &Moving| match &moving.item {
        Item::Datagram(bytes) => Some(bytes.to_vec()),
        _ => None,
    };
    passed.iter().filter_map(contents).collect()
}

/// The ends, and when each passed.
pub(super) fn ends(passed: &[Moving]) -> Vec<(Ending, u64)> {
    let end = |moving: &Moving| match &moving.item {
        Item::End(ending) => Some((ending.clone(), moving.at_us)),
        _ => None,
    };
    passed.iter().filter_map(end).collect()
}

/// How many of what was done are this.
pub(super) fn count(did: &[FaultDid], is: impl Fn(&FaultDid) -> bool) -> usize {
    did.iter().filter(|did| is(did)).count()
}

/// Datagrams that say their number, each of another length.
pub(super) fn numbered(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|i| format!("{i}:{}", "x".repeat(i % 7)).into_bytes())
        .collect()
}

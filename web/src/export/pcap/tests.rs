use chalkwire_shared::target::Kind;
use proptest::prelude::*;

use super::*;
use crate::model::ClockMap;
use crate::pictures::fixture::lossy_ten;

const CLOCK: ClockMap = ClockMap {
    zero_ms: 1_795_349_045_000.0,
    plus_minus_ms: 0.5,
};

fn entry(no: u32, kind: Kind, what: What) -> Entry {
    Entry {
        no,
        at_ms: CLOCK.zero_ms + f64::from(no),
        socket: Some(SocketId(1)),
        target: "line".to_owned(),
        kind: Some(kind),
        what,
    }
}

fn connected(local: &str, peer: &str) -> What {
    What::Connected {
        local: local.to_owned(),
        peer: peer.to_owned(),
        connect_us: 100,
        clock_us: 1_000,
    }
}

fn sent(bytes: &'static [u8], wrote_us: u64) -> What {
    What::Sent {
        bytes: Bytes::from_static(bytes),
        wrote_us: Some(wrote_us),
        unknown: false,
    }
}

fn received(bytes: &'static [u8], clock_us: u64) -> What {
    What::Received {
        bytes: Bytes::from_static(bytes),
        datagram: false,
        truncated: false,
        clock_us,
    }
}

/// The packets of a file, read by the letter of the format: time and bytes.
fn read(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut packets) = (0, Vec::new());
    while at < file.len() {
        let length = word(at + 4) as usize;
        assert_eq!(length % 4, 0);
        assert_eq!(word(at + length - 4) as usize, length, "told twice");
        if word(at) == 6 {
            let time = (u64::from(word(at + 12)) << 32) | u64::from(word(at + 16));
            let bytes = word(at + 20) as usize;
            packets.push((time, file[at + 28..at + 28 + bytes].to_vec()));
        }
        at += length;
    }
    assert_eq!(at, file.len());
    packets
}

/// The sum over a packet's bytes with its checksum in it, which must come out as nothing.
fn sums_up(packet: &[u8]) -> bool {
    let sum = |words: &[u8]| {
        let mut sum: u64 = words
            .chunks(2)
            .map(|it| u64::from(it[0]) << 8 | u64::from(*it.get(1).unwrap_or(&0)))
            .sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum == 0xffff
    };
    let (header, protocol, addresses) = match packet[0] >> 4 {
        4 => (20, packet[9], &packet[12..20]),
        _ => (40, packet[6], &packet[8..40]),
    };
    let length = ((packet.len() - header) as u32).to_be_bytes();
    let pseudo = [addresses, &length, &[0, protocol], &packet[header..]].concat();
    (header == 40 || sum(&packet[..20])) && sum(&pseudo)
}

#[test]
fn a_conversation_has_its_handshake_its_data_and_its_end_in_order() {
    let tcp = |no, what| entry(no, Kind::Tcp, what);
    let entries = [
        tcp(1, What::Connecting),
        tcp(2, connected("127.0.0.1:4000", "127.0.0.1:7")),
        tcp(3, sent(b"hello\r\n", 2_000)),
        tcp(4, received(b"[stamp]hello\r\n", 3_000)),
        tcp(5, What::Eof { clock_us: 3_001 }),
        tcp(6, What::ShutDown),
        tcp(
            7,
            What::Closed {
                reason: Reason::Finished,
                detail: String::new(),
                clock_us: 9_000,
            },
        ),
    ];
    let capture = capture(&entries, &Clocks::one(Some(CLOCK)));
    let packets = read(&capture.file);
    assert_eq!(packets.len(), capture.packets);
    let told: Vec<(u64, u8, u32, u32, usize)> = packets
        .iter()
        .map(|(time, packet)| {
            assert!(sums_up(packet));
            let number = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
            let header = usize::from(packet[32] >> 4) * 4;
            let zero_us = CLOCK.zero_ms as u64 * 1_000;
            (
                time - zero_us,
                packet[33],
                number(24),
                number(28),
                packet.len() - 20 - header,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (900, 2, 0, 0, 0),
            (1_000, 18, 0, 1, 0),
            (1_000, 16, 1, 1, 0),
            (2_000, 24, 1, 1, 7),
            (3_000, 24, 1, 8, 14),
            (3_001, 17, 15, 8, 0),
            (3_001, 16, 8, 16, 0),
            (6_000, 17, 8, 16, 0),
            (6_000, 16, 16, 9, 0),
        ]
    );
    let text = String::from_utf8_lossy(&capture.file);
    assert!(text.contains("not captured"), "the file says what it is");
}

#[test]
fn unix_sockets_have_no_packets_and_the_file_says_so() {
    let entries = [entry(1, Kind::Unix, connected("unnamed", "/tmp/s"))];
    let capture = capture(&entries, &Clocks::default());
    assert_eq!((capture.packets, read(&capture.file).len()), (0, 0));
    let text = String::from_utf8_lossy(&capture.file).into_owned();
    assert!(
        text.contains("no packets") && capture.notes.iter().any(|it| it.contains("no packets"))
    );
}

#[test]
fn a_lost_datagram_is_not_in_the_file_and_a_doubled_one_is_twice() {
    let udp = |no, what| entry(no, Kind::Udp, what);
    let fault = |no, did| {
        udp(
            no,
            What::Fault {
                direction: Direction::ToTarget,
                did,
                clock_us: 1_000 + u64::from(no),
            },
        )
    };
    let passed = |no, bytes| fault(no, FaultDid::Passed { bytes, held_us: 0 });
    let entries = [
        udp(1, connected("[::1]:4000", "[::1]:7")),
        udp(2, sent(b"a", 1_100)),
        udp(3, sent(b"bb", 1_200)),
        udp(4, sent(b"cccc", 1_300)),
        fault(5, FaultDid::Dropped { bytes: 1 }),
        fault(7, FaultDid::Duplicated { bytes: 2 }),
        passed(8, 2),
        passed(9, 2),
        fault(10, FaultDid::Truncated { bytes: 3, of: 4 }),
        passed(11, 3),
    ];
    let capture = capture(&entries, &Clocks::one(Some(CLOCK)));
    let packets = read(&capture.file);
    let payloads: Vec<_> = packets.iter().map(|(_, it)| it[48..].to_vec()).collect();
    assert_eq!(payloads, [&b"bb"[..], b"bb", b"ccc"]);
    assert!(packets.iter().all(|(_, it)| sums_up(it)));
}

#[test]
fn datagrams_stand_in_the_file_in_the_order_in_which_they_went() {
    let capture = capture(&lossy_ten(), &Clocks::one(Some(CLOCK)));
    let packets = read(&capture.file);
    let texts = packets
        .iter()
        .map(|(_, it)| String::from_utf8_lossy(&it[28..]));
    let numbers: Vec<String> = texts.map(|it| it.replace(" hello", "")).collect();
    assert_eq!(numbers.join(" "), "2 1 3 3 4 5 7 8 9 10");
}

proptest! {
    #[test]
    fn every_byte_that_was_sent_is_in_the_file_in_order_and_every_checksum_is_right(
        sends in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
        long in 0usize..200_000,
        udp: bool,
        v6: bool,
    ) {
        let kind = if udp { Kind::Udp } else { Kind::Tcp };
        let (local, peer) = if v6 { ("[::1]:9", "[fe80::1]:7") } else { ("10.0.0.1:9", "10.0.0.2:7") };
        let mut sends = sends;
        if !udp {
            sends.push(vec![7; long]);
        }
        let mut entries = vec![entry(1, kind, connected(local, peer))];
        for (no, bytes) in (2..).zip(&sends) {
            let what = What::Sent { bytes: bytes.clone().into(), wrote_us: Some(u64::from(no) * 10_000), unknown: false };
            entries.push(entry(no, kind, what));
        }
        let capture = capture(&entries, &Clocks::one(Some(CLOCK)));
        let packets = read(&capture.file);
        let ip = if v6 { 40 } else { 20 };
        let mut payloads = Vec::new();
        for (_, packet) in &packets {
            prop_assert!(sums_up(packet));
            let header = if udp { 8 } else { usize::from(packet[ip + 12] >> 4) * 4 };
            payloads.push(packet[ip + header..].to_vec());
        }
        if udp {
            prop_assert_eq!(payloads, sends);
        } else {
            prop_assert_eq!(payloads.concat(), sends.concat());
        }
    }
}

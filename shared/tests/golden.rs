//! What travels, byte for byte: the golden files are the protocol, and PROTOCOL.md shows them.

// What holds in tests holds in what they are made of.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chalkwire_shared::close::{LinkClose, Reason};
use chalkwire_shared::frame::{ClientFrame, DATAGRAM, GatewayFrame, TRUNCATED};
use chalkwire_shared::id::SocketId;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};

use samples::{SOCKET, file_of_client, file_of_gateway, of_client, of_gateway};

mod samples;

/// One of every kind of frame of the gateway.
fn frames_of_gateway() -> [(&'static str, GatewayFrame); 3] {
    let frame = |socket, seq, flags, clock_us, payload| GatewayFrame {
        socket: SocketId(socket),
        seq,
        flags,
        clock_us,
        payload: Bytes::from_static(payload),
    };
    [
        ("gateway-data.hex", frame(1, 3, 0, 1_500_700, b"[Sun")),
        (
            "gateway-datagram-empty.hex",
            frame(2, 9, DATAGRAM, 1_500_068, b""),
        ),
        (
            "gateway-datagram-truncated.hex",
            frame(2, 10, DATAGRAM | TRUNCATED, 1_500_069, b"\xff\0"),
        ),
    ]
}

fn client_frame() -> ClientFrame {
    ClientFrame {
        socket: SOCKET,
        seq: 2,
        payload: Bytes::from_static(b"hello\r\n"),
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The one line of a golden file.
fn golden(file: &str) -> String {
    let text = fs::read_to_string(folder().join(file));
    let text = text.unwrap_or_else(|error| panic!("golden/{file}: {error}"));
    text.strip_suffix('\n').expect("a line").to_owned()
}

fn bytes_of(hex: &str) -> Bytes {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    let (pairs, []) = digits.as_chunks::<2>() else {
        panic!("half a byte in {hex}");
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(high * 16 + low).unwrap())
        .collect()
}

fn protocol() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../PROTOCOL.md");
    fs::read_to_string(path).unwrap()
}

/// The lines of PROTOCOL.md's code blocks of a language.
fn shown(protocol: &str, language: &str) -> BTreeSet<String> {
    protocol
        .split("```")
        .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'))
        .flat_map(str::lines)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_message_of_a_client_is_its_golden_file_both_ways() {
    for message in of_client() {
        let golden = golden(file_of_client(&message));
        assert_eq!(message.encode(), golden);
        assert_eq!(ClientMessage::decode(&golden).unwrap(), message);
    }
}

#[test]
fn every_message_of_the_gateway_is_its_golden_file_both_ways() {
    for message in of_gateway() {
        let golden = golden(file_of_gateway(&message));
        assert_eq!(message.encode(), golden);
        assert_eq!(GatewayMessage::decode(&golden).unwrap(), message);
    }
}

#[test]
fn every_kind_of_frame_is_its_golden_file_both_ways() {
    let bytes = bytes_of(&golden("client-data.hex"));
    assert_eq!(client_frame().encode(), bytes);
    assert_eq!(ClientFrame::decode(bytes).unwrap(), client_frame());
    for (file, frame) in frames_of_gateway() {
        let bytes = bytes_of(&golden(file));
        assert_eq!(frame.encode(), bytes, "{file}");
        assert_eq!(GatewayFrame::decode(bytes).unwrap(), frame, "{file}");
    }
}

#[test]
fn every_golden_file_is_checked() {
    let mut known: BTreeSet<&str> = of_client().iter().map(file_of_client).collect();
    known.extend(of_gateway().iter().map(file_of_gateway));
    known.extend(frames_of_gateway().map(|(file, _)| file));
    known.insert("client-data.hex");
    let there: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(there.iter().eq(known), "{there:?}");
}

#[test]
fn protocol_md_shows_every_message_and_nothing_else() {
    let shown = shown(&protocol(), "json");
    let files = of_client()
        .iter()
        .map(file_of_client)
        .chain(of_gateway().iter().map(file_of_gateway))
        .collect::<Vec<_>>();
    let golden: BTreeSet<String> = files.into_iter().map(golden).collect();
    assert_eq!(shown, golden);
}

#[test]
fn protocol_md_shows_a_frame_of_either_side() {
    let golden = ["client-data.hex", "gateway-data.hex"].map(golden);
    assert_eq!(shown(&protocol(), "hex"), BTreeSet::from(golden));
}

#[test]
fn protocol_md_lists_every_reason_and_every_code_in_order() {
    let protocol = protocol();
    // The rows of the tables: the first cell of each.
    let cells: Vec<&str> = protocol
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .collect();
    let reasons: Vec<String> = Reason::ALL.map(|reason| format!("`{reason}`")).into();
    let listed = cells.iter().filter(|cell| cell.starts_with('`'));
    assert!(
        listed.eq(&reasons),
        "the reasons in PROTOCOL.md are not {reasons:?}"
    );
    let codes: Vec<String> = LinkClose::ALL.map(|close| close.code().to_string()).into();
    let listed = cells
        .iter()
        .filter(|cell| cell.parse::<u16>().is_ok_and(|number| number >= 1000));
    assert!(
        listed.eq(&codes),
        "the codes in PROTOCOL.md are not {codes:?}"
    );
}

#[test]
fn a_client_may_leave_out_what_has_a_default() {
    let short = r#"{"type":"open","seq":1,"socket":1,"target":"line","credit":9}"#;
    let message = ClientMessage::decode(short).unwrap();
    assert_eq!(message.encode(), short);
}

#[test]
fn a_newer_gateway_may_say_more_and_a_client_may_not() {
    let more = r#"{"type":"resumed","seen":12,"since":"0.2"}"#;
    let resumed = GatewayMessage::Resumed { seen: 12 };
    assert_eq!(GatewayMessage::decode(more).unwrap(), resumed);
    assert!(ClientMessage::decode(r#"{"type":"ack","seen":1,"more":1}"#).is_err());
}

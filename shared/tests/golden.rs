//! What travels, byte for byte: the golden files are the protocol, and PROTOCOL.md shows them.

// What holds in tests holds in what they are made of.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chalkwire_shared::close::{LinkClose, Reason};
use chalkwire_shared::fault::{Asked, Direction, Fault, FaultDid};
use chalkwire_shared::frame::{ClientFrame, DATAGRAM, GatewayFrame, TRUNCATED};
use chalkwire_shared::id::{SocketId, Token};
use chalkwire_shared::job::{
    Call, ClientRun, Gauge, Job, JobEnd, JobId, Load, MessageRun, Outcome,
};
use chalkwire_shared::kernel::{End, State, View};
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::{ClientMessage, GatewayMessage, NoticeKind};
use chalkwire_shared::server::{Model, ServerDid, ServerId, ServerOptions};
use chalkwire_shared::target::{Kind, TargetInfo};

const SOCKET: SocketId = SocketId(1);

fn token() -> Token {
    Token::from("0123456789abcdef0123456789abcdef".to_owned())
}

/// One of every message of a client.
fn of_client() -> Vec<ClientMessage> {
    vec![
        ClientMessage::Open {
            seq: 1,
            socket: SOCKET,
            target: "line".to_owned(),
            credit: 131_072,
            trace: true,
            kernel: false,
            faults: Vec::new(),
            seed: 0,
        },
        ClientMessage::Faults {
            seq: 8,
            socket: SOCKET,
            faults: vec![Asked::from(Fault::Latency {
                direction: Direction::ToTarget,
                ms: 200,
                jitter_ms: 50,
            })],
            seed: 7,
        },
        ClientMessage::Serve {
            seq: 9,
            server: ServerId(1),
            options: ServerOptions {
                model: Model::Iterative,
                delay_ms: 50,
                ..ServerOptions::default()
            },
        },
        ClientMessage::Stop {
            seq: 10,
            server: ServerId(1),
        },
        ClientMessage::Job {
            seq: 11,
            job: JobId(1),
            work: Job::Load(Load {
                targets: vec!["#1".to_owned()],
                clients: 20,
                ..Load::default()
            }),
        },
        ClientMessage::Cancel {
            seq: 12,
            job: JobId(1),
        },
        ClientMessage::Shutdown {
            seq: 3,
            socket: SOCKET,
        },
        ClientMessage::Close {
            seq: 4,
            socket: SOCKET,
        },
        ClientMessage::Credit {
            seq: 5,
            socket: SOCKET,
            bytes: 65_536,
        },
        ClientMessage::Resume {
            token: token(),
            seen: 40,
        },
        ClientMessage::Ack { seen: 40 },
        ClientMessage::Ping { id: 7 },
    ]
}

/// The golden file of a message. A new one does not compile until it has a name here.
fn file_of_client(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Open { .. } => "client-open.json",
        ClientMessage::Faults { .. } => "client-faults.json",
        ClientMessage::Serve { .. } => "client-serve.json",
        ClientMessage::Stop { .. } => "client-stop.json",
        ClientMessage::Job { .. } => "client-job.json",
        ClientMessage::Cancel { .. } => "client-cancel.json",
        ClientMessage::Shutdown { .. } => "client-shutdown.json",
        ClientMessage::Close { .. } => "client-close.json",
        ClientMessage::Credit { .. } => "client-credit.json",
        ClientMessage::Resume { .. } => "client-resume.json",
        ClientMessage::Ack { .. } => "client-ack.json",
        ClientMessage::Ping { .. } => "client-ping.json",
    }
}

/// One of every message of the gateway.
fn of_gateway() -> Vec<GatewayMessage> {
    let dropped = "3 datagram(s) were dropped: they came faster than this page took them. UDP has \
                   no way to slow its sender down.";
    let gone = "The link of before is gone: it was away for too long, or the gateway was started \
                anew. Its sockets are closed.";
    vec![
        GatewayMessage::Welcome {
            token: token(),
            version: "0.1.0".to_owned(),
            clock_us: 1_500_000,
            unix_ms: 1_795_417_680_000,
            limits: Limits {
                sockets: 64,
                payload_bytes: 65_512,
                window_bytes: 131_072,
                idle_s: 300,
                resume_s: 120,
            },
            targets: vec![TargetInfo {
                name: "line".to_owned(),
                kind: Kind::Tcp,
                url: Some("tcp://127.0.0.1:21567".to_owned()),
                about: "reads one line, keeps its end".to_owned(),
                builtin: true,
            }],
        },
        GatewayMessage::Resumed { seen: 12 },
        GatewayMessage::ResumeFailed {
            detail: gone.to_owned(),
        },
        GatewayMessage::Ack { seen: 40 },
        GatewayMessage::Pong {
            id: 7,
            clock_us: 1_600_000,
        },
        GatewayMessage::Opened {
            seq: 1,
            socket: SOCKET,
            local: "127.0.0.1:51844".to_owned(),
            peer: "127.0.0.1:21567".to_owned(),
            connect_us: 58,
            clock_us: 1_500_200,
        },
        GatewayMessage::Wrote {
            seq: 2,
            socket: SOCKET,
            bytes: 7,
            clock_us: 1_500_300,
        },
        GatewayMessage::Server {
            seq: 8,
            socket: SOCKET,
            clock_us: 1_500_400,
            did: ServerDid::Recv { bytes: 7 },
        },
        GatewayMessage::Fault {
            seq: 9,
            socket: SOCKET,
            clock_us: 1_700_400,
            direction: Direction::ToTarget,
            did: FaultDid::Passed {
                bytes: 7,
                held_us: 200_000,
            },
        },
        GatewayMessage::Kernel {
            seq: 10,
            socket: SOCKET,
            clock_us: 1_500_350,
            end: End::Gateway,
            view: Some(View {
                state: State::Established,
                recv_queue: 0,
                send_queue: 7,
                rtt_us: Some(30),
                retransmits: Some(0),
            }),
        },
        GatewayMessage::Serving {
            seq: 11,
            server: ServerId(1),
            url: "tcp://127.0.0.1:43555".to_owned(),
            clock_us: 1_800_000,
        },
        GatewayMessage::Stopped {
            seq: 12,
            server: ServerId(1),
            detail: "The server was stopped.".to_owned(),
        },
        GatewayMessage::JobProgress {
            seq: 13,
            job: JobId(1),
            done: 12,
            of: 20,
        },
        GatewayMessage::JobClient {
            seq: 14,
            job: JobId(1),
            run: ClientRun {
                target: 0,
                client: 3,
                connection: 0,
                local: "127.0.0.1:51900".to_owned(),
                start_us: 1_800_100,
                connected_us: Some(1_800_160),
                accepted_us: Some(1_950_400),
                messages: vec![MessageRun {
                    sent_us: 1_800_200,
                    recv_us: Some(1_950_420),
                    answered_us: Some(2_000_600),
                    reply_us: Some(2_000_650),
                    bytes: 33,
                }],
                end_us: 2_000_700,
                outcome: Outcome::Done,
            },
        },
        GatewayMessage::JobGauge {
            seq: 15,
            job: JobId(1),
            gauge: Gauge {
                target: 0,
                clock_us: 1_801_000,
                waiting: Some(6),
                backlog: Some(5),
                threads: 1,
                processes: 1,
            },
        },
        GatewayMessage::JobCall {
            seq: 16,
            job: JobId(2),
            call: Call {
                call: "recv(1024)".to_owned(),
                blocking: false,
                start_us: 2_100_000,
                end_us: 2_100_003,
                bytes: None,
                error: Some("EWOULDBLOCK".to_owned()),
            },
        },
        GatewayMessage::JobDone {
            seq: 17,
            job: JobId(1),
            end: JobEnd::Done,
            detail: String::new(),
            clock_us: 3_000_000,
        },
        GatewayMessage::Eof {
            seq: 4,
            socket: SOCKET,
            clock_us: 1_500_900,
        },
        GatewayMessage::Closed {
            seq: 5,
            socket: SOCKET,
            reason: Reason::Finished,
            detail: Reason::Finished.sentence().to_owned(),
            clock_us: 1_500_950,
        },
        GatewayMessage::Credit {
            seq: 5,
            socket: SOCKET,
            bytes: 65_536,
        },
        GatewayMessage::Notice {
            seq: 6,
            socket: Some(SOCKET),
            kind: NoticeKind::Dropped,
            detail: dropped.to_owned(),
        },
        GatewayMessage::Notice {
            seq: 7,
            socket: None,
            kind: NoticeKind::Draining,
            detail: LinkClose::Restart.sentence().to_owned(),
        },
        GatewayMessage::Notice {
            seq: 18,
            socket: Some(SOCKET),
            kind: NoticeKind::NoKernelView,
            detail: "The kernel's view is shown for the gateway's own servers only.".to_owned(),
        },
        GatewayMessage::Notice {
            seq: 19,
            socket: Some(SOCKET),
            kind: NoticeKind::FaultsUntold,
            detail: "Faults do more to this socket than can be told: some of it is not reported \
                     from here on. The bytes are not affected."
                .to_owned(),
        },
    ]
}

fn file_of_gateway(message: &GatewayMessage) -> &'static str {
    match message {
        GatewayMessage::Welcome { .. } => "gateway-welcome.json",
        GatewayMessage::Resumed { .. } => "gateway-resumed.json",
        GatewayMessage::ResumeFailed { .. } => "gateway-resume-failed.json",
        GatewayMessage::Ack { .. } => "gateway-ack.json",
        GatewayMessage::Pong { .. } => "gateway-pong.json",
        GatewayMessage::Opened { .. } => "gateway-opened.json",
        GatewayMessage::Wrote { .. } => "gateway-wrote.json",
        GatewayMessage::Server { .. } => "gateway-server.json",
        GatewayMessage::Fault { .. } => "gateway-fault.json",
        GatewayMessage::Kernel { .. } => "gateway-kernel.json",
        GatewayMessage::Serving { .. } => "gateway-serving.json",
        GatewayMessage::Stopped { .. } => "gateway-stopped.json",
        GatewayMessage::JobProgress { .. } => "gateway-job-progress.json",
        GatewayMessage::JobClient { .. } => "gateway-job-client.json",
        GatewayMessage::JobGauge { .. } => "gateway-job-gauge.json",
        GatewayMessage::JobCall { .. } => "gateway-job-call.json",
        GatewayMessage::JobDone { .. } => "gateway-job-done.json",
        GatewayMessage::Eof { .. } => "gateway-eof.json",
        GatewayMessage::Closed { .. } => "gateway-closed.json",
        GatewayMessage::Credit { .. } => "gateway-credit.json",
        GatewayMessage::Notice { kind, .. } => match kind {
            NoticeKind::Dropped => "gateway-notice-dropped.json",
            NoticeKind::Draining => "gateway-notice-draining.json",
            NoticeKind::NoKernelView => "gateway-notice-no-kernel-view.json",
            NoticeKind::FaultsUntold => "gateway-notice-faults-untold.json",
        },
    }
}

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

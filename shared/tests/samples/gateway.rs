//! One of every message of the gateway.

use chalkwire_shared::close::{LinkClose, Reason};
use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::job::{Call, ClientRun, Gauge, JobEnd, JobId, MessageRun, Outcome};
use chalkwire_shared::kernel::{End, State, View};
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::{GatewayMessage, NoticeKind};
use chalkwire_shared::server::{ServerDid, ServerId};
use chalkwire_shared::target::{Kind, TargetInfo};

use super::{SOCKET, room, token};

/// One of every message of the gateway.
pub(crate) fn of_gateway() -> Vec<GatewayMessage> {
    let dropped = "3 datagram(s) were dropped: they came faster than this page took them. UDP has \
                   no way to slow its sender down.";
    let gone = "The link of before is gone: it was away for too long, or the gateway was started \
                anew. Its sockets are closed.";
    let mut messages = vec![
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
                recv_queue: Some(0),
                send_queue: Some(7),
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
    ];
    messages.extend(room::of_gateway());
    messages
}

pub(crate) fn file_of_gateway(message: &GatewayMessage) -> &'static str {
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
        GatewayMessage::RoomEntered { .. } => "gateway-room-entered.json",
        GatewayMessage::RoomNotEntered { .. } => "gateway-room-not-entered.json",
        GatewayMessage::RoomLeft { .. } => "gateway-room-left.json",
        GatewayMessage::RoomDone { .. } => "gateway-room-done.json",
        GatewayMessage::RoomRefused { .. } => "gateway-room-refused.json",
        GatewayMessage::RoomSubscribed { .. } => "gateway-room-subscribed.json",
        GatewayMessage::RoomMembers { .. } => "gateway-room-members.json",
        GatewayMessage::RoomHistory { .. } => "gateway-room-history.json",
        GatewayMessage::RoomEvents { .. } => "gateway-room-events.json",
        GatewayMessage::RoomLagging { .. } => "gateway-room-lagging.json",
        GatewayMessage::Notice { kind, .. } => match kind {
            NoticeKind::Dropped => "gateway-notice-dropped.json",
            NoticeKind::Draining => "gateway-notice-draining.json",
            NoticeKind::NoKernelView => "gateway-notice-no-kernel-view.json",
            NoticeKind::FaultsUntold => "gateway-notice-faults-untold.json",
        },
    }
}

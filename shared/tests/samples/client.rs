//! One of every message of a client.

use chalkwire_shared::fault::{Asked, Direction, Fault};
use chalkwire_shared::job::{Job, JobId, Load};
use chalkwire_shared::message::ClientMessage;
use chalkwire_shared::server::{Model, ServerId, ServerOptions};

use super::{SOCKET, room, token};

/// One of every message of a client.
pub(crate) fn of_client() -> Vec<ClientMessage> {
    let mut messages = vec![
        ClientMessage::Open {
            seq: 1,
            socket: SOCKET,
            target: "line".to_owned(),
            credit: 131_072,
            trace: true,
            kernel: false,
            faults: Vec::new(),
            seed: 0,
            run: None,
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
    ];
    messages.extend(room::of_client());
    messages
}

/// The golden file of a message. A new one does not compile until it has a name here.
pub(crate) fn file_of_client(message: &ClientMessage) -> &'static str {
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
        ClientMessage::Enter { .. } => "client-enter.json",
        ClientMessage::Tell { .. } => "client-tell.json",
        ClientMessage::Leave { .. } => "client-leave.json",
        ClientMessage::Subscribe { .. } => "client-subscribe.json",
    }
}

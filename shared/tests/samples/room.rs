//! One of every message of a room, either way.

use chalkwire_shared::close::Reason;
use chalkwire_shared::id::Token;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::role::Role;
use chalkwire_shared::room::{
    Armed, Command, CommandNo, Exchange, Facts, Happened, Key, LeftReason, Member, MemberId,
    NotEntered, Payload, Plan, Refusal, RoomEvent, RoomId, RunId, You,
};

use super::token;

const MEMBER: MemberId = MemberId(3);

fn room() -> RoomId {
    RoomId::read("0123456789abcdef").expect("a room's name")
}

fn plan() -> Plan {
    Plan {
        target: "iterative".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 7,
        idler: None,
        experiment: None,
    }
}

fn exchange() -> Exchange {
    Exchange {
        run: Some(RunId(1)),
        target: "iterative".to_owned(),
        socket: 4,
        begun_us: 1_795_417_690_000_120,
        connected_us: Some(60),
        accepted_us: Some(150_300),
        sent_us: Some(95),
        recv_us: Some(150_310),
        replied_us: Some(200_600),
        over_us: Some(200_700),
        sent_bytes: 7,
        received_bytes: 33,
        sent: Payload::Text("hello\r\n".to_owned()),
        received: Payload::Text("[Mon Nov 23 06:08:10 2026]hello\r\n".to_owned()),
        reason: Some(Reason::Finished),
        faulted: false,
    }
}

fn event(offset: u64, by: MemberId, command: Option<CommandNo>, what: Happened) -> RoomEvent {
    RoomEvent {
        epoch: 1,
        offset,
        prev: offset - 1,
        time_us: 1_795_417_690_200_000 + offset,
        by,
        command,
        what,
    }
}

pub(crate) fn of_client() -> Vec<ClientMessage> {
    vec![
        ClientMessage::Enter {
            seq: 1,
            key: Key::Code {
                code: Token::from("HKT PWN".to_owned()),
            },
            name: "otter".to_owned(),
            client: 2_718_281_828,
        },
        ClientMessage::Tell {
            seq: 2,
            no: 1,
            command: Command::Hand { up: true },
        },
        ClientMessage::Leave { seq: 3 },
        ClientMessage::Subscribe {
            epoch: 1,
            offset: 40,
        },
    ]
}

pub(crate) fn of_gateway() -> Vec<GatewayMessage> {
    let armed = Armed {
        run: RunId(1),
        plan: plan(),
        at_us: 1_795_417_690_000_000,
        over: false,
    };
    vec![
        GatewayMessage::RoomEntered {
            seq: 1,
            room: room(),
            you: You {
                role: Role::Student,
                member: Some(MEMBER),
                token: Some(token()),
                no: 0,
            },
            code: Some("HKT PWN".to_owned()),
            join: "https://demo.example.org/#/join/HKTPWN".to_owned(),
            keep_s: 86_400,
            kept: true,
            clock_offset_us: 1_795_417_678_500_000,
        },
        GatewayMessage::RoomNotEntered {
            seq: 1,
            reason: NotEntered::NoRoom,
            detail: NotEntered::NoRoom.sentence().to_owned(),
        },
        GatewayMessage::RoomLeft {
            seq: 9,
            reason: LeftReason::Removed,
            detail: LeftReason::Removed.sentence().to_owned(),
        },
        GatewayMessage::RoomDone { seq: 2, no: 1 },
        GatewayMessage::RoomRefused {
            seq: 3,
            no: 2,
            reason: Refusal::NotAllowed,
            detail: Refusal::NotAllowed.sentence().to_owned(),
        },
        GatewayMessage::RoomSubscribed {
            recovered: false,
            facts: Some(Box::new(Facts {
                room: room(),
                title: "Networks 1, Tuesday".to_owned(),
                epoch: 1,
                offset: 40,
                opened_us: 1_795_417_680_000_000,
                locked: false,
                paused: false,
                names_hidden: false,
                targets: None,
                faults: true,
                spotlight: None,
                showing: Some("#/experiments/stream?seed=7".to_owned()),
                run: Some(armed),
                last_member: 3,
                ended: false,
            })),
        },
        GatewayMessage::RoomMembers {
            members: vec![Member {
                member: MEMBER,
                name: "otter".to_owned(),
                role: Role::Student,
                here: true,
                since_us: 1_795_417_685_000_000,
                hand_us: None,
                muted: false,
                follows: true,
                exchanges: 1,
                replied: 1,
                failed: 0,
                last_offset: Some(40),
                last: None,
                of_run: None,
                found: None,
                joined_offset: 4,
                clients: Vec::new(),
            }],
            more: false,
        },
        GatewayMessage::RoomHistory {
            events: vec![event(
                4,
                MemberId::GATEWAY,
                None,
                Happened::Joined {
                    member: MEMBER,
                    name: "otter".to_owned(),
                    role: Role::Student,
                },
            )],
        },
        GatewayMessage::RoomEvents {
            saved: 41,
            unsaved: None,
            events: vec![
                event(
                    41,
                    MEMBER,
                    Some(CommandNo {
                        client: 2_718_281_828,
                        no: 1,
                    }),
                    Happened::Hand {
                        member: MEMBER,
                        up: true,
                    },
                ),
                event(
                    42,
                    MemberId::GATEWAY,
                    None,
                    Happened::Exchange {
                        member: MEMBER,
                        exchange: Box::new(exchange()),
                    },
                ),
            ],
        },
        GatewayMessage::RoomLagging { behind: 1_200 },
    ]
}

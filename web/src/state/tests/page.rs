//! The page and the gateway.

use super::*;

/// What the page said last.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    Control(ClientMessage),
    Data(SocketId, Bytes),
}

pub(super) struct Page {
    pub(super) state: State,
    seq: u64,
    pub(super) wakes: Vec<Timer>,
}

fn info(name: &str, kind: Kind) -> TargetInfo {
    TargetInfo {
        name: name.to_owned(),
        kind,
        url: None,
        about: "A target.".to_owned(),
        builtin: true,
    }
}

pub(super) fn welcome(token: &str, targets: Vec<TargetInfo>) -> Action {
    let welcome = GatewayMessage::Welcome {
        token: Token::from(token.to_owned()),
        version: "0.1.0".to_owned(),
        clock_us: 5,
        unix_ms: 1,
        limits: Limits {
            sockets: 3,
            payload_bytes: 1_000,
            window_bytes: 3_000,
            idle_s: 60,
            resume_s: 120,
        },
        targets,
    };
    Action::Text(welcome.encode())
}

pub(super) fn targets() -> Vec<TargetInfo> {
    vec![
        info("basic", Kind::Tcp),
        info("line", Kind::Tcp),
        info("session", Kind::Tcp),
        info("udp", Kind::Udp),
    ]
}

impl Page {
    pub(super) fn new() -> Self {
        Page {
            state: State::default(),
            seq: 0,
            wakes: Vec::new(),
        }
    }

    pub(super) fn up() -> Self {
        let mut page = Page::new();
        page.act(Action::Start(Settings::default(), Address::default()));
        page.act(welcome("one", targets()));
        page
    }

    pub(super) fn act(&mut self, action: Action) -> Vec<Said> {
        let mut said = Vec::new();
        for effect in self.state.apply(action, NOW) {
            match effect {
                Effect::Text(text) => match ClientMessage::decode(&text).unwrap() {
                    ClientMessage::Ping { .. } => {}
                    message => said.push(Said::Control(message)),
                },
                Effect::Bytes(bytes) => {
                    let frame = ClientFrame::decode(bytes).unwrap();
                    said.push(Said::Data(frame.socket, frame.payload));
                }
                Effect::Wake(timer, _) => self.wakes.push(timer),
                _ => {}
            }
        }
        said
    }

    pub(super) fn hear(&mut self, message: impl FnOnce(u64) -> GatewayMessage) -> Vec<Said> {
        self.seq += 1;
        let message = message(self.seq);
        self.act(Action::Text(message.encode()))
    }

    pub(super) fn opened(&mut self, id: u32) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::Opened {
            seq,
            socket: SocketId(id),
            local: "127.0.0.1:5".to_owned(),
            peer: "127.0.0.1:6".to_owned(),
            connect_us: 50,
            clock_us: 10,
        })
    }

    pub(super) fn eof(&mut self, id: u32) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::Eof {
            seq,
            socket: SocketId(id),
            clock_us: 12,
        })
    }

    pub(super) fn closed(&mut self, id: u32) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::Closed {
            seq,
            socket: SocketId(id),
            reason: Reason::ClosedByClient,
            detail: "Closed.".to_owned(),
            clock_us: 13,
        })
    }

    pub(super) fn data(&mut self, id: u32, flags: u32, payload: &[u8]) -> Vec<Said> {
        self.seq += 1;
        let frame = GatewayFrame {
            socket: SocketId(id),
            seq: self.seq,
            flags,
            clock_us: 11,
            payload: payload.to_vec().into(),
        };
        self.act(Action::Bytes(frame.encode()))
    }

    pub(super) fn write(&mut self, text: &str) -> Vec<Said> {
        self.act(Action::Write(text.to_owned()));
        self.act(Action::Submit)
    }

    pub(super) fn connect(&mut self, target: &str) -> u32 {
        self.act(Action::Target(target.to_owned()));
        self.act(Action::Connect);
        let id = self.state.active.unwrap().0;
        self.opened(id);
        id
    }

    pub(super) fn words(&self) -> Vec<&'static str> {
        let entries = self.state.wire.log.entries();
        entries.map(|it| crate::words::word(&it.what)).collect()
    }
}

pub(super) fn close(seq: u64, id: u32) -> Said {
    Said::Control(ClientMessage::Close {
        seq,
        socket: SocketId(id),
    })
}

//! The page and the gateway.

use super::*;
use crate::wire::testing::{self, Gateway, LIMITS, Said, target};

pub(super) struct Page {
    pub(super) state: State,
    gateway: Gateway,
    pub(super) wakes: Vec<Timer>,
}

pub(super) fn welcome(token: &str, targets: Vec<TargetInfo>) -> Action {
    let limits = Limits {
        sockets: 3,
        window_bytes: 3_000,
        ..LIMITS
    };
    Action::Text(testing::welcome(token, limits, targets))
}

pub(super) fn targets() -> Vec<TargetInfo> {
    vec![
        target("basic", Kind::Tcp),
        target("line", Kind::Tcp),
        target("session", Kind::Tcp),
        target("udp", Kind::Udp),
    ]
}

impl Page {
    pub(super) fn new() -> Self {
        Page {
            state: State::default(),
            gateway: Gateway::default(),
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
                Effect::Text(text) => said.extend(Said::text(&text)),
                Effect::Bytes(bytes) => said.push(Said::bytes(bytes)),
                Effect::Wake(timer, _) => self.wakes.push(timer),
                _ => {}
            }
        }
        said
    }

    pub(super) fn hear(&mut self, message: impl FnOnce(u64) -> GatewayMessage) -> Vec<Said> {
        let text = self.gateway.says(message);
        self.act(Action::Text(text))
    }

    pub(super) fn opened(&mut self, id: u32) -> Vec<Said> {
        let text = self.gateway.opened(id);
        self.act(Action::Text(text))
    }

    pub(super) fn eof(&mut self, id: u32) -> Vec<Said> {
        self.hear(|seq| GatewayMessage::Eof {
            seq,
            socket: SocketId(id),
            clock_us: 12,
        })
    }

    pub(super) fn closed(&mut self, id: u32) -> Vec<Said> {
        let text = self.gateway.closed(id, Reason::ClosedByClient);
        self.act(Action::Text(text))
    }

    pub(super) fn data(&mut self, id: u32, flags: u32, payload: &[u8]) -> Vec<Said> {
        let bytes = self.gateway.data(id, flags, 11, payload);
        self.act(Action::Bytes(bytes))
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

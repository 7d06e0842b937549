//! One exchange as a room has it, between the gateway and the target: all by the gateway's clock.

use chalkwire_shared::room::Exchange;

use super::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut};
use super::story::{Story, Table};
use crate::bytes::escape;
use crate::few;
use crate::model::{bytes_text, ms_text};

/// Where something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Gateway,
    Server,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
enum What {
    /// The gateway called `connect`; whether there was an answer.
    Connect(bool),
    /// The connection stood.
    Connected,
    /// The server called `accept`.
    Accepted,
    /// Bytes left the gateway.
    Sent(String),
    /// The server read them.
    Recv,
    /// The reply began to come.
    Replied(String),
    /// It was over: in a few words, and whether something failed.
    Over(&'static str, bool),
}

#[derive(Clone, Debug, PartialEq)]
struct Step {
    us: u32,
    what: What,
}

impl What {
    fn side(&self) -> Side {
        match self {
            What::Accepted | What::Recv => Side::Server,
            _ => Side::Gateway,
        }
    }

    fn say(&self) -> String {
        match self {
            What::Connect(_) => "connect".to_owned(),
            What::Connected => "connected".to_owned(),
            What::Accepted => "accept".to_owned(),
            What::Sent(text) => "▶ sent ".to_owned() + text,
            What::Recv => "recv".to_owned(),
            What::Replied(text) => "◀ reply ".to_owned() + text,
            What::Over(text, failed) => ["●", "✕"][usize::from(*failed)].to_owned() + " " + text,
        }
    }
}

fn payload(bytes: &[u8], whole: u32) -> String {
    let mut out = escape(bytes);
    if bytes.len() < whole as usize {
        out.push('…');
    }
    out + " · " + &bytes_text(whole as usize)
}

fn steps(it: &Exchange, datagrams: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |us: Option<u32>, what: What| {
        if let Some(us) = us {
            steps.push(Step { us, what });
        }
    };
    if !datagrams {
        add(Some(0), What::Connect(it.connected_us.is_some()));
        add(it.connected_us, What::Connected);
        add(it.accepted_us, What::Accepted);
    }
    let sent = payload(&it.sent.bytes(), it.sent_bytes);
    let received = payload(&it.received.bytes(), it.received_bytes);
    add(it.sent_us, What::Sent(sent));
    add(it.recv_us, What::Recv);
    add(it.replied_us, What::Replied(received));
    let over = match it.reason {
        Some(reason) => What::Over(super::class::reason_word(reason), it.failed()),
        None => What::Over("nothing more came", false),
    };
    add(it.over_us, over);
    few::sort(&mut steps, |a, b| a.us < b.us);
    steps
}

/// The exchange in words; `datagrams` where its target has no connections.
pub fn story(it: &Exchange, datagrams: bool) -> Story {
    let mut story = Story {
        name: "Exchange",
        table: Table::new(&["After", "Where", "What"]),
        ..Story::default()
    };
    for step in steps(it, datagrams) {
        let at = ms_text(f64::from(step.us) / 1000.0);
        let side = match step.what.side() {
            Side::Gateway => "gateway",
            Side::Server => it.target.as_str(),
        };
        let say = step.what.say();
        story.item([&at, ", ", side, ": ", &say].concat());
        story.table.push(vec![at, side.to_owned(), say]);
    }
    story.summary = it.target.clone();
    story.summary += &match (it.replied_us, it.reason) {
        (_, Some(reason)) if it.failed() => {
            ": ".to_owned() + super::class::reason_word(reason) + ". " + reason.sentence()
        }
        (Some(us), _) => {
            let ms = ms_text(f64::from(us) / 1000.0);
            let bytes = bytes_text(it.received_bytes as usize);
            [": a reply of ", &bytes, " after ", &ms, "."].concat()
        }
        (None, _) if it.over_us.is_some() => ": no reply.".to_owned(),
        _ => ": no reply yet.".to_owned(),
    };
    if it.faulted {
        story.summary += " Wrongs were done to its traffic on purpose.";
    }
    story.notes.push(
        "Times from the beginning of the exchange, by the gateway’s clock: what it saw of the \
         member’s socket. The way from the browser to the gateway is not in it."
            .to_owned(),
    );
    story
}

/// Lays it out: two lifelines, and what went between them.
pub fn draw(it: &Exchange, datagrams: bool, width: Width) -> Picture {
    const ROW: i32 = 30;
    let mut pen = Pen::new(width);
    let (gateway, server) = match width {
        Width::Wide => (150, 610),
        Width::Narrow => (62, 212),
    };
    let between = chars_in(server - gateway - 24);
    let steps = steps(it, datagrams);
    let end = 30 + ROW * steps.len() as i32 + 8;
    for (x, name) in [(gateway, "gateway"), (server, it.target.as_str())] {
        let name = cut(name, chars_in(2 * (pen.picture.width - server)));
        pen.text((x, 14, Anchor::Middle), &name, Role::Text, Paint::Head);
        pen.line(&[(x, 22), (x, end)], Role::Line, Paint::Stroke);
    }
    let y_of = |at: usize| 44 + ROW * at as i32;
    let find = |want: fn(&What) -> bool| steps.iter().position(|it| want(&it.what));
    for (at, step) in steps.iter().enumerate() {
        pen.item(at);
        let y = y_of(at);
        let time = ms_text(f64::from(step.us) / 1000.0);
        let told = match step.what.side() {
            Side::Gateway => (gateway - 8, y + 4, Anchor::End),
            // What the server did stands outside, where no arrow passes.
            Side::Server => (server + 56, y + 4, Anchor::Start),
        };
        pen.text(told, &time, Role::Soft, Paint::Small);
        let middle = (gateway + server) / 2;
        let say = cut(&step.what.say(), between);
        match &step.what {
            What::Connect(answered) => {
                let to = if *answered { server } else { middle + 40 };
                pen.line(&[(gateway, y), (to - 2, y)], Role::Ctl, Paint::Dashed);
                if *answered {
                    pen.tip((gateway, y), (to, y), Role::Ctl);
                } else {
                    pen.cross((to, y), Role::Err);
                }
                pen.text(
                    (middle, y - 6, Anchor::Middle),
                    &say,
                    Role::Ctl,
                    Paint::Plain,
                );
            }
            What::Sent(_) => {
                let lands = find(|it| *it == What::Recv).filter(|row| *row > at);
                let to = (server, lands.map_or(y, y_of));
                pen.line(&[(gateway, y), to], Role::Sent, Paint::Stroke);
                pen.tip((gateway, y), to, Role::Sent);
                pen.text(
                    (middle, y - 6, Anchor::Middle),
                    &say,
                    Role::Sent,
                    Paint::Code,
                );
            }
            What::Replied(_) => {
                pen.line(&[(server, y - 8), (gateway, y)], Role::Recv, Paint::Stroke);
                pen.tip((server, y - 8), (gateway, y), Role::Recv);
                pen.text(
                    (middle, y + 12, Anchor::Middle),
                    &say,
                    Role::Recv,
                    Paint::Code,
                );
            }
            What::Accepted | What::Recv => {
                pen.rect((server - 4, y - 4, 8, 8), Role::Accent, Paint::Fill);
                let at = (server + 10, y + 4, Anchor::Start);
                pen.text(at, &say, Role::Accent, Paint::Plain);
            }
            What::Connected | What::Over(..) => {
                let failed = matches!(step.what, What::Over(_, true));
                let role = if failed { Role::Err } else { Role::Ctl };
                pen.rect((gateway - 4, y - 4, 8, 8), role, Paint::Fill);
                let at = (gateway + 10, y + 4, Anchor::Start);
                pen.text(at, &say, role, Paint::Plain);
            }
        }
    }
    pen.item = None;
    pen.finish(end + 4)
}

#[cfg(test)]
mod tests {
    use chalkwire_shared::close::Reason;
    use chalkwire_shared::room::Payload;

    use super::*;
    use crate::pictures::class::made_up::iterative;
    use crate::pictures::golden::golden;

    fn of(number: usize) -> Exchange {
        let mut it = iterative(20, None).senders[number]
            .exchange
            .clone()
            .unwrap();
        it.sent = Payload::beginning_of(b"hello\r\n");
        it.received = Payload::beginning_of(b"[Mon Nov 23 06:08:10 2026]hello\r\n");
        it
    }

    #[test]
    fn an_exchange_is_drawn_between_the_gateway_and_its_server() {
        let it = of(5);
        golden("exchange", &story(&it, false), |width| {
            draw(&it, false, width)
        });
    }

    #[test]
    fn one_that_was_never_let_in_has_its_cross_and_its_reason() {
        let mut it = of(5);
        (it.connected_us, it.accepted_us, it.sent_us) = (None, None, None);
        (it.recv_us, it.replied_us) = (None, None);
        (it.over_us, it.reason) = (Some(10_000_000), Some(Reason::ConnectTimeout));
        let words = story(&it, false);
        assert!(
            words
                .summary
                .starts_with("iterative: timed out. Timed out:")
        );
        golden("exchange-failed", &words, |width| draw(&it, false, width));
    }
}

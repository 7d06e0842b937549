//! What a program is told when nobody serves it: a decision tree with what was tried at its leaves.

use chalkwire_shared::close::Reason;
use chalkwire_shared::job::{Call, Script};

use super::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut};
use super::story::{Story, Table};
use crate::model::{Entry, What, ms_text};

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A reply.
    Reply,
    /// Refused at once.
    Refused,
    /// The send went well, and a later call says that it was refused.
    RefusedLater,
    /// `connect` waited until its time was up.
    Timeout,
    /// A stream was connected, and nothing ever came.
    NoReply,
    /// Datagrams were sent, and nothing ever came.
    Silence,
}

impl Answer {
    /// Every answer, in the order of the tree's leaves.
    pub const ALL: [Answer; 6] = [
        Answer::Reply,
        Answer::Refused,
        Answer::RefusedLater,
        Answer::Timeout,
        Answer::NoReply,
        Answer::Silence,
    ];

    fn name(self) -> &'static str {
        match self {
            Answer::Reply => "◀ a reply",
            Answer::Refused => "✕ refused at once",
            Answer::RefusedLater => "✕ refused, on a later call",
            Answer::Timeout => "✕ connect times out",
            Answer::NoReply => "… connected, no answer",
            Answer::Silence => "… silence",
        }
    }

    fn means(self) -> &'static str {
        match self {
            Answer::Reply => "somebody listens and answers",
            Answer::Refused => "TCP: the machine sent RST",
            Answer::RefusedLater => "UDP, connected: ICMP came back",
            Answer::Timeout => "TCP: the SYN was dropped",
            Answer::NoReply => "TCP: the program has not answered",
            Answer::Silence => "UDP: nobody has to say anything",
        }
    }

    fn role(self) -> Role {
        match self {
            Answer::Reply => Role::Recv,
            Answer::NoReply | Answer::Silence => Role::Ctl,
            _ => Role::Err,
        }
    }
}

/// Something that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// What: `TCP, closed port`.
    pub name: String,
    /// What came of it.
    pub answer: Answer,
    /// After how long, in ms; of silence, how long was waited.
    pub ms: f64,
}

impl Tried {
    /// What came of a socket of the page, from its entries; `None` while that is open, and of one that
    /// was closed before anything was tried on it.
    pub fn socket(name: &str, entries: &[Entry]) -> Option<Tried> {
        let first = entries.first()?.at_ms;
        let last = entries.last()?;
        let tried = |answer, at_ms: f64| Tried {
            name: name.to_owned(),
            answer,
            ms: at_ms - first,
        };
        let silence = match entries.iter().find_map(|it| it.kind) {
            Some(kind) if kind.is_datagram() => Answer::Silence,
            _ => Answer::NoReply,
        };
        let mut sent = false;
        for entry in entries {
            match &entry.what {
                What::Sent { .. } => sent = true,
                What::Received { .. } => return Some(tried(Answer::Reply, entry.at_ms)),
                What::Closed { reason, .. } => {
                    let answer = match reason {
                        Reason::Refused if sent => Answer::RefusedLater,
                        Reason::Refused => Answer::Refused,
                        Reason::ConnectTimeout => Answer::Timeout,
                        _ if !sent => return None,
                        _ => silence,
                    };
                    return Some(tried(answer, entry.at_ms));
                }
                _ => {}
            }
        }
        sent.then(|| tried(silence, last.at_ms))
    }

    /// What came of a script of calls; `None` before the first.
    pub fn calls(name: &str, script: Script, calls: &[Call]) -> Option<Tried> {
        let first = calls.first()?;
        let refused = |call: &Call| call.error.as_deref() == Some("ECONNREFUSED");
        let replied = |call: &Call| call.call.starts_with("recv") && call.bytes.is_some();
        let (answer, call) = if let Some(call) = calls.iter().find(|call| replied(call)) {
            (Answer::Reply, call)
        } else if let Some(call) = calls.iter().find(|call| refused(call)) {
            let at_once = call.call.starts_with("connect");
            (
                if at_once {
                    Answer::Refused
                } else {
                    Answer::RefusedLater
                },
                call,
            )
        } else if first.call.starts_with("connect") && first.error.is_some() {
            (Answer::Timeout, first)
        } else if script.is_udp() {
            (Answer::Silence, calls.last()?)
        } else {
            (Answer::NoReply, calls.last()?)
        };
        let us = call.end_us.saturating_sub(first.start_us);
        Some(Tried {
            name: name.to_owned(),
            answer,
            ms: us as f64 / 1000.0,
        })
    }
}

/// The tree in words.
pub fn story(tried: &[Tried]) -> Story {
    let mut story = Story {
        name: "Decision tree",
        table: Table::new(&["Tried", "What came of it", "After", "What it means"]),
        ..Story::default()
    };
    for answer in Answer::ALL {
        for it in tried.iter().filter(|it| it.answer == answer) {
            let after = ms_text(it.ms);
            // The sign is for the eye.
            let name = answer.name().split_once(' ').map_or("", |it| it.1);
            story.item(
                [
                    &*it.name,
                    ": ",
                    name,
                    ", after ",
                    &after,
                    ": ",
                    answer.means(),
                ]
                .concat(),
            );
            story.table.push(vec![
                it.name.clone(),
                name.to_owned(),
                after,
                answer.means().to_owned(),
            ]);
        }
    }
    story.summary = if tried.is_empty() {
        "Nothing was tried yet.".to_owned()
    } else {
        story.items.join(". ") + "."
    };
    story
}

/// What is drawn under one leaf at the most.
const UNDER: usize = 8;

/// Lays the tree out, as a list of folders is: it reads the same in a narrow room.
pub fn draw(tried: &[Tried], width: Width) -> Picture {
    let mut pen = Pen::new(width);
    let wide = width == Width::Wide;
    let branches = [
        ("Something comes back", &Answer::ALL[..3]),
        ("Nothing comes back", &Answer::ALL[3..]),
    ];
    pen.text(
        (8, 16, Anchor::Start),
        "connect, send, recv",
        Role::Text,
        Paint::Head,
    );
    let mut y = 16;
    let mut item = 0;
    let mut trunk = y;
    for (branch, leaves) in branches {
        pen.item = None;
        y += 26;
        pen.line(
            &[(16, trunk + 6), (16, y - 4), (28, y - 4)],
            Role::Soft,
            Paint::Thin,
        );
        trunk = y - 10;
        pen.text((34, y, Anchor::Start), branch, Role::Text, Paint::Plain);
        let mut stem = y;
        for answer in leaves {
            let here: Vec<&Tried> = tried.iter().filter(|it| it.answer == *answer).collect();
            pen.item = None;
            y += 28;
            pen.line(
                &[(42, stem + 6), (42, y - 4), (54, y - 4)],
                Role::Soft,
                Paint::Thin,
            );
            stem = y - 10;
            let (x, w) = (58, width.units() - 58 - 8);
            let high = if wide { 22 } else { 38 };
            let paint = if here.is_empty() {
                Paint::Dotted
            } else {
                Paint::Tint
            };
            let role = if here.is_empty() {
                Role::Soft
            } else {
                answer.role()
            };
            pen.rect((x, y - 15, w, high), role, paint);
            let strong = if here.is_empty() {
                Paint::Plain
            } else {
                Paint::Head
            };
            pen.text((x + 8, y, Anchor::Start), answer.name(), role, strong);
            let means = cut(answer.means(), chars_in(w - 16));
            if wide {
                pen.text(
                    (x + w - 8, y, Anchor::End),
                    &means,
                    Role::Soft,
                    Paint::Small,
                );
            } else {
                y += 16;
                pen.text((x + 8, y, Anchor::Start), &means, Role::Soft, Paint::Small);
            }
            for it in here.iter().take(UNDER) {
                pen.item(item);
                item += 1;
                y += 20;
                let after = [if wide { "after " } else { "" }, &ms_text(it.ms)].concat();
                let room = chars_in(w - 40) - after.chars().count();
                let name = ["● ", &cut(&it.name, room.saturating_sub(4))].concat();
                pen.text((x + 16, y, Anchor::Start), &name, Role::Text, Paint::Plain);
                pen.text(
                    (x + w - 8, y, Anchor::End),
                    &after,
                    Role::Soft,
                    Paint::Plain,
                );
            }
            item += here.len().saturating_sub(UNDER);
        }
    }
    pen.finish(y + 16)
}

#[cfg(test)]
mod tests {
    use chalkwire_shared::target::Kind;

    use super::*;
    use crate::pictures::fixture::Log;
    use crate::pictures::golden::{golden, sound};

    fn tried(name: &str, answer: Answer, ms: f64) -> Tried {
        Tried {
            name: name.to_owned(),
            answer,
            ms,
        }
    }

    #[test]
    fn the_tree_is_drawn_as_it_always_was() {
        let tried = [
            tried("UDP, not connected", Answer::Silence, 500.0),
            tried("TCP, closed port", Answer::Refused, 0.2),
            tried("UDP, connected", Answer::RefusedLater, 1.4),
            tried("TCP, dropped on purpose", Answer::Timeout, 3_000.0),
            tried("client 1, a full queue", Answer::NoReply, 300.0),
        ];
        let story = story(&tried);
        assert!(
            story
                .summary
                .starts_with("TCP, closed port: refused at once, after 0.20 ms")
        );
        golden("tree", &story, |width| draw(&tried, width));
    }

    #[test]
    fn each_end_of_a_socket_is_its_leaf() {
        let of_kind = |kind, whats: Vec<What>| {
            let mut log = Log::new("x", kind);
            for (i, what) in whats.into_iter().enumerate() {
                log.at(i as f64, what);
            }
            Tried::socket("x", &log.entries).map(|it| it.answer)
        };
        let of = |whats| of_kind(Kind::Udp, whats);
        let closed = |reason| Log::closed(reason, 1);
        assert_eq!(
            of(vec![What::Connecting, closed(Reason::Refused)]),
            Some(Answer::Refused)
        );
        assert_eq!(
            of(vec![Log::sent(b"x", 1), closed(Reason::Refused)]),
            Some(Answer::RefusedLater)
        );
        assert_eq!(
            of(vec![What::Connecting, closed(Reason::ConnectTimeout)]),
            Some(Answer::Timeout)
        );
        assert_eq!(of(vec![Log::sent(b"x", 1)]), Some(Answer::Silence));
        assert_eq!(
            of(vec![Log::sent(b"x", 1), Log::received(b"y", 2)]),
            Some(Answer::Reply)
        );
        assert_eq!(of(vec![What::Connecting]), None);
        let unheard = vec![Log::connected(9, 1), Log::sent(b"x", 1)];
        assert_eq!(of_kind(Kind::Tcp, unheard), Some(Answer::NoReply));
        // Nothing was asked, so nothing is no answer.
        let idle = vec![Log::connected(9, 1), closed(Reason::ClosedByClient)];
        assert_eq!(of_kind(Kind::Tcp, idle), None);
    }

    #[test]
    fn each_end_of_a_script_is_its_leaf() {
        let call = |call: &str, bytes, error: Option<&str>| Call {
            call: call.to_owned(),
            blocking: true,
            start_us: 0,
            end_us: 9,
            bytes,
            error: error.map(str::to_owned),
        };
        let of =
            |calls: &[Call]| Tried::calls("x", Script::UdpConnected, calls).map(|it| it.answer);
        let refused = Some("ECONNREFUSED");
        assert_eq!(of(&[call("connect", None, refused)]), Some(Answer::Refused));
        assert_eq!(
            of(&[
                call("connect", None, None),
                call("send(1)", Some(1), None),
                call("send(1)", None, refused)
            ]),
            Some(Answer::RefusedLater)
        );
        assert_eq!(
            of(&[
                call("sendto(1)", Some(1), None),
                call("recvfrom(9)", None, Some("EWOULDBLOCK"))
            ]),
            Some(Answer::Silence)
        );
        assert_eq!(
            of(&[
                call("send(1)", Some(1), None),
                call("recv(9)", Some(3), None)
            ]),
            Some(Answer::Reply)
        );
        assert_eq!(
            of(&[call("connect", None, Some("ETIMEDOUT"))]),
            Some(Answer::Timeout)
        );
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn an_empty_tree_and_a_crowded_one_are_drawn() {
        let many: Vec<_> = (0..100)
            .map(|i| tried(&"x".repeat(i), Answer::Refused, 1.0))
            .collect();
        for tried in [&many[..], &[]] {
            for width in Width::ALL {
                sound(&draw(tried, width), &story(tried));
            }
        }
    }
}

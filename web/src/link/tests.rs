//! A gateway in miniature drops the connection wherever it likes: nothing is lost, nothing twice.

use std::collections::VecDeque;

use chalkwire_shared::frame::ClientFrame;
use chalkwire_shared::message::NoticeKind;
use proptest::prelude::*;

use super::*;
use crate::wire::testing::{self, LIMITS};

const NOW: f64 = 1e12;

fn welcome(token: &str) -> String {
    testing::welcome(token, LIMITS, vec![])
}

fn notice(seq: u64) -> GatewayMessage {
    GatewayMessage::Notice {
        seq,
        socket: None,
        kind: NoticeKind::Dropped,
        detail: seq.to_string(),
    }
}

/// A page whose link stands.
fn up() -> Link {
    let (mut link, mut out) = (Link::default(), vec![]);
    link.retry(NOW, &mut out);
    assert!(link.text(&welcome("one"), NOW, 0.5, &mut out).is_some());
    assert!(link.is_up());
    link
}

fn texts(out: &[Do]) -> Vec<ClientMessage> {
    out.iter()
        .filter_map(|it| match it {
            Do::Text(text) => ClientMessage::decode(text).ok(),
            _ => None,
        })
        .collect()
}

#[test]
fn the_first_thing_said_on_a_new_link_is_a_ping_and_on_an_old_one_resume() {
    let (mut link, mut out) = (Link::default(), vec![]);
    link.retry(NOW, &mut out);
    assert!(out.contains(&Do::Connect(Way::WebSocket)));
    link.text(&welcome("one"), NOW, 0.5, &mut out);
    assert_eq!(texts(&out), [ClientMessage::Ping { id: 1 }]);
    link.dropped(1006, NOW, 0.5, &mut out);
    assert!(out.contains(&Do::RetryAfter(500.0)));
    link.retry(NOW, &mut out);
    out.clear();
    link.text(&welcome("two"), NOW, 0.5, &mut out);
    assert_eq!(
        texts(&out)[0],
        ClientMessage::Resume {
            token: Token::from("one".to_owned()),
            seen: 0
        }
    );
    assert_eq!(link.phase(), &Phase::Resuming);
}

#[test]
fn nothing_is_acknowledged_before_the_link_is_taken_up() {
    let (mut link, mut out) = (up(), vec![]);
    link.text(&notice(1).encode(), NOW, 0.5, &mut out);
    link.dropped(1006, NOW, 0.5, &mut out);
    link.retry(NOW, &mut out);
    out.clear();
    link.text(&welcome("two"), NOW, 0.5, &mut out);
    link.ping(NOW, 0.5, &mut out);
    let failed = GatewayMessage::ResumeFailed {
        detail: "gone".to_owned(),
    };
    link.text(&failed.encode(), NOW, 0.5, &mut out);
    link.ping(NOW, 0.5, &mut out);
    let acks = texts(&out);
    let acks = acks
        .iter()
        .filter(|it| matches!(it, ClientMessage::Ack { .. }));
    assert_eq!(acks.count(), 0);
}

#[test]
fn a_link_that_cannot_be_taken_up_names_the_sends_whose_fate_is_unknown_and_sends_none_again() {
    let (mut link, mut out) = (up(), vec![]);
    link.send(SocketId(1), Bytes::from_static(b"a"), 7, &mut out);
    link.send(SocketId(1), Bytes::from_static(b"b"), 8, &mut out);
    link.text(
        &GatewayMessage::Ack { seen: 1 }.encode(),
        NOW,
        0.5,
        &mut out,
    );
    link.dropped(1006, NOW, 0.5, &mut out);
    link.retry(NOW, &mut out);
    link.text(&welcome("two"), NOW, 0.5, &mut out);
    out.clear();
    let failed = GatewayMessage::ResumeFailed {
        detail: "gone".to_owned(),
    };
    let heard = link.text(&failed.encode(), NOW, 0.5, &mut out);
    assert_eq!(
        heard,
        Some(Heard::Gone {
            detail: "gone".to_owned(),
            unknown: vec![8]
        })
    );
    assert!(link.is_up());
    assert!(!out.iter().any(|it| matches!(it, Do::Bytes(_))));
    link.say(&mut out, |seq| ClientMessage::Close {
        seq,
        socket: SocketId(2),
    });
    assert!(texts(&out).contains(&ClientMessage::Close {
        seq: 1,
        socket: SocketId(2)
    }));
}

#[test]
fn an_ack_goes_out_after_32_messages_or_64_kib() {
    let (mut link, mut out) = (up(), vec![]);
    for seq in 1..=31 {
        link.text(&notice(seq).encode(), NOW, 0.5, &mut out);
    }
    assert_eq!(texts(&out), []);
    link.text(&notice(32).encode(), NOW, 0.5, &mut out);
    assert_eq!(texts(&out), [ClientMessage::Ack { seen: 32 }]);
    out.clear();
    let frame = GatewayFrame {
        socket: SocketId(1),
        seq: 33,
        flags: 0,
        clock_us: 1,
        payload: vec![0; 65_512].into(),
    };
    link.bytes(frame.encode(), NOW, 0.5, &mut out);
    assert_eq!(texts(&out), [ClientMessage::Ack { seen: 33 }]);
}

#[test]
fn a_gap_in_the_sequence_drops_the_connection_so_that_all_comes_again() {
    let (mut link, mut out) = (up(), vec![]);
    let heard = link.text(&notice(2).encode(), NOW, 0.5, &mut out);
    assert!(matches!(heard, Some(Heard::Lost(_))));
    assert!(out.contains(&Do::Drop));
    assert!(matches!(link.phase(), Phase::Waiting { .. }));
}

#[test]
fn a_silent_connection_is_given_up() {
    let (mut link, mut out) = (up(), vec![]);
    assert_eq!(link.ping(NOW + 11_999.0, 0.5, &mut out), None);
    assert!(matches!(
        link.ping(NOW + 12_000.0, 0.5, &mut out),
        Some(Heard::Lost(_))
    ));
    assert!(out.contains(&Do::Drop));
}

#[test]
fn a_connection_is_not_given_up_because_a_hidden_tab_pings_seldom() {
    let (mut link, mut out) = (up(), vec![]);
    for minute in 1..5 {
        let now = NOW + f64::from(minute) * 60_000.0;
        let pong = GatewayMessage::Pong { id: 1, clock_us: 1 };
        link.text(&pong.encode(), now - 59_990.0, 0.5, &mut out);
        assert_eq!(link.ping(now, 0.5, &mut out), None);
    }
    assert!(link.is_up());
}

#[test]
fn a_page_that_was_turned_away_stays_away_until_it_is_asked() {
    let (mut link, mut out) = (up(), vec![]);
    link.dropped(4001, NOW, 0.5, &mut out);
    assert!(matches!(link.phase(), Phase::Stopped(_)));
    assert_eq!(out, []);
    link.retry(NOW, &mut out);
    out.clear();
    link.text(&welcome("two"), NOW, 0.5, &mut out);
    assert!(link.is_up());
    assert_eq!(texts(&out), [ClientMessage::Ping { id: 2 }]);
}

#[test]
fn waits_grow_while_connections_break_at_once_and_shrink_after_one_that_stood() {
    let (mut link, mut out) = (up(), vec![]);
    link.dropped(1006, NOW, 1.0, &mut out);
    link.retry(NOW, &mut out);
    link.dropped(1006, NOW, 1.0, &mut out);
    assert!(out.contains(&Do::RetryAfter(2000.0)));
    link.retry(NOW, &mut out);
    link.text(&welcome("x"), NOW, 0.5, &mut out);
    link.text(
        &GatewayMessage::Resumed { seen: 0 }.encode(),
        NOW,
        0.5,
        &mut out,
    );
    out.clear();
    link.dropped(1006, NOW + 6000.0, 1.0, &mut out);
    assert_eq!(out, [Do::RetryAfter(1000.0)]);
}

#[test]
fn a_link_goes_over_http_after_three_websockets_in_vain_and_keeps_its_token() {
    let (mut link, mut out) = (Link::default(), vec![]);
    for _ in 0..3 {
        out.clear();
        link.retry(NOW, &mut out);
        assert!(out.contains(&Do::Connect(Way::WebSocket)));
        assert_eq!(link.dropped(1006, NOW, 0.5, &mut out), None);
    }
    out.clear();
    link.retry(NOW, &mut out);
    assert!(out.contains(&Do::Connect(Way::Http)));
    link.text(&welcome("one"), NOW, 0.5, &mut out);
    assert!(link.is_up() && link.ways().is_blocked());
    // The connection drops later on: the same link, the same way.
    link.dropped(1006, NOW + 9_000.0, 0.5, &mut out);
    out.clear();
    link.retry(NOW + 9_000.0, &mut out);
    assert!(out.contains(&Do::Connect(Way::Http)));
    link.text(&welcome("two"), NOW, 0.5, &mut out);
    assert_eq!(link.phase(), &Phase::Resuming);
}

#[test]
fn where_websockets_passed_before_one_is_tried_as_soon_as_the_gateway_is_back() {
    let (mut link, mut out) = (up(), vec![]);
    for _ in 0..4 {
        link.dropped(1006, NOW, 1.0, &mut out);
        out.clear();
        link.retry(NOW, &mut out);
    }
    assert!(out.contains(&Do::Connect(Way::Http)));
    out.clear();
    assert_eq!(link.text(&welcome("two"), NOW, 0.5, &mut out), None);
    assert_eq!(out[..2], [Do::Drop, Do::Connect(Way::WebSocket)]);
    link.text(&welcome("three"), NOW, 0.5, &mut out);
    assert_eq!(link.phase(), &Phase::Resuming);
    assert!(!link.ways().is_blocked());
}

#[test]
fn messages_of_a_newer_gateway_are_counted_and_told_once() {
    let (mut link, mut out) = (up(), vec![]);
    let heard = link.text(r#"{"type":"weather","seq":1}"#, NOW, 0.5, &mut out);
    assert!(matches!(heard, Some(Heard::Strange(text)) if text.contains("weather")));
    let again = link.text(r#"{"type":"weather","seq":2}"#, NOW, 0.5, &mut out);
    assert_eq!(again, None);
    let known = link.text(&notice(3).encode(), NOW, 0.5, &mut out);
    assert_eq!(known, Some(Heard::Message(notice(3))));
    for garbage in ["", "}{", "null"] {
        assert!(matches!(
            link.text(garbage, NOW, 0.5, &mut out),
            Some(Heard::Strange(_))
        ));
    }
    assert!(matches!(
        link.bytes(Bytes::from_static(b"short"), NOW, 0.5, &mut out),
        Some(Heard::Strange(_))
    ));
}

/// One step of a day on a bad line.
#[derive(Clone, Debug)]
enum Step {
    /// The page sends.
    Page,
    /// The gateway sends.
    Gateway,
    /// The next few messages arrive, page to gateway and back.
    Deliver(usize, usize),
    /// The connection drops with all that is under way, and is opened anew.
    Drop,
    /// The gateway acknowledges.
    Ack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Page),
        4 => Just(Step::Gateway),
        4 => (0usize..5, 0usize..5).prop_map(|(a, b)| Step::Deliver(a, b)),
        2 => Just(Step::Drop),
        1 => Just(Step::Ack),
    ];
    prop::collection::vec(step, 0..80)
}

/// The gateway's side, as small as it can be.
#[derive(Default)]
struct Mini {
    last_seq: u64,
    sent: Vec<GatewayMessage>,
    seen: u64,
    got: Vec<u64>,
    to_page: VecDeque<String>,
    to_gateway: VecDeque<Do>,
    up: bool,
}

impl Mini {
    fn hear(&mut self, said: &Do) {
        let seq = match said {
            Do::Bytes(bytes) => ClientFrame::decode(bytes.clone()).unwrap().seq,
            Do::Text(text) => match ClientMessage::decode(text).unwrap() {
                ClientMessage::Resume { seen, .. } => {
                    self.up = true;
                    self.to_page
                        .push_back(GatewayMessage::Resumed { seen: self.seen }.encode());
                    let again = self.sent.iter().filter(|m| m.seq().unwrap() > seen);
                    self.to_page.extend(again.map(GatewayMessage::encode));
                    return;
                }
                message => match message.seq() {
                    Some(seq) => seq,
                    None => return,
                },
            },
            _ => return,
        };
        assert!(seq <= self.seen + 1, "a gap: {seq} after {}", self.seen);
        if seq > self.seen {
            self.seen = seq;
            self.got.push(seq);
        }
    }
}

proptest! {
    #[test]
    fn however_often_the_link_drops_each_message_arrives_once_and_in_order(
        steps in steps(), random in 0.0f64..1.0
    ) {
        let (mut link, mut mini, mut heard) = (Link::default(), Mini::default(), vec![]);
        let (mut out, mut said) = (vec![], 0u32);
        link.retry(NOW, &mut out);
        link.text(&welcome("one"), NOW, random, &mut out);
        mini.up = true;
        let drop_all = [Step::Drop, Step::Deliver(999, 999), Step::Deliver(999, 999)];
        for step in steps.into_iter().chain(drop_all) {
            match step {
                Step::Page => {
                    said += 1;
                    link.send(SocketId(1), Bytes::from_static(b"x"), said, &mut out);
                }
                Step::Gateway => {
                    mini.last_seq += 1;
                    let message = notice(mini.last_seq);
                    if mini.up {
                        mini.to_page.push_back(message.encode());
                    }
                    mini.sent.push(message);
                }
                Step::Ack if mini.up => {
                    mini.to_page.push_back(GatewayMessage::Ack { seen: mini.seen }.encode());
                }
                Step::Ack => {}
                Step::Deliver(there, back) => {
                    for _ in 0..there {
                        let Some(said) = mini.to_gateway.pop_front() else { break };
                        mini.hear(&said);
                    }
                    for _ in 0..back {
                        let Some(text) = mini.to_page.pop_front() else { break };
                        if let Some(Heard::Message(m)) = link.text(&text, NOW, random, &mut out) {
                            heard.push(m.seq().unwrap());
                        }
                    }
                }
                Step::Drop => {
                    mini.to_page.clear();
                    mini.to_gateway.clear();
                    out.clear();
                    mini.up = false;
                    link.dropped(1006, NOW, random, &mut out);
                    link.retry(NOW, &mut out);
                    link.text(&welcome("next"), NOW, random, &mut out);
                }
            }
            prop_assert!(!out.contains(&Do::Drop) || matches!(link.phase(), Phase::Resuming | Phase::Up));
            mini.to_gateway.extend(out.drain(..));
        }
        prop_assert_eq!(heard, (1..=mini.last_seq).collect::<Vec<_>>());
        prop_assert_eq!(mini.got, (1..=u64::from(said)).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_messages_never_panic(texts: Vec<String>, bytes: Vec<Vec<u8>>) {
        let (mut link, mut out) = (up(), vec![]);
        for text in texts {
            let _ = link.text(&text, NOW, 0.5, &mut out);
        }
        for bytes in bytes {
            let _ = link.bytes(bytes.into(), NOW, 0.5, &mut out);
        }
    }
}

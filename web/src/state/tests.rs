//! A page and a gateway of a few lines: what the page says, and what it makes of the answers.

use bytes::Bytes;
use chalkwire_shared::close::Reason;
use chalkwire_shared::frame::DATAGRAM;
use chalkwire_shared::limits::Limits;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::target::TargetInfo;
use proptest::prelude::*;

use super::*;
use crate::faults::Edit;
use crate::line_end::LineEnd;
use crate::link::Phase;
use crate::model::What;
use crate::wire::testing::Said;

mod page;
mod told;

use page::{Page, close, targets, welcome};

const NOW: Now = Now {
    ms: 1e12,
    random: 0.5,
};

#[test]
fn hello_opens_a_socket_sends_reads_the_reply_and_closes() {
    let mut page = Page::up();
    let said = page.act(Action::Hello);
    assert!(
        matches!(&said[0], Said::Control(ClientMessage::Open { target, credit: 131_072, trace: true, .. }) if target == "line")
    );
    assert_eq!(said[1], Said::Data(SocketId(1), "hello\r\n".into()));
    page.opened(1);
    page.hear(|seq| GatewayMessage::Wrote {
        seq,
        socket: SocketId(1),
        bytes: 7,
        clock_us: 10,
    });
    assert_eq!(page.data(1, 0, b"[x]hello\r\n"), []);
    assert_eq!(page.eof(1), [close(3, 1)]);
    page.closed(1);
    assert_eq!(
        page.words(),
        [
            "connecting",
            "sent",
            "connected",
            "received",
            "end of data",
            "closed"
        ]
    );
    let sent = page.state.wire.log.get(2).unwrap();
    assert!(matches!(
        sent.what,
        What::Sent {
            wrote_us: Some(10),
            ..
        }
    ));
    assert_eq!(page.state.wire.sockets().count(), 0);
    assert_eq!(page.state.draft.typed.text, "");
    assert_eq!(
        page.state
            .wire
            .socket_view(SocketId(1))
            .unwrap()
            .received_bytes,
        10
    );
}

#[test]
fn a_server_that_keeps_open_is_left_soon_after_its_reply_is_whole() {
    let mut page = Page::up();
    page.act(Action::Target("session".to_owned()));
    page.write("hello");
    page.opened(1);
    page.data(1, 0, b"[x]hello\r\n");
    assert!(page.wakes.contains(&Timer::Quiet(SocketId(1))));
    let later = Now {
        ms: NOW.ms + 300.0,
        ..NOW
    };
    let effects = page
        .state
        .apply(Action::Wake(Timer::Quiet(SocketId(1))), later);
    assert!(matches!(&effects[..], [Effect::Text(text)] if text.contains("close")));
    let again = page
        .state
        .apply(Action::Wake(Timer::Quiet(SocketId(1))), later);
    assert_eq!(again, []);
}

#[test]
fn a_datagram_answer_closes_its_socket_at_once_and_an_empty_datagram_may_go() {
    let mut page = Page::up();
    page.act(Action::Target("udp".to_owned()));
    page.act(Action::LineEnd(LineEnd::None));
    let said = page.write("");
    assert_eq!(said[1], Said::Data(SocketId(1), Bytes::new()));
    page.opened(1);
    assert_eq!(page.data(1, DATAGRAM, b"x"), [close(3, 1)]);
}

#[test]
fn with_an_open_socket_a_message_goes_to_it_until_it_is_left() {
    let mut page = Page::up();
    let id = page.connect("session");
    assert_eq!(page.state.way(), Ok(Way::On(SocketId(id))));
    assert_eq!(page.write("a"), [Said::Data(SocketId(id), "a\r\n".into())]);
    page.act(Action::Socket(SocketId(id)));
    assert_eq!(page.state.way(), Ok(Way::OneShot));
    page.act(Action::Target("session".to_owned()));
    assert_eq!(page.state.active, Some(SocketId(id)));
    page.act(Action::ShutDown);
    assert!(page.state.way().is_err() && page.state.may_shut_down().is_err());
    assert!(page.write("b").is_empty());
    assert_eq!(page.state.draft.typed.text, "b");
    page.act(Action::Close);
    assert_eq!(page.act(Action::Close), []);
    page.closed(id);
    assert_eq!(page.state.way(), Ok(Way::OneShot));
    assert!(page.state.may_close().is_err());
}

#[test]
fn what_cannot_be_sent_stays_in_the_box_with_a_sentence() {
    let mut page = Page::up();
    page.act(Action::LineEnd(LineEnd::None));
    assert!(page.write("").is_empty());
    assert!(
        page.state
            .trouble
            .as_ref()
            .unwrap()
            .contains("Nothing to send")
    );
    let big = "x".repeat(1_100_000);
    assert!(page.write(&big).is_empty());
    assert!(
        page.state
            .trouble
            .as_ref()
            .unwrap()
            .contains("1100000 bytes are too many at once: at most 1048576 ")
    );
    assert_eq!(page.state.draft.typed.text, big);
    page.act(Action::Target("udp".to_owned()));
    assert!(page.write(&"x".repeat(1_001)).is_empty());
    assert!(
        page.state
            .trouble
            .as_ref()
            .unwrap()
            .contains("one datagram")
    );
    page.act(Action::Hex(true));
    assert!(page.write("0g").is_empty());
    assert!(page.state.trouble.as_ref().unwrap().contains("'g'"));
    assert_eq!(page.state.wire.log.entries().count(), 0);
}

#[test]
fn what_has_no_credit_waits_and_goes_in_parts() {
    let mut page = Page::up();
    let id = page.connect("session");
    let said = page.write(&"x".repeat(5_000));
    let sent: usize = said
        .iter()
        .map(|it| match it {
            Said::Data(_, payload) => payload.len(),
            Said::Control(_) => 0,
        })
        .sum();
    assert!((2_000..3_000).contains(&sent));
    let waiting = page.state.active_socket().unwrap().view.waiting_bytes;
    assert_eq!(waiting as usize, 5_002 - sent);
    assert!(page.act(Action::ShutDown).is_empty());
    let said = page.hear(|seq| GatewayMessage::Credit {
        seq,
        socket: SocketId(id),
        bytes: 9_000,
    });
    assert!(matches!(
        said.last(),
        Some(Said::Control(ClientMessage::Shutdown { .. }))
    ));
}

#[test]
fn credit_is_given_back_at_half_of_the_window() {
    let mut page = Page::up();
    let id = page.connect("session");
    assert_eq!(page.data(id, 0, &[0; 40_000]), []);
    let said = page.data(id, 0, &[0; 40_000]);
    let credit = |it: &Said| {
        matches!(
            it,
            Said::Control(ClientMessage::Credit { bytes: 80_048, .. })
        )
    };
    assert!(said.iter().any(credit));
}

#[test]
fn a_link_that_is_gone_closes_its_sockets_and_marks_sends_whose_fate_is_unknown() {
    let mut page = Page::up();
    page.connect("session");
    page.write("lost");
    page.act(Action::Dropped(1006));
    assert!(page.state.way().is_err());
    page.act(Action::Retry);
    page.act(welcome("two", targets()));
    page.act(Action::Write("next".to_owned()));
    assert_eq!(page.act(Action::Submit), []);
    assert!(page.state.submit_due);
    let failed = GatewayMessage::ResumeFailed {
        detail: "The gateway was restarted.".to_owned(),
    };
    let said = page.act(Action::Text(failed.encode()));
    assert_eq!(
        page.words(),
        [
            "connecting",
            "connected",
            "sent?",
            "trouble",
            "trouble",
            "closed",
            "notice",
            "connecting",
            "sent"
        ]
    );
    assert_eq!(page.state.wire.sockets().count(), 1);
    assert!(
        !said
            .iter()
            .any(|it| matches!(it, Said::Data(_, data) if data.starts_with(b"lost")))
    );
}

#[test]
fn a_message_written_before_the_gateway_answers_goes_out_when_it_does() {
    let mut page = Page::new();
    page.act(Action::Start(
        Settings::default(),
        Address::read("#target=basic"),
    ));
    assert_eq!(page.write("early"), []);
    assert!(page.state.submit_due);
    let said = page.act(welcome("one", targets()));
    assert!(
        matches!(&said[0], Said::Control(ClientMessage::Open { target, .. }) if target == "basic")
    );
    assert_eq!(said[1], Said::Data(SocketId(1), "early\r\n".into()));
}

#[test]
fn a_gateway_without_targets_is_said_to_have_none() {
    let mut page = Page::new();
    page.act(Action::Start(Settings::default(), Address::default()));
    page.act(welcome("one", vec![]));
    assert!(page.state.way().unwrap_err().contains("no targets"));
    assert_eq!(page.act(Action::Hello), []);
    assert!(page.state.trouble.is_some());
}

#[test]
fn an_unknown_target_in_the_address_gives_way_to_one_there_is() {
    let mut page = Page::new();
    page.act(Action::Start(
        Settings::default(),
        Address::read("#target=gone"),
    ));
    page.act(welcome("one", targets()));
    assert_eq!(page.state.target, "line");
}

#[test]
fn no_more_sockets_are_opened_than_the_gateway_allows() {
    let mut page = Page::up();
    for _ in 0..3 {
        page.connect("session");
    }
    assert_eq!(page.act(Action::Connect), []);
    assert!(
        page.state
            .trouble
            .as_ref()
            .unwrap()
            .contains("as this gateway allows")
    );
}

#[test]
fn steps_walk_the_rows_that_are_shown() {
    let mut page = Page::up();
    page.act(Action::Hello);
    page.opened(1);
    let mut at = |step| {
        page.act(Action::Step(step));
        page.state.selected
    };
    assert_eq!(at(Step::By(-1)), Some(3));
    assert_eq!(at(Step::By(-1)), Some(2));
    assert_eq!(at(Step::First), Some(1));
    assert_eq!(at(Step::By(-1)), Some(1));
    assert_eq!(at(Step::By(99)), Some(3));
}

proptest! {
    #[test]
    fn no_order_of_actions_panics_or_sends_while_the_link_is_down(
        picks in prop::collection::vec((0usize..14, "[a-f0-9 ]{0,6}"), 0..60)
    ) {
        let mut page = Page::up();
        for (pick, text) in picks {
            let was_up = page.state.wire.link.is_up();
            let said = match pick {
                0 => page.act(Action::Hello),
                1 => page.act(Action::Connect),
                2 => page.write(&text),
                3 => page.act(Action::ShutDown),
                4 => page.act(Action::Close),
                5 => page.act(Action::Dropped(1006)),
                6 => page.act(Action::Retry),
                7 => page.act(welcome("x", targets())),
                8 => {
                    let seen = GatewayMessage::Resumed { seen: 0 };
                    page.act(Action::Text(seen.encode()))
                }
                9 => page.opened(page.state.wire.last_socket),
                10 => page.data(page.state.wire.last_socket, 0, text.as_bytes()),
                11 => page.eof(page.state.wire.last_socket),
                12 => page.closed(page.state.wire.last_socket),
                _ => page.act(Action::Hex(!page.state.draft.typed.hex)),
            };
            let waiting = matches!(page.state.wire.link.phase(), Phase::Waiting { .. });
            if !was_up && waiting {
                prop_assert_eq!(said, []);
            }
        }
    }
}

#[test]
fn sending_looks_at_what_comes_of_it_and_not_at_the_row_picked_before() {
    let mut page = Page::up();
    page.act(Action::Hello);
    page.opened(1);
    page.data(1, 0, b"[x]hello\r\n");
    page.eof(1);
    assert_eq!(page.state.look(), None);
    page.act(Action::Wake(Timer::Look));
    assert_eq!(page.state.look(), Some(4));
    page.act(Action::Select(2));
    assert_eq!(page.state.look(), Some(2));
    page.write("again");
    page.act(Action::Wake(Timer::Look));
    let sent = page.state.wire.log.get(page.state.look().unwrap()).unwrap();
    assert!(matches!(&sent.what, What::Sent { bytes, .. } if bytes == "again\r\n"));
    page.act(Action::Clear);
    assert_eq!(page.state.look(), None);
}

#[test]
fn what_waits_for_the_gateway_is_what_was_written_and_nothing_else() {
    let mut page = Page::up();
    page.write("old");
    page.act(Action::Dropped(1006));
    page.act(Action::Retry);
    for edit in [
        Action::Older,
        Action::Hex(false),
        Action::LineEnd(LineEnd::None),
        Action::Target("basic".to_owned()),
    ] {
        page.act(Action::Write("mine".to_owned()));
        page.act(Action::Submit);
        assert!(page.state.submit_due);
        page.act(edit);
        assert!(!page.state.submit_due);
    }
    page.act(Action::Resend("line".to_owned(), "x".into()));
    assert!(
        page.state
            .trouble
            .as_ref()
            .unwrap()
            .contains("Not connected")
    );
}

#[test]
fn hello_leaves_a_message_that_is_being_written_alone() {
    let mut page = Page::up();
    page.act(Action::LineEnd(LineEnd::None));
    page.act(Action::Write("half".to_owned()));
    let said = page.act(Action::Hello);
    assert_eq!(said[1], Said::Data(SocketId(1), "hello\r\n".into()));
    assert_eq!(page.state.draft.typed.text, "half");
    assert_eq!(page.state.draft.line_end, LineEnd::None);
}

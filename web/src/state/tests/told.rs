//! Faults, the kernel's view, and what is told of them and of what did not come back.

use super::*;

#[test]
fn faults_are_asked_for_with_a_socket_and_changed_on_the_one_that_is_picked() {
    let mut page = Page::up();
    let kind = |kind| {
        chalkwire_shared::fault::ABOUT
            .iter()
            .position(|it| it.kind == kind)
    };
    page.act(Action::Fault(Edit::Seed("7".to_owned())));
    page.act(Action::Fault(Edit::Add(kind("latency").unwrap())));
    page.act(Action::Fault(Edit::Add(kind("loss").unwrap())));
    page.act(Action::Target("session".to_owned()));
    let said = page.act(Action::Connect);
    let Some(Said::Control(ClientMessage::Open { faults, seed, .. })) = said.last() else {
        panic!("{said:?}")
    };
    assert_eq!(*seed, 7);
    // Loss is for datagrams, and this is a stream.
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].read().unwrap().kind(), "latency");
    page.opened(1);
    assert_eq!(page.state.made(SocketId(1)), "latency 200 ms");
    assert!(
        page.state
            .address()
            .write()
            .contains("fault=latency,ms=200")
    );

    let said = page.act(Action::Fault(Edit::Remove(0)));
    let Some(Said::Control(ClientMessage::Faults { faults, .. })) = said.last() else {
        panic!("{said:?}")
    };
    assert!(faults.is_empty());
    assert_eq!(page.state.made(SocketId(1)), "");
    // The log, and what is exported of it, says what was asked for.
    let entries = page.state.wire.log.entries();
    let notices = entries.filter_map(|it| match &it.what {
        What::Notice(text) => Some(text.as_str()),
        _ => None,
    });
    let records: Vec<&str> = notices.filter(|it| it.starts_with("Faults")).collect();
    let first = "Faults, made on purpose: latency,ms=200,jitter_ms=0 · seed 7";
    assert_eq!(records, [first, "Faults, made on purpose: none"]);
}

#[test]
fn the_faults_that_are_shown_are_the_picked_sockets() {
    let mut page = Page::up();
    let first = page.connect("session");
    page.act(Action::Socket(SocketId(first)));
    page.act(Action::Fault(Edit::Add(0)));
    let second = page.connect("basic");
    assert_eq!(page.state.made(SocketId(first)), "");
    assert_eq!(page.state.made(SocketId(second)), "latency 200 ms");
    page.act(Action::Socket(SocketId(first)));
    assert!(page.state.faults.list.is_empty());
    page.act(Action::Fault(Edit::Value(0, 0, "1".to_owned())));
    page.act(Action::Socket(SocketId(second)));
    assert_eq!(page.state.faults.list.len(), 1);
    page.act(Action::Fault(Edit::Value(0, 0, "-1".to_owned())));
    assert!(page.state.fault_trouble.is_some());
    page.act(Action::Fault(Edit::Value(0, 0, "1".to_owned())));
    assert_eq!(page.state.fault_trouble, None);
}

#[test]
fn the_kernel_is_asked_about_sockets_once_somebody_wanted_to_see_it() {
    let mut page = Page::up();
    let asked = |said: Vec<Said>| match said.last() {
        Some(Said::Control(ClientMessage::Open { kernel, .. })) => *kernel,
        _ => panic!("{said:?}"),
    };
    page.act(Action::Target("session".to_owned()));
    assert!(!asked(page.act(Action::Connect)));
    page.act(Action::Shows(Shows::Kernel));
    page.act(Action::Shows(Shows::Sequence));
    assert!(asked(page.act(Action::Connect)));
}

#[test]
fn the_same_news_is_told_twice() {
    let mut page = Page::up();
    let mut told = |id: u32| {
        page.write("hello");
        page.hear(|seq| GatewayMessage::Closed {
            seq,
            socket: SocketId(id),
            reason: Reason::Refused,
            detail: "Nothing listens there.".to_owned(),
            clock_us: 13,
        });
        page.act(Action::Wake(Timer::News));
        page.state.told.clone()
    };
    let (first, second) = (told(1), told(2));
    assert_eq!(first.text, second.text);
    assert_ne!(first.no, second.no);
}

fn notices(page: &Page) -> Vec<String> {
    let entries = page.state.wire.log.entries();
    let notices = entries.filter_map(|it| match &it.what {
        What::Notice(text) => Some(text.clone()),
        _ => None,
    });
    notices.collect()
}

fn add(kind: &str) -> Action {
    let abouts = &chalkwire_shared::fault::ABOUT;
    let at = abouts.iter().position(|it| it.kind == kind);
    Action::Fault(Edit::Add(at.unwrap()))
}

#[test]
fn why_nothing_came_back_is_said_as_far_as_it_is_known() {
    let mut page = Page::up();
    let mut nothing = |faults: Option<Action>, written: bool| {
        let id = page.state.wire.last_socket + 1;
        faults.into_iter().for_each(|it| drop(page.act(it)));
        page.act(Action::Target("session".to_owned()));
        page.write("hello");
        page.opened(id);
        if written {
            page.hear(|seq| GatewayMessage::Wrote {
                seq,
                socket: SocketId(id),
                bytes: 7,
                clock_us: 10,
            });
        }
        page.act(Action::Wake(Timer::NoReply(SocketId(id))));
        notices(&page).pop().unwrap()
    };
    let delivered = nothing(None, true);
    assert!(delivered.contains("were delivered"), "{delivered}");
    let waits = nothing(None, false);
    assert!(waits.contains("not written yet"), "{waits}");
    let lost = nothing(Some(add("black_hole")), true);
    assert!(
        lost.contains("on purpose: black hole") && !lost.contains("delivered"),
        "{lost}"
    );
}

#[test]
fn a_reply_that_is_held_back_on_purpose_is_waited_for() {
    let mut page = Page::up();
    page.act(add("slow_close"));
    page.act(Action::Target("session".to_owned()));
    page.write("hello");
    page.opened(1);
    page.data(1, 0, b"[x]hello\r\n");
    let mut quiet = |ms| {
        let later = Now {
            ms: NOW.ms + ms,
            ..NOW
        };
        page.state
            .apply(Action::Wake(Timer::Quiet(SocketId(1))), later)
    };
    assert!(matches!(quiet(300.0)[..], [Effect::Wake(_, left)] if left == 950.0));
    assert!(
        quiet(1_250.0)
            .iter()
            .any(|it| matches!(it, Effect::Text(text) if text.contains("close")))
    );
    let said = notices(&page).pop().unwrap();
    assert!(said.contains("the page stops waiting"), "{said}");
}

//! The kernel's view of a socket, from its connecting until after its end.

use chalkwire_shared::id::SocketId;
use chalkwire_shared::kernel::{End, State, View};
use chalkwire_shared::message::{GatewayMessage, NoticeKind};
use chalkwire_shared::server::{Protocol, ServerDid, ServerOptions};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::target;
use chalkwire_tests::timestamp::assert_stamp;

/// Reads on until the kernel has this end of the socket so; what it was before is passed over.
async fn until(
    link: &mut Link,
    expected: SocketId,
    expected_end: End,
    is_so: impl Fn(Option<&View>) -> bool,
) -> Option<View> {
    loop {
        match link.observed().await {
            GatewayMessage::Kernel {
                socket, end, view, ..
            } => {
                // One that has ended is told of for another second.
                if (socket, end) == (expected, expected_end) && is_so(view.as_ref()) {
                    return view;
                }
            }
            other => panic!("not the kernel's view but {other:?}"),
        }
    }
}

async fn until_state(link: &mut Link, socket: SocketId, end: End, state: State) -> View {
    let is_so = |view: Option<&View>| view.is_some_and(|view| view.state == state);
    until(link, socket, end, is_so).await.expect("a view")
}

#[tokio::test]
async fn a_connections_states_are_seen_at_both_ends_until_after_its_end() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_watched("basic", false, true).await;
    let listener = until_state(&mut link, socket, End::Listener, State::Listen).await;
    assert_eq!(listener.send_queue, Some(128));
    let ours = until_state(&mut link, socket, End::Gateway, State::Established).await;
    assert!(ours.rtt_us.is_some_and(|us| us > 0), "{ours:?}");
    assert_eq!(ours.retransmits, Some(0));
    until_state(&mut link, socket, End::Server, State::Established).await;
    link.expect_opened(socket).await;
    link.send(socket, b"hello").await;
    assert_stamp(&link.expect_data(socket).await.payload, b"hello");
    // The server is done and has closed; we have not.
    link.expect_eof(socket).await;
    until_state(&mut link, socket, End::Gateway, State::CloseWait).await;
    until_state(&mut link, socket, End::Server, State::FinWait2).await;
    link.shutdown(socket).await;
    link.expect_closed(socket).await;
    assert_eq!(
        until(&mut link, socket, End::Gateway, |view| view.is_none()).await,
        None
    );
    until_state(&mut link, socket, End::Server, State::TimeWait).await;
}

#[tokio::test]
async fn queues_are_seen_to_grow_where_a_server_is_busy_with_somebody_else() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    // Accepted, and silent: nobody else is served for 5 s.
    let busy = link.open_watched("iterative", true, false).await;
    link.expect_opened(busy).await;
    assert!(matches!(
        link.observed().await,
        GatewayMessage::Server { .. }
    ));
    let socket = link.open_watched("iterative", false, true).await;
    link.expect_opened(socket).await;
    link.send(socket, b"unread").await;
    let waits = |view: Option<&View>| view.is_some_and(|view| view.recv_queue == Some(6));
    until(&mut link, socket, End::Server, waits).await;
    link.close(socket).await;
}

#[tokio::test]
async fn what_a_late_server_has_not_received_waits_in_its_queue_and_is_then_cut_as_it_receives() {
    let gateway = Setup::default().start().await;
    let mut link = Link::connect(gateway.address()).await;
    let late = ServerOptions {
        protocol: Protocol::Line,
        late_ms: 200,
        ..ServerOptions::default()
    };
    let server = link.serving(late).await;
    let socket = link.open_watched(&server, true, true).await;
    link.expect_opened(socket).await;
    let mut line = vec![b'x'; 2_999];
    line.push(b'\n');
    link.send(socket, &line).await;
    let (mut most, mut received) = (0, Vec::new());
    while received.iter().sum::<u32>() < 3_000 {
        match link.observed().await {
            GatewayMessage::Kernel {
                end: End::Server,
                view: Some(view),
                ..
            } => most = most.max(view.recv_queue.unwrap_or(0)),
            GatewayMessage::Server {
                did: ServerDid::Recv { bytes },
                ..
            } => received.push(bytes),
            _ => {}
        }
    }
    assert_eq!((most, &received[..]), (3_000, &[1_024, 1_024, 952][..]));
}

#[tokio::test]
async fn a_connect_that_hangs_is_syn_sent_before_a_full_accept_queue() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    // One is served, and a backlog of 5 takes 6.
    for _ in 0..7 {
        link.opened("iterative").await;
    }
    let socket = link.open_watched("iterative", false, true).await;
    let ours = until_state(&mut link, socket, End::Gateway, State::SynSent).await;
    assert_eq!(ours.rtt_us, None);
    link.close(socket).await;
    link.expect_closed(socket).await;
    until(&mut link, socket, End::Gateway, |view| view.is_none()).await;
    let other = link.open_watched("iterative", false, true).await;
    let listener = until_state(&mut link, other, End::Listener, State::Listen).await;
    let queue = (listener.recv_queue, listener.send_queue);
    assert_eq!(queue, (Some(6), Some(5)));
}

#[tokio::test]
async fn unix_and_udp_sockets_are_seen_as_far_as_the_kernel_tells() {
    let gateway = Setup::default().builtin().start().await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_watched("unix", false, true).await;
    let listener = until_state(&mut link, socket, End::Listener, State::Listen).await;
    assert_eq!((listener.send_queue, listener.rtt_us), (Some(5), None));
    until_state(&mut link, socket, End::Gateway, State::Established).await;
    until_state(&mut link, socket, End::Server, State::Established).await;
    link.close(socket).await;
    until(&mut link, socket, End::Gateway, |view| view.is_none()).await;

    let socket = link.open_watched("udp", false, true).await;
    until_state(&mut link, socket, End::Gateway, State::Established).await;
    until_state(&mut link, socket, End::Server, State::Close).await;
    link.close(socket).await;
    until(&mut link, socket, End::Gateway, |view| view.is_none()).await;

    let socket = link.open_watched("unixgram", false, true).await;
    until_state(&mut link, socket, End::Gateway, State::Established).await;
}

/// The notice that says why there is no view.
async fn why_not(link: &mut Link, socket: SocketId) -> String {
    match link.event(socket).await {
        Event::Told(GatewayMessage::Notice { kind, detail, .. }) => {
            assert_eq!(kind, NoticeKind::NoKernelView);
            detail
        }
        other => panic!("no notice but {other:?}"),
    }
}

#[tokio::test]
async fn a_foreign_target_is_not_looked_at_and_a_sentence_says_so() {
    let echo = target::Target::echo().await;
    let setup = Setup::default().target("t", &echo.url);
    let gateway = setup.start().await;
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_watched("t", false, true).await;
    let detail = why_not(&mut link, socket).await;
    assert_eq!(
        detail,
        "The kernel's view is shown for the gateway's own servers only."
    );
    link.expect_opened(socket).await;
    link.send(socket, b"still served").await;
    assert_eq!(link.expect_bytes(socket, 12).await, b"still served");
}

#[tokio::test]
async fn only_so_many_are_watched_at_once_and_the_next_one_is_told() {
    let gateway = Setup::default().builtin().start().await;
    let mut first = Link::connect(gateway.address()).await;
    for _ in 0..64 {
        let socket = first.open_watched("session", false, true).await;
        first.expect_opened(socket).await;
    }
    let mut link = Link::connect(gateway.address()).await;
    let socket = link.open_watched("session", false, true).await;
    assert!(
        why_not(&mut link, socket)
            .await
            .contains("64 sockets at once")
    );
    link.expect_opened(socket).await;
    link.send(socket, b"hi\n").await;
    assert_stamp(&link.expect_data(socket).await.payload, b"hi\n");
}

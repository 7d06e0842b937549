//! A socket by hand: connect, send, shut down, close; and how it ends otherwise.

use std::sync::Arc;

use chalkwire_tests::browser::{Page, Size, browse};
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::target::closed_port;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::{Ear, url};

/// Which of the buttons for a socket can be pressed.
async fn verbs(page: &Page, send: bool, shut_down: bool, close: bool) {
    page.until_enabled("Send", send).await;
    page.until_enabled("Shut down", shut_down).await;
    page.until_enabled("Close", close).await;
}

/// Waits until the list of open sockets says this.
async fn sockets(page: &Page, says: &str) {
    let list = "return document.querySelector('.sockets').textContent.includes(arguments[0])";
    page.until(&format!("open sockets: {says:?}"), list, [says].into())
        .await;
}

#[tokio::test]
async fn a_session_goes_from_connect_to_a_late_reply_and_both_fins() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "session").await;
        verbs(page, true, false, false).await;
        page.press("Connect").await;
        page.row("connected", "127.0.0.1:").await;
        verbs(page, true, true, true).await;
        sockets(page, "s1 → session").await;
        for line in ["one", "two"] {
            page.send(line).await;
            page.row("received", &format!("]{line}CRLF")).await;
        }
        sockets(page, "2 sent · 2 received").await;
        // Half a line is not answered before the server knows that no more of it will come.
        page.choose("Line end", "none").await;
        page.send("late").await;
        page.press("Shut down").await;
        page.row("shut down", "FIN").await;
        page.row("received", "]late").await;
        page.row("end of data", "it has nothing more to say").await;
        let closed = page
            .row("closed", "both sides said that they were done")
            .await;
        assert!(!closed.error, "{closed:?}");
        verbs(page, true, false, false).await;
        sockets(page, "None").await;
    })
    .await;
}

#[tokio::test]
async fn while_our_side_is_shut_down_the_other_may_still_speak() {
    let go = Arc::new(Notify::new());
    let late = go.clone();
    let mut ear = Ear::with(move |mut stream, tell| {
        let late = late.clone();
        async move {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            let _ = tell.send(all).await;
            late.notified().await;
            let _ = stream.write_all(b"late, but here").await;
        }
    })
    .await;
    let gateway = Gateway::with_target("patient", &ear.target.url).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.press("Connect").await;
        page.send("all of it").await;
        page.press("Shut down").await;
        assert_eq!(ear.heard().await, b"all of it\r\n");
        verbs(page, false, false, true).await;
        sockets(page, "shut down").await;
        let send = page.find("button", "Send").await;
        let why = send.attr("title").await.unwrap().unwrap_or_default();
        assert!(why.contains("side is shut down"), "{why}");
        go.notify_one();
        page.row("received", "late, but here").await;
        page.row("closed", "both sides").await;
        verbs(page, true, false, false).await;
    })
    .await;
}

#[tokio::test]
async fn a_half_close_by_the_server_is_shown_and_we_may_still_send() {
    let mut ear = Ear::with(|mut stream, tell| async move {
        let _ = stream.write_all(b"bye").await;
        let _ = stream.shutdown().await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        let _ = tell.send(all).await;
    })
    .await;
    let gateway = Gateway::with_target("terse", &ear.target.url).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.press("Connect").await;
        page.row("received", "bye").await;
        page.row("end of data", "The server shut down its side (FIN)")
            .await;
        sockets(page, "peer is done").await;
        verbs(page, true, true, true).await;
        page.send("still here").await;
        page.press("Shut down").await;
        assert_eq!(ear.heard().await, b"still here\r\n");
        page.row("closed", "both sides").await;
    })
    .await;
}

#[tokio::test]
async fn close_closes_a_socket_in_the_middle() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "session").await;
        page.press("Connect").await;
        page.row("connected", "").await;
        page.press("Close").await;
        let closed = page.row("closed", "Closed by you").await;
        assert!(!closed.error, "{closed:?}");
        verbs(page, true, false, false).await;
    })
    .await;
}

#[tokio::test]
async fn an_empty_datagram_goes_out_and_is_answered() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "udp").await;
        page.choose("Line end", "none").await;
        page.press("Send").await;
        assert_eq!(page.row("sent", "").await.figure, "0 B");
        let reply = page.row("received", "[").await;
        assert!(reply.what.ends_with(']'), "{reply:?}");
        assert_eq!(reply.figure, "26 B");
    })
    .await;
}

#[tokio::test]
async fn a_refused_connection_is_an_error_with_a_sentence() {
    let closed = format!("tcp://{}", closed_port());
    let gateway = Gateway::with_target("closed", &closed).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.send("anybody there?").await;
        let refused = page.row("refused", "nothing listens there").await;
        assert!(refused.error, "{refused:?}");
        assert!(
            refused
                .what
                .starts_with("Connection refused: the machine answered")
        );
        verbs(page, true, false, false).await;
    })
    .await;
}

#[tokio::test]
async fn a_fault_of_the_lab_holds_a_line_back_and_stands_in_the_address_and_at_the_socket() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "session").await;
        page.js("document.querySelector('.faults').open = true", json!([]))
            .await;
        page.choose("Add a fault", "Latency").await;
        page.choose("Which way", "to the server").await;
        page.press("Connect").await;
        page.row("connected", "").await;
        page.send("later").await;
        page.row("made", "for 200 ms, to the server").await;
        let badge = "return document.querySelector('.side .made')?.innerText";
        let badge = page.until("the badge at the socket", badge, json!([])).await;
        assert_eq!(badge, "✂ latency 200 ms");
        let address = page.address().await;
        assert!(
            address.contains("fault=latency,direction=to_target,ms=200"),
            "{address}"
        );
        page.picture("wide-faults").await;
        // From now on without: of the open socket as well.
        page.press("Remove").await;
        page.send("at once").await;
        page.row("received", "]at once").await;
        let badge = "return !document.querySelector('.side .made')";
        page.until("the badge to go", badge, json!([])).await;

        // What was not asked for is not there; from here on the kernel is asked.
        page.press("Kernel").await;
        page.press("Connect").await;
        page.send("seen").await;
        page.row("received", "]seen").await;
        let drawn = "return document.querySelector('.picture .pic-svg')?.textContent.includes('ESTABLISHED')";
        page.until("the kernel's view", drawn, json!([])).await;
        page.picture("wide-kernel").await;
    })
    .await;
}

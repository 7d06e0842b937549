//! What becomes of the page when the way to the gateway, or the gateway, goes away.

use std::time::Duration;

use chalkwire_tests::browser::{Key, Page, Size, browse};
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::relay::Relay;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Ear, url};

/// What a browser says of a WebSocket that does not come about, or breaks.
const BROKEN: &str = "WebSocket connection to";

#[tokio::test]
async fn a_killed_gateway_is_found_again_and_the_page_says_what_became_of_the_sockets() {
    let mut gateway = Setup::default().builtin().start().await;
    let address = gateway.address();
    let url = url(&gateway);
    browse(&url, Size::WIDE, async move |page| {
        page.expect_error(BROKEN);
        // Away for long, it is looked for over HTTP, too.
        page.expect_error("/sse/chalkwire.v1");
        page.choose("Target", "session").await;
        page.press("Connect").await;
        page.send("before").await;
        page.row("received", "]before").await;

        gateway.program.signal(Signal::KILL);
        gateway.program.ended().await;
        page.connection("retrying").await;
        page.until_enabled("Send", false).await;
        page.find("button", "Now").await;
        page.picture("wide-retrying").await;

        let setup = Setup::default().builtin().listen(address);
        let gateway = setup.start().await;
        page.connection("Connected").await;
        let closed = page.row("closed", "").await;
        assert!(
            closed.error,
            "a socket that is lost is no good end: {closed:?}"
        );
        page.row("notice", "with a new link").await;
        page.until_enabled("Send", true).await;
        page.until_enabled("Close", false).await;
        page.send("after").await;
        page.row("received", "]after").await;
        drop(gateway);
        page.connection("retrying").await;
    })
    .await;
}

/// The payload of every exported entry of a kind, put together.
async fn exported(page: &Page, what: &str) -> String {
    page.press("Export").await;
    page.press("JSON").await;
    let log: Value = serde_json::from_str(&page.downloaded(".json").await).unwrap();
    let entries = log["entries"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry["what"] == what)
        .map(|entry| entry["text"].as_str().expect("text"))
        .collect()
}

/// Waits until the filtered log tells of so many times that the link was resumed.
async fn resumed(page: &Page, times: u64) {
    let count = "return document.querySelectorAll('[role=option]').length === arguments[0]";
    page.until(&format!("{times} × resumed"), count, json!([times]))
        .await;
    page.connection("Connected").await;
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_is_resumed_with_nothing_lost_and_nothing_twice() {
    const LINES: usize = 300;
    let mut ear = Ear::with(|stream, tell| async move {
        let (mut reads, mut writes) = stream.into_split();
        let count = async {
            for line in 0..LINES {
                let text = format!("line {line:03}\n");
                if writes.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let _ = writes.shutdown().await;
        };
        let hear = async {
            let mut all = Vec::new();
            let _ = reads.read_to_end(&mut all).await;
            let _ = tell.send(all).await;
        };
        tokio::join!(count, hear);
    })
    .await;
    let gateway = Gateway::with_target("counts", &ear.target.url).await;
    let relay = Relay::to(gateway.address()).await;
    let url = format!("http://{}/", relay.address);
    browse(&url, Size::WIDE, async |page| {
        page.expect_error(BROKEN);
        page.press("Connect").await;
        // Lines come together as TCP has it, and pass by: any one past the twentieth will do.
        let some = r"
            const lines = document.querySelector('[role=listbox]')?.textContent ?? '';
            return [...lines.matchAll(/line (\d+)/g)].some(it => +it[1] >= 20)";
        page.until("twenty lines", some, json!([])).await;
        page.send("just before").await;
        // Of the rows only those in sight are drawn, and these would pass by.
        let filter = page.find("searchbox", "Filter").await;
        filter.send_keys("taken up where it was").await.unwrap();
        relay.cut();
        resumed(page, 1).await;
        page.send("after").await;
        relay.cut();
        resumed(page, 2).await;
        // The driver's own way to clear a field is no input, as far as the page can hear.
        let all_away = [
            Key::Control.into(),
            'a',
            Key::Null.into(),
            Key::Backspace.into(),
        ];
        filter
            .send_keys(&String::from_iter(all_away))
            .await
            .unwrap();
        page.row("end of data", "").await;
        page.press("Shut down").await;
        page.row("closed", "both sides").await;

        let wanted: String = (0..LINES).map(|line| format!("line {line:03}\n")).collect();
        assert_eq!(exported(page, "received").await, wanted);
        assert_eq!(ear.heard().await, b"just before\r\nafter\r\n");
        assert_eq!(exported(page, "sent").await, "just before\r\nafter\r\n");
    })
    .await;
}

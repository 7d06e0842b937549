//! A page on a network that lets no WebSocket pass: the same over HTTP, and it says so.

use chalkwire_tests::browser::{Page, Size, browse};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::relay::Relay;
use serde_json::json;

use super::experiments::run;
use super::url;

/// What a browser says of a WebSocket that does not come about.
const BROKEN: &str = "WebSocket connection to";

/// What the status says where WebSockets are blocked.
const BLOCKED: &str = "Connected over HTTP, because WebSockets are blocked here";

/// Where events come from, and POSTs go.
const PATH: &str = "/sse/chalkwire.v1";

/// Presses “Now”, where it is: it comes and goes as the page tries.
const NOW: &str = "document.querySelector('.status + button')?.click();";

/// One exchange by hand, with a half-close, and one datagram.
async fn exchanges(page: &Page) {
    page.choose("Target", "session").await;
    page.press("Connect").await;
    page.send("over HTTP").await;
    page.row("received", "]over HTTP").await;
    page.press("Shut down").await;
    page.row("closed", "both sides").await;
    page.choose("Target", "udp").await;
    page.send("in a datagram").await;
    page.row("received", "]in a datagram").await;
}

/// How often the page asked for a path of the gateway.
async fn asked(page: &Page, path: &str) -> f64 {
    let count = "return performance.getEntriesByType('resource')
        .filter(it => it.name.endsWith(arguments[0])).length";
    page.js(count, json!([path])).await.as_f64().unwrap()
}

#[tokio::test]
async fn a_page_that_is_forced_to_goes_over_http() {
    let gateway = Setup::default().builtin().start().await;
    let url = format!("{}?transport=sse", url(&gateway));
    browse(&url, Size::WIDE, async |page| {
        page.connection("Connected over HTTP").await;
        exchanges(page).await;
        assert!(asked(page, PATH).await > 2.0, "POSTs");
        // The experiments, too, and their bytes come as they are.
        page.go(&format!("{url}#/experiments/stream")).await;
        page.connection("Connected over HTTP").await;
        let found = run(page).await;
        assert!(found.contains("1024 + 1024 + 952"), "{found}");
        // Who leaves the page says so: nothing is kept.
        page.go("about:blank").await;
        gateway.metric_is("links", 0).await;
    })
    .await;
}

#[tokio::test]
async fn where_websockets_are_blocked_the_page_goes_over_http_by_itself_and_says_so() {
    let gateway = Setup::default().builtin().start().await;
    let relay = Relay::without_websockets(gateway.address()).await;
    let url = format!("http://{}/", relay.address);
    browse(&url, Size::WIDE, async |page| {
        page.expect_error(BROKEN);
        page.connection(BLOCKED).await;
        assert_eq!(relay.refused(), 3, "three tries");
        page.picture("wide-over-http").await;
        exchanges(page).await;
        page.expect_error(PATH);
        // A cut is resumed, the same way and without another try of a WebSocket.
        page.press("Connect").await;
        page.until_enabled("Close", true).await;
        relay.cut();
        page.row("notice", "taken up where it was").await;
        page.connection(BLOCKED).await;
        page.send("still there").await;
        page.row("received", "]still there").await;
        assert_eq!(relay.refused(), 3, "no fourth try");
        page.resize(Size::PHONE).await;
        page.picture("phone-over-http").await;
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_was_away_for_long_is_no_network_that_blocks() {
    let mut gateway = Setup::default().builtin().start().await;
    let address = gateway.address();
    let url = url(&gateway);
    browse(&url, Size::WIDE, async move |page| {
        page.expect_error(BROKEN);
        page.expect_error("ERR_CONNECTION_REFUSED");
        page.connection("WebSocket").await;
        gateway.program.signal(rustix::process::Signal::KILL);
        gateway.program.ended().await;
        page.connection("retrying").await;
        // “Now”, until it has tried the other way.
        let tried = format!(
            "{NOW} return performance.getEntriesByType('resource')
            .some(it => it.name.endsWith(arguments[0]))"
        );
        page.until("the other way to be tried", &tried, json!([PATH]))
            .await;
        let _gateway = Setup::default().builtin().listen(address).start().await;
        let back = format!(
            "{NOW} return document.querySelector('.status').innerText.includes('· WebSocket')"
        );
        page.until("a WebSocket", &back, json!([])).await;
    })
    .await;
}

//! The page in its places: an address to pass on, two tabs, a network that may be in the way.

use chalkwire_tests::browser::{Page, Size, browse};
use chalkwire_tests::gateway::Setup;
use rustix::process::Signal;
use serde_json::json;

use super::url;

/// What a combobox shows.
async fn chosen(page: &Page, combobox: &str) -> String {
    let select = page.find("combobox", combobox).await;
    let value = select.prop("value").await.unwrap();
    value.unwrap_or_default()
}

#[tokio::test]
async fn the_address_keeps_target_and_views_and_never_what_is_written() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "udp").await;
        page.choose("Line end", "none").await;
        page.choose("Bytes as", "Hex").await;
        page.write("a secret").await;
        let address = page.address().await;
        assert!(address.contains("target=udp"), "{address}");
        assert!(!address.contains("secret"), "{address}");
        page.press("Send").await;
        page.row("received", "").await;

        page.reload().await;
        page.connection("Connected").await;
        assert_eq!(page.address().await, address);
        assert_eq!(chosen(page, "Target").await, "udp");
        assert_eq!(chosen(page, "Line end").await, "none");
        assert_eq!(chosen(page, "Bytes as").await, "Hex");
        // Nothing of it is kept in the browser either.
        let kept =
            "return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])";
        let kept = page.js(kept, json!([])).await.to_string();
        assert!(!kept.contains("secret"), "{kept}");
        page.send("again").await;
        page.row("received", "61 67 61 69 6e").await;
    })
    .await;
}

#[tokio::test]
async fn two_tabs_do_not_disturb_each_other() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        let one = page.client().window().await.unwrap();
        let two = page.client().new_window(true).await.unwrap().handle;
        let to = async |tab: &fantoccini::wd::WindowHandle| {
            page.client().switch_to_window(tab.clone()).await.unwrap();
        };
        to(&two).await;
        page.go(&url(&gateway)).await;
        for (tab, name) in [(&one, "one"), (&two, "two")] {
            to(tab).await;
            page.choose("Target", "session").await;
            page.press("Connect").await;
            page.row("connected", "").await;
            page.send(&format!("from {name}")).await;
        }
        for (tab, name, other) in [(&one, "one", "two"), (&two, "two", "one")] {
            to(tab).await;
            page.row("received", &format!("]from {name}")).await;
            let rows = page.rows().await;
            assert!(rows.iter().all(|row| !row.what.contains(other)), "{rows:?}");
        }
        // A tab that goes takes nothing with it.
        to(&two).await;
        page.client().close_window().await.unwrap();
        to(&one).await;
        page.send("alone").await;
        page.row("received", "]alone").await;
    })
    .await;
}

#[tokio::test]
async fn the_connection_test_gives_a_verdict_and_a_report() {
    let mut gateway = Setup::default().builtin().start().await;
    let url = url(&gateway);
    browse(&url, Size::WIDE, async move |page| {
        page.press("Connection test").await;
        let dialog = page.find("dialog", "Connection test").await;
        page.press_in(&dialog, "Test the connection").await;
        // It listens to a silence of six seconds, too.
        let verdict = "return document.querySelector('dialog .probe-verdict.works')?.innerText";
        let verdict = page.until("a good verdict", verdict, json!([])).await;
        let report = page.find_in(&dialog, "group", "Report").await;
        let report = report.text().await.unwrap();
        assert!(report.starts_with("Chalkwire connection test"), "{report}");
        assert!(
            report.contains(verdict.as_str().unwrap()),
            "{verdict}: {report}"
        );
        page.picture("wide-connection-test-works").await;

        page.expect_error("WebSocket connection to");
        page.expect_error("net::ERR_");
        gateway.program.signal(Signal::KILL);
        gateway.program.ended().await;
        page.press_in(&dialog, "Test again").await;
        let verdict = "return document.querySelector('dialog .probe-verdict.fails')?.innerText";
        let verdict = page.until("a bad verdict", verdict, json!([])).await;
        let verdict = verdict.as_str().unwrap();
        assert!(verdict.contains("the gateway does not answer"), "{verdict}");
        page.picture("wide-connection-test-fails").await;
        page.press_in(&dialog, "Done").await;
        page.gone("dialog", "Connection test").await;
    })
    .await;
}

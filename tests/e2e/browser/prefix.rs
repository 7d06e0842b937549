//! The page under a path prefix, by a proxy that nobody here wrote.

use chalkwire_tests::browser::{Size, browse};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::nginx::{Nginx, Prefix};
use serde_json::json;

#[tokio::test]
async fn under_a_prefix_the_page_sends_and_opens_the_experiments() {
    let nginx = Nginx::before(Setup::default().builtin(), Prefix::LeftOn).await;
    let url = format!("http://{}/wire/", nginx.address);
    browse(&url, Size::WIDE, async |page| {
        page.connection("Connected").await;
        page.press("Send “hello” to line").await;
        page.row("received", "]hello").await;
        let experiments = page.find("link", "Experiments").await;
        experiments.click().await.unwrap();
        page.find("link", "2 · A stream has no boundaries").await;
        // Its program has a link of its own.
        let title = "return document.querySelectorAll('.exp-card').length === 15";
        page.until("the experiments", title, json!([])).await;
        assert_eq!(page.address().await, format!("{url}#/experiments"));
    })
    .await;
}

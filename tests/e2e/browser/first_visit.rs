//! The first visit: one sentence, one button, a reply.

use chalkwire_tests::browser::{Size, browse, measured};
use chalkwire_tests::gateway::Setup;
use serde_json::json;

use super::url;

/// Notes when a button is pressed, and when a reply is drawn after it was.
const WATCH: &str = r"
window.watched = {};
addEventListener('click', () => { watched.pressed ??= performance.now(); }, { capture: true });
const watch = () => {
  if (document.querySelector('.row .word.received')) watched.replied = performance.now();
  else requestAnimationFrame(watch);
};
requestAnimationFrame(watch);
";

#[tokio::test]
async fn a_first_visit_has_one_sentence_one_button_and_a_reply() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.js(WATCH, json!([])).await;
        page.connection("Connected").await;
        let log = page.find("region", "Log").await;
        let says = log.text().await.unwrap();
        assert!(
            says.contains("sends what you type over a real socket"),
            "{says}"
        );
        page.picture("wide-first").await;

        page.press_in(&log, "Send “hello” to line").await;
        let reply = page.row("received", "]hello").await;
        assert!(reply.what.starts_with('['), "{reply:?}");
        page.connection("Connected").await;
        for word in ["connected", "sent", "end of data", "closed"] {
            page.row(word, "").await;
        }

        let done = "return window.watched.replied && window.watched";
        let watched = page.until("a reply to be drawn", done, json!([])).await;
        let ms = |name: &str| watched[name].as_f64().unwrap_or(f64::NAN);
        measured(&format!(
            "first visit: from press to reply drawn {:.0} ms",
            ms("replied") - ms("pressed"),
        ));
    })
    .await;
}

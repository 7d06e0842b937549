//! The first visit: one sentence, one button, a reply.

use chalkwire_tests::browser::{Size, browse, measured};
use chalkwire_tests::gateway::Setup;
use serde_json::json;

use super::url;

/// What the first view may weigh on the wire, in bytes.
const BUDGET_BYTES: f64 = 250_000.0;

/// Notes when a button can be pressed that sends, and when a reply is drawn after it was.
const WATCH: &str = r#"
window.watched = {};
const watch = () => {
  const it = window.watched;
  const sends = document.querySelector('.first button, form button[type=submit]');
  if (!it.usable && sends && !sends.disabled) {
    it.usable = performance.now();
    addEventListener('click', () => { it.pressed ??= performance.now(); }, { capture: true });
  }
  if (it.pressed && document.querySelector('.row .word.received')) it.replied = performance.now();
  else requestAnimationFrame(watch);
};
requestAnimationFrame(watch);
"#;

#[tokio::test]
async fn a_first_visit_has_one_sentence_one_button_and_a_reply() {
    let gateway = Setup::default().builtin().start().await;
    browse("about:blank", Size::WIDE, async |page| {
        let watch = json!({ "source": WATCH });
        page.devtools("Page.addScriptToEvaluateOnNewDocument", watch)
            .await;
        page.go(&url(&gateway)).await;
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
        let weight = r"
            return ['navigation', 'resource'].flatMap(it => performance.getEntriesByType(it))
                .map(it => it.transferSize)";
        let sizes = page.js(weight, json!([])).await;
        let sizes: Vec<f64> = serde_json::from_value(sizes).unwrap();
        let total: f64 = sizes.iter().sum();
        measured(&format!(
            "first visit: {:.1} KB in {} responses, Send usable after {:.0} ms, \
             from press to reply drawn {:.0} ms",
            total / 1000.0,
            sizes.len(),
            ms("usable"),
            ms("replied") - ms("pressed"),
        ));
        assert!(sizes.len() >= 4 && total > 50_000.0, "{sizes:?}");
        assert!(total <= BUDGET_BYTES, "{total} B: {sizes:?}");
    })
    .await;
}

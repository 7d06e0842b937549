//! Whatever comes from the wire is shown as text, and does nothing.

use chalkwire_tests::browser::{Page, Size, browse};
use chalkwire_tests::gateway::Setup;
use serde_json::{Value, json};

use super::{says, url};

/// Markup that would act, text that would turn round what stands beside it, and control bytes.
const HOSTILE: &[u8] = "<img src=x onerror=\"document.title='owned'\"><script>document.title=\
    'owned'</script><svg onload=alert(1)></textarea><style>*{display:none}</style>\
    \u{202e}desrever\u{2066}\0\x1b[31m\x07\r\n"
    .as_bytes();

/// What would be there if any of it were taken for markup.
const MADE: &str = r"
return {
  title: document.title,
  images: document.images.length,
  scripts: document.body.querySelectorAll('script:not([integrity])').length,
  styles: document.body.querySelectorAll('style, svg[onload]').length,
  raw: /[\u202e\u2066\u0000\u001b\u0007]/.test(document.body.innerText),
};";

async fn made(page: &Page) -> Value {
    page.js(MADE, json!([])).await
}

#[tokio::test]
async fn a_script_in_a_payload_is_shown_as_text_and_never_runs() {
    let target = says(HOSTILE).await;
    let gateway = Setup::default()
        .target("hostile", &target.url)
        .start()
        .await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        let before = made(page).await;
        assert_eq!(before["images"], 0);
        page.send("<img src=x onerror=alert(1)>").await;
        let reply = page.row("received", "<img src=x onerror=").await;
        for shown in ["<script>", "U+202E", "U+2066", "NUL", "ESC", "BEL"] {
            assert!(reply.what.contains(shown), "{shown} in {}", reply.what);
        }
        page.row("sent", "<img src=x onerror=alert(1)>").await;
        page.row("closed", "").await;
        page.pick("received", "<script>").await;
        let details = page.find("complementary", "Details").await;
        for view in ["Text", "Escaped", "Fields", "Hex"] {
            page.press_in(&details, view).await;
            assert_eq!(made(page).await, before, "{view}");
        }
        for view in ["Escaped", "Hex", "Text"] {
            page.choose("Bytes as", view).await;
            assert_eq!(made(page).await, before, "{view}");
        }
        // The programs to take home and the filter carry it too.
        page.pick("sent", "<img").await;
        for language in ["nc", "Python", "curl", "Rust"] {
            page.press_in(&details, &format!("Copy as {language}"))
                .await;
            assert_eq!(made(page).await, before, "{language}");
        }
        let filter = page.find("searchbox", "Filter").await;
        filter.send_keys("<script>").await.unwrap();
        page.row("received", "<script>").await;
        assert_eq!(made(page).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_script_in_the_address_is_not_a_target_and_does_nothing() {
    let gateway = Setup::default().builtin().start().await;
    let url = format!(
        "{}#target=<img/src=x/onerror=alert(1)>&view=<script>&theme=<b>",
        url(&gateway)
    );
    browse(&url, Size::WIDE, async |page| {
        page.connection("Connected").await;
        let made = made(page).await;
        assert_eq!((&made["images"], &made["scripts"]), (&json!(0), &json!(0)));
        page.send("hello").await;
        page.row("received", "]hello").await;
    })
    .await;
}

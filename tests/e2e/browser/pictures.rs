//! A picture is more than a picture: it is stepped by keys, told as a table, taken away as a file, and laid
//! out for the room there is.

use chalkwire_tests::browser::{Key, Page, Size, browse};
use chalkwire_tests::gateway::Setup;
use serde_json::json;

use super::url;

/// Keeps what the page hands out to be saved.
const KEEP: &str = r"
    window.saved = {};
    const make = URL.createObjectURL;
    URL.createObjectURL = blob => { window.saved[blob.type] = blob; return make(blob); };";

/// What is saved of a type, as text of one byte a character.
const SAVED: &str = r"
    const blob = window.saved[arguments[0]];
    if (!blob) return null;
    if (!window.read) blob.arrayBuffer().then(it => {
        window.read = Array.from(new Uint8Array(it), byte => String.fromCharCode(byte)).join('');
    });
    return window.read;";

async fn saved(page: &Page, button: &str, kind: &str) -> String {
    page.js("window.read = null", json!([])).await;
    page.press(button).await;
    let read = page.until(kind, SAVED, json!([kind])).await;
    read.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_picture_is_stepped_by_keys_told_as_a_table_and_saved_as_a_file() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "line").await;
        page.send("hello").await;
        page.row("closed", "").await;
        let drawn = "return document.querySelector('.pic')?.textContent.includes('FIN')";
        page.until("the sequence to be drawn", drawn, json!([]))
            .await;

        let label = "Sequence diagram: the arrow keys go from part to part";
        let focus = "document.querySelector('.pic-canvas').focus(); \
                     return document.activeElement.getAttribute('aria-label')";
        assert_eq!(page.js(focus, json!([])).await, label);
        page.key(Key::Right).await;
        page.key(Key::Right).await;
        let says = "return document.querySelector('.pic-says').textContent.startsWith('2 of ') \
                    && document.querySelectorAll('.pic-wide .pic-frame').length == 1";
        page.until("the second part to be told and framed", says, json!([]))
            .await;
        page.picture("picture-step").await;
        page.key(Key::Escape).await;
        let whole = "return !document.querySelector('.pic-frame')";
        page.until("the whole picture again", whole, json!([]))
            .await;

        let row = "document.querySelector('.seq-data').open = true; \
                   return [...document.querySelectorAll('.seq-data tbody tr')] \
                     .some(it => it.textContent.includes('sent 7 bytes'))";
        page.until("the table", row, json!([])).await;

        page.js(KEEP, json!([])).await;
        let svg = saved(page, "Sequence diagram: save as SVG", "image/svg+xml").await;
        assert!(svg.starts_with("<svg xmlns="), "{svg}");
        assert!(!svg.contains("var(") && !svg.contains("class="), "{svg}");
        let png = saved(page, "Sequence diagram: save as PNG", "image/png").await;
        let bytes: Vec<u8> = png.chars().map(|c| c as u8).collect();
        assert!(
            bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() > 5_000,
            "{}",
            bytes.len()
        );
        // Twice the units of the wide layout (PNG, section 11.2.1: the width comes first).
        assert_eq!(bytes[16..20], 1520u32.to_be_bytes());

        let layout = "return document.querySelector('.pic-canvas').children.length == 1 \
                      && !!document.querySelector('.pic-canvas > ' + arguments[0])";
        assert_eq!(page.js(layout, json!([".pic-wide"])).await, true);
        page.resize(Size::PHONE).await;
        page.find("tab", "Picture").await.click().await.unwrap();
        page.until("the narrow layout", layout, json!([".pic-narrow"]))
            .await;
    })
    .await;
}

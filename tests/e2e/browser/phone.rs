//! On a phone: one pane at a time, nothing beside the screen, targets for a finger.

use chalkwire_tests::browser::{Page, Size, browse};
use chalkwire_tests::gateway::Setup;
use serde_json::json;

use super::url;

/// The least width and height of what a finger presses, in CSS pixels.
const FINGER_PX: f64 = 44.0;

/// Checks that the page is no wider than the screen, and that nothing in sight stands beside it.
async fn fits(page: &Page, size: Size, where_: &str) {
    let width = "return document.documentElement.scrollWidth";
    let width = page.js(width, json!([])).await;
    assert!(
        width.as_u64().unwrap() <= size.width.into(),
        "{where_}: {width} px wide"
    );
    let beside = r"
        const scrolls = it => it && (/auto|scroll/.test(getComputedStyle(it).overflowX)
          ? true : scrolls(it.parentElement));
        return [...document.querySelectorAll('button, input, select, textarea, h1, h2, p')]
          .filter(it => it.checkVisibility({ visibilityProperty: true }) && !it.closest('.unseen'))
          .filter(it => {
            const box = it.getBoundingClientRect();
            return box.width && (box.left < -0.5 || box.right > arguments[0] + 0.5) && !scrolls(it);
          })
          .map(it => it.outerHTML.slice(0, 120));";
    let beside = page.js(beside, json!([size.width])).await;
    assert_eq!(beside, json!([]), "{where_}: beside the screen");
}

/// Checks that a finger can press these buttons.
async fn pressable(page: &Page, names: &[&str]) {
    for name in names {
        let button = page.find("button", name).await;
        let (_, _, width, height) = button.rectangle().await.unwrap();
        assert!(
            width >= FINGER_PX && height >= FINGER_PX,
            "button “{name}” is {width} × {height} px: too small for a finger"
        );
    }
}

async fn tab(page: &Page, name: &str) {
    let tab = page.find("tab", name).await;
    let (_, _, width, height) = tab.rectangle().await.unwrap();
    assert!(width >= FINGER_PX && height >= FINGER_PX, "tab {name}");
    tab.click().await.unwrap();
    let picked = "return arguments[0].ariaSelected === 'true'";
    page.until(&format!("tab {name} to be picked"), picked, json!([tab]))
        .await;
}

/// Waits until the details lie over the rest, from edge to edge of what is in sight; or do not.
async fn details_over(page: &Page, over: bool) {
    let details = r"
        const it = document.querySelector('aside.details');
        const box = it.getBoundingClientRect();
        const top = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
        const over = getComputedStyle(it).visibility === 'visible' && box.left >= 0
          && box.right <= innerWidth && it.contains(top);
        return over === arguments[0]";
    page.until(
        &format!("details over the rest: {over}"),
        details,
        json!([over]),
    )
    .await;
}

async fn everything_is_reached(size: Size) {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), size, async |page| {
        page.connection("Connected").await;
        fits(page, size, "first view").await;
        pressable(
            page,
            &[
                "Send “hello” to line",
                "Send",
                "Connect",
                "Shut down",
                "Close",
            ],
        )
        .await;
        for box_ in ["Target", "Line end"] {
            let (_, _, _, height) = page.find("combobox", box_).await.rectangle().await.unwrap();
            assert!(height >= FINGER_PX, "{box_} is {height} px high");
        }
        page.choose("Target", "session").await;
        page.press("Connect").await;
        page.row("connected", "").await;
        page.send("hello").await;
        page.row("received", "]hello").await;
        fits(page, size, "Send, with a socket").await;

        tab(page, "Log").await;
        page.row("received", "]hello").await;
        fits(page, size, "Log").await;
        pressable(page, &["Pause", "Clear", "Export"]).await;
        page.find("searchbox", "Filter").await;
        page.press("Export").await;
        pressable(page, &["JSON", "CSV"]).await;
        fits(page, size, "Export").await;
        page.press("JSON").await;
        page.downloaded(".json").await;

        page.pick("received", "]hello").await;
        details_over(page, true).await;
        fits(page, size, "Details").await;
        pressable(page, &["‹ Back", "Send again"]).await;
        page.press("‹ Back").await;
        details_over(page, false).await;

        tab(page, "Picture").await;
        page.find("region", "Picture").await;
        fits(page, size, "Picture").await;
        tab(page, "Send").await;
        page.press("Close").await;
        page.row("closed", "").await;

        pressable(page, &["Shortcuts"]).await;
        page.press("Shortcuts").await;
        let shortcuts = page.find("dialog", "Shortcuts").await;
        fits(page, size, "Shortcuts").await;
        pressable(page, &["Done", "Connection test"]).await;
        page.press_in(&shortcuts, "Connection test").await;
        page.find("dialog", "Connection test").await;
        fits(page, size, "Connection test").await;
        pressable(page, &["Done", "Test the connection"]).await;
        page.press("Done").await;
        page.gone("dialog", "Connection test").await;
    })
    .await;
}

/// Checks that the page fits into every width, a step of 20 px at a time.
async fn fits_every_width(page: &Page, where_: &str) {
    for width in (320..=1300).step_by(20) {
        let size = Size {
            width,
            height: 700,
            phone: false,
        };
        page.resize(size).await;
        let laid_out = "return innerWidth === arguments[0]";
        page.until("the window's size", laid_out, json!([width]))
            .await;
        fits(page, size, &format!("{where_}, {width} px")).await;
    }
}

#[tokio::test]
async fn nothing_stands_beside_the_window_in_any_width_connected_or_not() {
    for theme in ["light", "projector"] {
        let gateway = Setup::default().builtin().start().await;
        let address = format!("{}#theme={theme}", url(&gateway));
        browse(&address, Size::WIDE, async move |page| {
            page.expect_error("WebSocket connection to");
            page.connection("Connected").await;
            fits_every_width(page, &format!("{theme}, connected")).await;
            drop(gateway);
            page.connection("retrying").await;
            fits_every_width(page, &format!("{theme}, retrying")).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_phone_on_its_side_scrolls_to_what_has_no_room() {
    let gateway = Setup::default().builtin().start().await;
    let size = Size {
        width: 640,
        height: 320,
        phone: true,
    };
    browse(&url(&gateway), size, async |page| {
        page.connection("Connected").await;
        fits(page, size, "first view").await;
        page.press("Send “hello” to line").await;
        page.press("Connect").await;
    })
    .await;
}

#[tokio::test]
async fn on_a_phone_nothing_is_beside_the_screen_and_everything_is_reached() {
    everything_is_reached(Size::PHONE).await;
}

#[tokio::test]
async fn on_the_smallest_phone_nothing_is_beside_the_screen_and_everything_is_reached() {
    everything_is_reached(Size::SMALL).await;
}

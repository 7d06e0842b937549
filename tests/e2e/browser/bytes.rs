//! Exactly those bytes that were meant go out.

use chalkwire_tests::browser::{Page, Size, browse};
use chalkwire_tests::gateway::{Gateway, Setup};
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use serde_json::json;

use super::{Ear, url};

#[tokio::test]
async fn hexadecimal_is_sent_byte_for_byte_and_what_is_none_says_where() {
    let mut ear = Ear::once().await;
    let gateway = Gateway::with_target("ear", &ear.target.url).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        let composer = page.find("form", "Composer").await;
        page.press_in(&composer, "Hex").await;
        page.send("00 ff 0d0a 7F").await;
        assert_eq!(ear.heard().await, b"\x00\xff\r\n\x7f");
        let echoed = page.row("received", "").await;
        assert_eq!(echoed.what, "NUL\\xffCRLFDEL");
        assert_eq!(echoed.figure, "5 B");
        page.choose("Bytes as", "Hex").await;
        page.row("received", "00 ff 0d 0a 7f").await;
        page.choose("Bytes as", "Escaped").await;
        page.row("received", "\\x00\\xff\\r\\n\\x7f").await;

        page.send("68 65 6g").await;
        let trouble = page.find("alert", "").await.text().await.unwrap();
        assert!(trouble.starts_with("Character 8:"), "{trouble}");
        let message = page.find("textbox", "Message").await;
        assert_eq!(
            message.prop("value").await.unwrap().as_deref(),
            Some("68 65 6g"),
            "what is to be mended stays"
        );
        message.clear().await.unwrap();
        page.send("68 6").await;
        let trouble = page.find("alert", "").await.text().await.unwrap();
        assert!(trouble.starts_with("Character "), "{trouble}");
    })
    .await;
}

#[tokio::test]
async fn the_line_end_is_the_one_that_is_chosen() {
    let mut ear = Ear::once().await;
    let gateway = Gateway::with_target("ear", &ear.target.url).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        for (label, bytes) in [
            ("\\n", &b"a\n"[..]),
            ("\\r", b"a\r"),
            ("none", b"a"),
            ("\\r\\n", b"a\r\n"),
        ] {
            page.choose("Line end", label).await;
            page.send("a").await;
            assert_eq!(ear.heard().await, bytes, "{label}");
        }
        // A box of many lines gives each its end.
        page.press("Many lines").await;
        page.send("one\ntwo").await;
        assert_eq!(ear.heard().await, b"one\r\ntwo\r\n");
        page.choose("Line end", "none").await;
        page.send("grüße ☕").await;
        assert_eq!(ear.heard().await, "grüße ☕".as_bytes());
        page.press("Send").await;
        let trouble = page.find("alert", "").await.text().await.unwrap();
        assert!(trouble.starts_with("Nothing to send"), "{trouble}");
    })
    .await;
}

/// A hand that is too quick: two presses within a few milliseconds, in the same place.
async fn double_click(page: &Page, button: &str) {
    let button = page.find("button", button).await;
    let mouse = MouseActions::new("mouse".to_owned()).then(PointerAction::MoveToElement {
        element: button,
        duration: None,
        x: 0.0,
        y: 0.0,
    });
    let (down, up) = (
        PointerAction::Down {
            button: MOUSE_BUTTON_LEFT,
        },
        PointerAction::Up {
            button: MOUSE_BUTTON_LEFT,
        },
    );
    let mouse = mouse
        .then(down.clone())
        .then(up.clone())
        .then(down)
        .then(up);
    page.client().perform_actions(mouse).await.unwrap();
}

/// The message goes out once: by the second click the box is empty, and nobody who clicks twice
/// means an empty line.
#[tokio::test]
async fn a_double_click_on_send_sends_the_message_once_and_no_empty_line() {
    let mut ear = Ear::once().await;
    let setup = Setup::default().target("ear", &ear.target.url);
    let gateway = setup.start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        let count = "window.clicks = []; addEventListener('click', it => clicks.push(it.detail))";
        page.js(count, json!([])).await;
        page.write("twice").await;
        double_click(page, "Send").await;
        assert_eq!(
            page.js("return window.clicks", json!([])).await,
            json!([1, 2])
        );
        page.row("received", "twice").await;
        page.send("after").await;
        assert_eq!(ear.heard().await, b"twice\r\n");
        assert_eq!(ear.heard().await, b"after\r\n");
    })
    .await;
}

#[tokio::test]
async fn a_double_click_on_connect_opens_one_socket() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.connection("Connected").await;
        page.choose("Target", "session").await;
        double_click(page, "Connect").await;
        page.row("connected", "").await;
        page.send("one").await;
        page.row("received", "]one").await;
        let sockets = "return document.querySelectorAll('.sockets li').length";
        assert_eq!(page.js(sockets, json!([])).await, json!(1));
    })
    .await;
}

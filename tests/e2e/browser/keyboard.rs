//! By keyboard alone: everything is reached, the focus is always seen and never lost.

use chalkwire_tests::browser::{Key, Page, Size, browse};
use chalkwire_tests::gateway::Setup;
use serde::Deserialize;
use serde_json::json;

use super::url;

/// What has the focus.
#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Focus {
    /// Its markup's beginning, for messages.
    what: String,
    /// Whether it is the page as a whole: the focus is lost.
    lost: bool,
    /// Whether it is drawn with an outline, inside of the window.
    seen: bool,
}

const FOCUS: &str = r"
const it = document.activeElement;
window.reached ??= new Set();
window.reached.add(it);
const style = getComputedStyle(it);
const box = it.getBoundingClientRect();
return {
  what: it.outerHTML.slice(0, 120),
  lost: it === document.body || it === document.documentElement,
  seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
    && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
};";

/// Whether a part of what has the focus is in front of all else, though the browser has brought it to the
/// window's very edge.
const IN_FRONT: &str = r"
const it = document.activeElement;
it.scrollIntoView({ block: arguments[0] });
const box = it.getBoundingClientRect();
const some = (from, to, most) => [0, .25, .5, .75, 1]
  .map(part => from + 1 + part * (to - from - 2)).filter(at => at >= 0 && at < most);
return some(box.left, box.right, innerWidth).some(x => some(box.top, box.bottom, innerHeight)
  .some(y => it.contains(document.elementFromPoint(x, y))));";

async fn focus(page: &Page) -> Focus {
    let focus = page.js(FOCUS, json!([])).await;
    serde_json::from_value(focus).unwrap()
}

/// Checks that the focus is somewhere, and to be seen.
async fn focused(page: &Page, after: &str) -> String {
    let focus = focus(page).await;
    assert!(!focus.lost, "after {after} the focus is lost");
    assert!(
        focus.seen,
        "after {after} the focus is not seen on {}",
        focus.what
    );
    focus.what
}

/// Goes on with Tab until the element of that role and name has the focus.
async fn tab_to(page: &Page, role: &str, name: &str) {
    let wanted = page.find(role, name).await;
    for _ in 0..80 {
        page.key(Key::Tab).await;
        let there = "return document.activeElement === arguments[0]";
        if page.js(there, json!([wanted])).await == true {
            focused(page, &format!("Tab to {name}")).await;
            return;
        }
    }
    panic!("Tab never comes to {role} “{name}”");
}

/// Waits until the message box holds this.
async fn holds(page: &Page, text: &str) {
    let message = page.find("textbox", "Message").await;
    let holds = "return arguments[0].value === arguments[1]";
    let what = format!("the message to be {text:?}");
    page.until(&what, holds, json!([message, text])).await;
}

#[tokio::test]
async fn tab_goes_to_every_control_and_each_shows_that_it_has_the_focus() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "session").await;
        page.press("Connect").await;
        page.send("hello").await;
        page.row("received", "]hello").await;
        page.pick("received", "]hello").await;
        // Past the last control there is none, and then the first.
        let mut steps = 0;
        while !focus(page).await.lost {
            page.key(Key::Tab).await;
            steps += 1;
            assert!(steps < 120, "Tab never comes to the end");
        }
        page.js("window.reached.clear()", json!([])).await;
        steps = 0;
        loop {
            page.key(Key::Tab).await;
            let focus = focus(page).await;
            if focus.lost {
                break;
            }
            assert!(focus.seen, "the focus is not seen on {}", focus.what);
            steps += 1;
            assert!(steps < 120, "Tab never comes to the end");
        }
        assert!(steps >= 30, "{steps} stops");
        for (role, name) in [
            ("combobox", "Target"),
            ("combobox", "Line end"),
            ("combobox", "Theme"),
            ("textbox", "Message"),
            ("searchbox", "Filter"),
            ("button", "Send"),
            ("button", "Connect"),
            ("button", "Shut down"),
            ("button", "Close"),
            ("button", "Pause"),
            ("button", "Clear"),
            ("button", "Export"),
            ("button", "Connection test"),
            ("button", "Shortcuts"),
            ("listbox", "Rows"),
            ("button", "Send again"),
            ("button", "Copy as Python"),
        ] {
            let control = page.find(role, name).await;
            let reached = "return window.reached.has(arguments[0])";
            let reached = page.js(reached, json!([control])).await;
            assert_eq!(reached, true, "Tab never came to {role} “{name}”");
        }
    })
    .await;
}

#[tokio::test]
async fn there_and_back_the_focus_is_never_behind_a_bar() {
    let gateway = Setup::default().builtin().start().await;
    for (place, there) in [
        ("#/experiments/loss", ".exp-run"),
        ("#/room", ".room-lobby"),
    ] {
        browse(&url(&gateway), Size::MIDDLE, async |page| {
            page.go(&format!("{}{place}", url(&gateway))).await;
            let shown = "return !!document.querySelector(arguments[0])?.offsetParent";
            page.until(place, shown, json!([there])).await;
            for (back, edge) in [(false, "end"), (true, "start")] {
                let mut stops = 0;
                loop {
                    match back {
                        true => page.shift_tab().await,
                        false => page.key(Key::Tab).await,
                    }
                    let focus = focus(page).await;
                    if focus.lost {
                        break;
                    }
                    let in_front = page.js(IN_FRONT, json!([edge])).await;
                    assert_eq!(
                        in_front, true,
                        "{place}, back {back}: hidden is {}",
                        focus.what
                    );
                    stops += 1;
                    assert!(stops < 120, "{place}: Tab never comes to the end");
                }
                assert!(stops >= 4, "{place}: {stops} stops");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_line_is_sent_recalled_and_looked_at_by_keyboard_alone() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.connection("Connected").await;
        tab_to(page, "textbox", "Message").await;
        for letter in "hello".chars() {
            page.key(letter).await;
        }
        page.key(Key::Enter).await;
        page.row("received", "]hello").await;
        holds(page, "").await;
        focused(page, "Enter").await;
        page.key(Key::Up).await;
        holds(page, "hello").await;
        page.key(Key::Down).await;
        holds(page, "").await;
        // In a box for text, ? is a question mark.
        page.key('?').await;
        holds(page, "?").await;
        page.key(Key::Backspace).await;
        page.row("closed", "").await;

        tab_to(page, "listbox", "Rows").await;
        page.key(Key::Home).await;
        page.key(Key::Down).await;
        page.key(Key::Down).await;
        let picked = r"
            return document.querySelector('[role=option][aria-selected=true] .word')
              ?.lastChild.textContent.trim() === 'connected'";
        page.until("the third row to be picked", picked, json!([]))
            .await;
        page.key(Key::Enter).await;
        let what = focused(page, "Enter on a row").await;
        assert!(what.contains("details"), "{what}");
        page.key(Key::Escape).await;
        let what = focused(page, "Esc in the details").await;
        assert!(what.contains("listbox"), "{what}");

        page.key('?').await;
        page.find("dialog", "Shortcuts").await;
        focused(page, "?").await;
        page.key(Key::Escape).await;
        page.gone("dialog", "Shortcuts").await;
        let what = focused(page, "Esc in a dialog").await;
        assert!(what.contains("listbox"), "the focus comes back: {what}");

        page.key('m').await;
        let what = focused(page, "m").await;
        assert!(what.contains("id=\"message\""), "{what}");
    })
    .await;
}

#[tokio::test]
async fn the_focus_is_never_lost_by_what_a_press_takes_away() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.connection("Connected").await;
        // Each of these is gone, or can't be pressed any more, once it was.
        tab_to(page, "button", "Send “hello” to line").await;
        page.key(Key::Enter).await;
        page.row("closed", "").await;
        focused(page, "the first button").await;

        tab_to(page, "button", "Clear").await;
        page.key(Key::Enter).await;
        page.find("button", "Undo").await;
        focused(page, "Clear").await;
        tab_to(page, "button", "Undo").await;
        page.key(Key::Enter).await;
        page.gone("button", "Undo").await;
        focused(page, "Undo").await;

        page.choose("Target", "session").await;
        for (verb, row) in [
            ("Connect", "connected"),
            ("Shut down", "shut down"),
            ("Connect", "connected"),
            ("Close", "closed"),
        ] {
            page.until_enabled(verb, true).await;
            tab_to(page, "button", verb).await;
            page.key(Key::Enter).await;
            page.row(row, "").await;
            if verb != "Connect" {
                page.until_enabled(verb, false).await;
            }
            focused(page, verb).await;
        }

        let filter = page.find("searchbox", "Filter").await;
        filter.send_keys("no such row").await.unwrap();
        tab_to(page, "button", "Show all").await;
        page.key(Key::Enter).await;
        page.find("listbox", "Rows").await;
        focused(page, "Show all").await;
    })
    .await;
}

#[tokio::test]
async fn single_keys_can_be_switched_off() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.press("Shortcuts").await;
        let keys = page.find("checkbox", "Single keys are shortcuts").await;
        keys.click().await.unwrap();
        page.key(Key::Escape).await;
        page.gone("dialog", "Shortcuts").await;
        page.key('?').await;
        page.key('p').await;
        let pause = page.find("button", "Pause").await;
        let pressed = pause.attr("aria-pressed").await.unwrap();
        assert_eq!(pressed.as_deref(), Some("false"));
        assert!(!page.has("dialog", "Shortcuts").await);
        page.reload().await;
        page.connection("Connected").await;
        page.key('?').await;
        assert!(!page.has("dialog", "Shortcuts").await, "it is remembered");
    })
    .await;
}

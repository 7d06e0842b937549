//! The log as a tool: it stands still when told to, and never loses a row.

use chalkwire_tests::browser::{Page, Size, browse};
use chalkwire_tests::gateway::{Gateway, Setup};
use fantoccini::actions::{InputSource, WheelAction, WheelActions};
use serde_json::{Value, json};

use super::flood::Flood;
use super::url;

/// Turns the wheel over the rows.
async fn wheel(page: &Page, rows_px: i64) {
    let rows = page.find("listbox", "Rows").await;
    let (x, y, width, height) = rows.rectangle().await.unwrap();
    let wheel = WheelActions::new("wheel".to_owned()).then(WheelAction::Scroll {
        duration: None,
        x: (x + width / 2.0) as i64,
        y: (y + height / 2.0) as i64,
        delta_x: 0,
        delta_y: rows_px,
    });
    page.client().perform_actions(wheel).await.unwrap();
}

/// Waits until the list is so many pixels above its end. A browser gets there step by step.
async fn above_the_end(page: &Page, px: u32) {
    let above = r"
        const list = document.querySelector('[role=listbox]');
        return Math.abs(list.scrollHeight - list.clientHeight - list.scrollTop - arguments[0]) < 2;";
    let what = format!("the list to be {px} px above its end");
    page.until(&what, above, json!([px])).await;
}

/// The row in the middle of the list.
async fn sight(page: &Page) -> Value {
    let sight = r"
        const box = document.querySelector('[role=listbox]').getBoundingClientRect();
        const row = document.elementFromPoint(box.x + 40, box.y + box.height / 2);
        return row.closest('[role=option]').id;";
    page.js(sight, json!([])).await
}

#[tokio::test]
async fn scrolling_up_stops_following_and_new_rows_are_counted_and_nothing_jumps() {
    let flood = Flood::start();
    let gateway = Gateway::with_target("flood", &flood.url).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.press("Connect").await;
        page.row("connected", "").await;
        page.send("200 20").await;
        page.row("received", "message 200").await;
        above_the_end(page, 0).await;

        // Less than half a row is enough; the page is drawn anew with each letter.
        wheel(page, -10).await;
        above_the_end(page, 10).await;
        page.write("50 5").await;
        above_the_end(page, 10).await;

        wheel(page, -1_490).await;
        above_the_end(page, 1_500).await;
        let before = sight(page).await;
        page.press("Send").await;
        // The message itself is a row too.
        page.find("button", "51 new ↓").await;
        assert_eq!(sight(page).await, before, "the list jumped");
        page.press("51 new ↓").await;
        above_the_end(page, 0).await;
        page.row("received", "message 250").await;
        page.gone("button", "51 new ↓").await;
    })
    .await;
}

#[tokio::test]
async fn pause_holds_the_rows_back_and_lets_them_come() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.send("one").await;
        page.row("closed", "").await;
        let before = page.count().await;
        page.press("Pause").await;
        page.send("two").await;
        // The same again, none of it shown.
        let counted = format!("{before} new");
        let log = page.find("region", "Log").await;
        let new = "return arguments[0].innerText.includes(arguments[1])";
        page.until(&counted, new, json!([log, counted])).await;
        assert_eq!(page.count().await, before);
        page.press("Pause").await;
        page.row("received", "]two").await;
        assert_eq!(page.count().await, 2 * before);
    })
    .await;
}

#[tokio::test]
async fn from_the_first_row_on_the_log_stays_where_it_is_while_the_picture_is_drawn() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        let look = r"
            window.places = new Set();
            const look = () => {
                if (document.querySelector('[role=option]')) {
                    const bar = document.querySelector('[type=search]').getBoundingClientRect();
                    window.places.add(Math.round(bar.y));
                }
                requestAnimationFrame(look);
            };
            look();";
        page.js(look, json!([])).await;
        page.send("one").await;
        page.row("closed", "").await;
        let drawn =
            "return document.querySelector('.picture svg')?.getBoundingClientRect().height > 200";
        page.until("the picture", drawn, json!([])).await;
        let twice =
            "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))";
        page.js(twice, json!([])).await;
        let places = page.js("return [...window.places]", json!([])).await;
        assert_eq!(
            places.as_array().unwrap().len(),
            1,
            "the filter was at {places}"
        );
    })
    .await;
}

#[tokio::test]
async fn clear_can_be_undone() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.send("one").await;
        page.row("closed", "").await;
        let before = page.rows().await;
        page.press("Clear").await;
        page.gone("listbox", "Rows").await;
        page.find("button", "Bring the cleared log back").await;
        page.press("Undo").await;
        page.row("received", "]one").await;
        assert_eq!(page.rows().await, before);
        page.press("Clear").await;
        page.send("two").await;
        page.row("closed", "").await;
        page.press("Undo").await;
        page.row("received", "]one").await;
        assert_eq!(page.count().await, 2 * before.len() as u64);
    })
    .await;
}

#[tokio::test]
async fn the_filter_shows_what_matches_and_offers_all_when_nothing_does() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        for text in ["apple", "pear"] {
            page.send(text).await;
            page.row("received", &format!("]{text}")).await;
        }
        page.row("closed", "").await;
        let filter = page.find("searchbox", "Filter").await;
        filter.send_keys("APPLE").await.unwrap();
        page.until(
            "two rows",
            "return document.querySelectorAll('[role=option]').length === 2",
            json!([]),
        )
        .await;
        let words: Vec<String> = page.rows().await.into_iter().map(|row| row.word).collect();
        assert_eq!(words, ["sent", "received"]);
        let shown = page.find("group", "Shown").await;
        page.press_in(&shown, "sent").await;
        page.press_in(&shown, "received").await;
        page.press("Show all").await;
        page.row("received", "]pear").await;
        page.row("sent", "apple").await;
    })
    .await;
}

#[tokio::test]
async fn with_the_faults_unfolded_the_last_rows_stay_in_sight_and_so_does_the_composer() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WALL, async |page| {
        page.send("hello").await;
        page.row("closed", "").await;
        page.js("document.querySelector('.faults').open = true", json!([]))
            .await;
        page.choose("Add a fault", "Latency").await;
        for size in [Size::WIDE, Size::MIDDLE, Size::WALL] {
            page.resize(size).await;
            let seen = "const rows = document.querySelector('.rows');
                const last = rows.querySelector('.row:last-of-type').getBoundingClientRect();
                const frame = rows.getBoundingClientRect();
                const composer = document.querySelector('.composer').getBoundingClientRect();
                return frame.height >= 3 * last.height && last.bottom <= frame.bottom + 1 &&
                    frame.bottom <= composer.top + 1 && composer.bottom <= innerHeight;";
            page.until("the last rows, and all of the composer", seen, json!([]))
                .await;
        }
        page.picture("wall-faults").await;
    })
    .await;
}

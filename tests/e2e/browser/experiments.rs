//! The experiments in a real browser: found, run, repeated by a link, and shown in a frame.

use std::time::{Duration, Instant};

use chalkwire_tests::browser::{Key, Page, Size, axe, browse, measured};
use chalkwire_tests::gateway::{Gateway, Setup};
use serde_json::json;

use super::looks::look;
use super::url;

/// How long the longest experiment may take here, beside other tests.
const RUN: Duration = Duration::from_secs(60);

async fn gateway() -> Gateway {
    Setup::default().builtin().start().await
}

/// Opens an experiment by its address, as a link from elsewhere does.
async fn open(page: &Page, gateway: &Gateway, fragment: &str) {
    page.go("about:blank").await;
    page.go(&format!("{}{fragment}", url(gateway))).await;
    page.until(
        "the heading",
        "return document.querySelector('.exp h1')?.innerText",
        json!([]),
    )
    .await;
}

/// Presses Run, and waits until the run is over: what the page says of it.
pub(super) async fn run(page: &Page) -> String {
    page.press("Run").await;
    over(page).await
}

async fn over(page: &Page) -> String {
    let says = r"
        const bar = document.querySelector('.exp-run progress');
        const it = document.querySelector('.exp-verdict') ?? document.querySelector('.exp-says');
        return bar ? '' : it.innerText";
    let since = Instant::now();
    loop {
        let said = page.js(says, json!([])).await;
        let said = said.as_str().unwrap_or_default();
        if !said.is_empty() {
            return said.to_owned();
        }
        assert!(since.elapsed() < RUN, "the run does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Makes the window as high as what is in it, so that a picture shows all.
async fn whole(page: &Page, size: Size) {
    let height = "return document.documentElement.scrollHeight";
    let height = page.js(height, json!([])).await.as_u64().unwrap();
    let height = u32::try_from(height).unwrap().clamp(size.height, 6_000);
    page.resize(Size { height, ..size }).await;
}

async fn value(page: &Page, field: &str) -> String {
    let value = "return document.querySelector(arguments[0]).value";
    let value = page.js(value, json!([field])).await;
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_first_visitor_sees_experiment_2s_picture_after_three_clicks() {
    let gateway = gateway().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.connection("Connected").await;
        let since = Instant::now();
        let experiments = page.find("link", "Experiments").await;
        experiments.click().await.unwrap();
        let second = page.find("link", "2 · A stream has no boundaries").await;
        second.click().await.unwrap();
        page.press("Run").await;
        let drawn =
            "return document.querySelector('.exp-see .pic-svg')?.textContent.includes('952')";
        page.until("the byte ruler", drawn, json!([])).await;
        let took = since.elapsed();
        measured(&format!(
            "experiment 2's picture, three clicks: {} ms",
            took.as_millis()
        ));
        assert!(took < Duration::from_secs(10), "{took:?}");
        let said = over(page).await;
        assert!(said.contains("1024 + 1024 + 952"), "{said}");
        assert!(said.contains("You had made no prediction."), "{said}");
    })
    .await;
}

#[tokio::test]
async fn each_experiment_is_run_once_and_comes_out_as_documented() {
    let gateway = gateway().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        open(page, &gateway, "#/experiments").await;
        page.picture("experiments-index").await;
        let links = "return [...document.querySelectorAll('.exp-card a')].map(it => it.hash)";
        let links = page.js(links, json!([])).await;
        let mut wrong = Vec::new();
        for link in links.as_array().unwrap() {
            let link = link.as_str().unwrap();
            let name = link.rsplit('/').next().unwrap();
            page.resize(Size::WIDE).await;
            open(page, &gateway, link).await;
            let said = run(page).await;
            if !said.contains("prediction") || said.contains("differs") {
                wrong.push(format!("{name}: {said}"));
            }
            page.js(
                "document.querySelector('.exp-why summary').click()",
                json!([]),
            )
            .await;
            whole(page, Size::WIDE).await;
            page.picture(&format!("experiment-{name}")).await;
            page.resize(Size::PHONE).await;
            whole(page, Size::PHONE).await;
            page.picture(&format!("experiment-{name}-phone")).await;
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    })
    .await;
}

#[tokio::test]
async fn a_prediction_is_held_against_what_came_out() {
    let gateway = gateway().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        open(page, &gateway, "#/experiments/stream").await;
        let answers = page.js("return document.querySelectorAll('.exp-answer').length", json!([]));
        assert_eq!(answers.await, 3);
        let pick = "document.querySelectorAll('.exp-answer input')[arguments[0]].click()";
        page.js(pick, json!([0])).await;
        let said = run(page).await;
        assert!(said.contains("Your prediction did not hold."), "{said}");
        page.js(pick, json!([1])).await;
        page.press("Run again").await;
        page.until(
            "the other verdict",
            "return document.querySelector('.exp-verdict')?.innerText.includes('Your prediction held.')",
            json!([]),
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_link_repeats_a_run_with_its_settings_and_its_seed() {
    let gateway = gateway().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        open(page, &gateway, "#/experiments/stream?seed=41&recv=500").await;
        assert_eq!(value(page, "#knob-seed").await, "41");
        assert_eq!(value(page, "#knob-recv").await, "500");
        let said = run(page).await;
        assert!(said.contains("500 + 500 + 500 + 500 + 500 + 500"), "{said}");

        let recv = page
            .find("spinbutton", "The server's recv size (bytes)")
            .await;
        page.js("arguments[0].select()", json!([recv])).await;
        recv.send_keys("1000").await.unwrap();
        page.key(Key::Tab).await;
        let address = "return location.hash.includes('recv=1000') && location.hash";
        let address = page
            .until("the knob in the address", address, json!([]))
            .await;
        page.press("Copy link").await;
        let link = "return document.querySelector('.exp-link')?.innerText";
        let link = page.until("the link", link, json!([])).await;
        let link = link.as_str().unwrap();
        assert!(link.ends_with(address.as_str().unwrap()), "{link}");
        page.go("about:blank").await;
        page.go(link).await;
        page.find("button", "Run").await;
        assert_eq!(value(page, "#knob-recv").await, "1000");
        let said = run(page).await;
        assert!(said.contains("1000 + 1000 + 1000"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn in_a_frame_an_experiment_can_be_run_and_not_changed() {
    let gateway = gateway().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        open(
            page,
            &gateway,
            "?embed#/experiments/stream?seed=7&recv=1024",
        )
        .await;
        let said = run(page).await;
        assert!(said.contains("1024 + 1024 + 952"), "{said}");
        for part in [
            "nav",
            "header.top",
            "select",
            "input:not([type=radio])",
            "#lab > *",
        ] {
            let there = "return document.querySelectorAll(arguments[0]).length";
            assert_eq!(page.js(there, json!([part])).await, 0, "{part}");
        }
        let open = page.find("link", "Open in Chalkwire").await;
        let address = open.prop("href").await.unwrap().unwrap();
        assert!(!address.contains("embed"), "{address}");
        assert!(
            address.ends_with("#/experiments/stream?seed=7&recv=1024&gap=0"),
            "{address}"
        );
        page.picture("experiment-embed").await;
    })
    .await;
}

#[tokio::test]
async fn the_lab_is_as_it_was_when_somebody_comes_back() {
    let gateway = gateway().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.choose("Target", "session").await;
        page.press("Connect").await;
        page.row("connected", "").await;
        page.write("half a line").await;
        let lab = page.address().await;
        page.find("link", "Experiments")
            .await
            .click()
            .await
            .unwrap();
        page.find("heading", "Experiments").await;
        let title = "return document.title";
        assert_eq!(page.js(title, json!([])).await, "Chalkwire: experiments");
        assert!(!page.has("textbox", "Message").await, "one place at a time");
        let current =
            "return document.querySelector('#experiments nav [aria-current=page]').innerText";
        assert_eq!(page.js(current, json!([])).await, "Experiments");
        page.find("link", "3 · A datagram has boundaries")
            .await
            .click()
            .await
            .unwrap();
        page.find("button", "Run").await;
        let focus = "return document.activeElement.innerText === '3 · A datagram has boundaries'";
        page.until("its heading to have the focus", focus, json!([]))
            .await;
        page.client().back().await.unwrap();
        page.find("heading", "Experiments").await;
        page.choose("Theme", "Dark").await;

        page.find("link", "Lab").await.click().await.unwrap();
        let message = page.find("textbox", "Message").await;
        assert_eq!(
            message.prop("value").await.unwrap().as_deref(),
            Some("half a line")
        );
        assert_eq!(
            page.address().await,
            lab,
            "its settings are in the address again"
        );
        assert_eq!(page.js(title, json!([])).await, "Chalkwire: the Lab");
        let theme = page.find("combobox", "Theme").await;
        assert_eq!(theme.prop("value").await.unwrap().as_deref(), Some("dark"));
        page.press("Send").await;
        page.row("sent", "half a line").await;
        page.client().back().await.unwrap();
        page.find("heading", "Experiments").await;
    })
    .await;
}

#[tokio::test]
async fn what_the_experiments_weigh_is_loaded_only_when_they_are_opened() {
    let gateway = gateway().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.connection("Connected").await;
        let loaded = "return performance.getEntriesByType('resource').filter(it => it.name.includes('experiments-')).length";
        assert_eq!(page.js(loaded, json!([])).await, 0);
        page.find("link", "Experiments").await.click().await.unwrap();
        page.find("heading", "Experiments").await;
        assert_eq!(page.js(loaded, json!([])).await, 3);
    })
    .await;
}

#[tokio::test]
async fn there_are_no_barriers_among_the_experiments() {
    let gateway = gateway().await;
    let mut found = Vec::new();
    browse("about:blank", Size::WIDE, async |page| {
        for (name, size, theme) in [
            ("wide", Size::WIDE, "light"),
            ("wide", Size::WIDE, "dark"),
            ("wide", Size::WIDE, "contrast"),
            ("wide", Size::WIDE, "projector"),
            ("small", Size::SMALL, "light"),
            ("small", Size::SMALL, "dark"),
        ] {
            page.resize(size).await;
            open(page, &gateway, &format!("#/experiments?theme={theme}")).await;
            page.js(&axe(), json!([])).await;
            look(page, &format!("experiments-{name}-{theme}"), &mut found).await;
            let next = format!("location.hash = '#/experiments/stream?seed=7&theme={theme}'");
            page.js(&next, json!([])).await;
            run(page).await;
            page.js(
                "document.querySelector('.exp-why summary').click()",
                json!([]),
            )
            .await;
            let width = "return document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(
                page.js(width, json!([])).await,
                true,
                "{name}: wider than the window"
            );
            whole(page, size).await;
            look(
                page,
                &format!("experiments-{name}-{theme}-results"),
                &mut found,
            )
            .await;
        }
        assert!(found.is_empty(), "barriers:\n{}", found.join("\n"));
    })
    .await;
}

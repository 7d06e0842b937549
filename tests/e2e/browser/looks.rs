//! Every look of the page: a picture of it to be looked at, and no barriers (axe-core).

use chalkwire_tests::browser::{Key, Page, Size, axe, browse};
use chalkwire_tests::gateway::{Gateway, Setup};
use serde_json::{Value, json};

use super::url;

/// Runs axe-core with all its rules on what is in sight.
const AXE: &str = r"
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'] }).then(
  ({ violations }) => done(violations.map(it => ({
    rule: it.id, help: it.help,
    nodes: it.nodes.slice(0, 5).map(at => `${at.html.slice(0, 160)} · ${at.failureSummary}`),
  }))),
  error => done(String(error)));";

/// Leaves a picture of what is in sight, and looks for barriers in it.
pub(super) async fn look(page: &Page, name: &str, barriers: &mut Vec<String>) {
    let still = "return document.getAnimations().every(it => it.playState !== 'running')";
    page.until("the page to stand still", still, json!([]))
        .await;
    page.picture(name).await;
    let found = page.client().execute_async(AXE, Vec::new()).await.unwrap();
    match found {
        Value::Array(found) if found.is_empty() => {}
        found => barriers.push(format!("{name}: {found:#}")),
    }
}

/// Looks at the page in one theme and one size: at first, with a row picked, with dialogs open.
async fn tour(
    page: &Page,
    gateway: &Gateway,
    size: (&str, Size),
    theme: &str,
    found: &mut Vec<String>,
) {
    let (name, size) = size;
    let name = match theme {
        "light" => name.to_owned(),
        theme => format!("{name}-{theme}"),
    };
    page.resize(size).await;
    page.go("about:blank").await;
    page.go(&format!("{}#theme={theme}", url(gateway))).await;
    page.js(&axe(), json!([])).await;
    page.connection("Connected").await;
    page.find("button", "Send “hello” to line").await;
    look(page, &format!("{name}-first"), found).await;

    page.press("Send “hello” to line").await;
    page.row("closed", "").await;
    let drawn = "return document.querySelector('.pic')?.textContent.includes('FIN')";
    page.until("the picture of the exchange", drawn, json!([]))
        .await;
    let narrow = size.width < 1100;
    if narrow {
        look(page, &format!("{name}-exchange"), found).await;
    }
    if size.phone {
        for tab in ["Log", "Picture"] {
            page.find("tab", tab).await.click().await.unwrap();
            look(page, &format!("{name}-tab-{}", tab.to_lowercase()), found).await;
        }
        page.find("tab", "Log").await.click().await.unwrap();
    }
    page.pick("received", "]hello").await;
    page.find("region", "Inspector").await;
    look(page, &format!("{name}-details"), found).await;
    page.key(Key::Escape).await;

    page.press("Shortcuts").await;
    let shortcuts = page.find("dialog", "Shortcuts").await;
    look(page, &format!("{name}-shortcuts"), found).await;
    // A phone's top bar has no place for it; the shortcuts have it everywhere.
    page.press_in(&shortcuts, "Connection test").await;
    page.find("dialog", "Connection test").await;
    look(page, &format!("{name}-connection-test"), found).await;
    page.press("Done").await;
    page.gone("dialog", "Connection test").await;
}

async fn tours(tours: &[((&str, Size), &str)]) {
    let gateway = Setup::default().builtin().start().await;
    let mut found = Vec::new();
    browse("about:blank", tours[0].0.1, async |page| {
        for (size, theme) in tours {
            tour(page, &gateway, *size, theme, &mut found).await;
        }
        assert!(found.is_empty(), "barriers:\n{}", found.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn there_are_no_barriers_in_any_theme() {
    let wide = ("wide", Size::WIDE);
    tours(&[
        (wide, "light"),
        (wide, "dark"),
        (wide, "contrast"),
        (wide, "projector"),
    ])
    .await;
}

#[tokio::test]
async fn there_are_no_barriers_in_any_size() {
    tours(&[
        (("middle", Size::MIDDLE), "light"),
        (("phone", Size::PHONE), "light"),
        (("small", Size::SMALL), "light"),
        (("phone", Size::PHONE), "dark"),
    ])
    .await;
}

//! Many messages: none is lost, and the page keeps up.

use std::time::Duration;

use chalkwire_tests::browser::{Page, Size, browse, measured};
use chalkwire_tests::gateway::Gateway;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::UnixDatagram;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::url;

/// A datagram server that answers `COUNT RATE` with so many datagrams, so many in a millisecond.
/// On a Unix socket, because there none is ever lost.
pub(super) struct Flood {
    pub(super) url: String,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Flood {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flood");
        let socket = UnixDatagram::bind(&path).unwrap();
        let task = tokio::spawn(async move {
            let mut buffer = [0; 64];
            let mut no = 0;
            while let Ok((read, from)) = socket.recv_from(&mut buffer).await {
                let asked = String::from_utf8_lossy(&buffer[..read]).into_owned();
                let mut asked = asked.split_whitespace().map(|it| it.parse().unwrap_or(0));
                let (count, rate): (u32, u32) = (asked.next().unwrap(), asked.next().unwrap());
                let to = from.as_pathname().expect("the gateway's path").to_owned();
                let mut tick = interval(Duration::from_millis(1));
                tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
                for sent in 0..count {
                    if sent % rate == 0 {
                        tick.tick().await;
                    }
                    no += 1;
                    let text = format!("message {no}");
                    if socket.send_to(text.as_bytes(), &to).await.is_err() {
                        return;
                    }
                }
            }
        });
        Flood {
            url: format!("unixgram://{}", path.display()),
            task,
            _folder: folder,
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Notes the longest time between two frames, and how many there were.
const FRAMES: &str = r"
window.frames_seen = { count: 0, longest: 0, over: 0 };
let before = performance.now();
const frame = now => {
  const it = window.frames_seen;
  if (it.stop) return;
  const took = now - before;
  before = now;
  it.count += 1;
  it.longest = Math.max(it.longest, took);
  if (took > 50) it.over += 1;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);";

/// What the page has cost so far, in seconds: script, style, layout.
async fn spent(page: &Page) -> [f64; 3] {
    let metrics = page.devtools("Performance.getMetrics", json!({})).await;
    let metrics = metrics["metrics"].as_array().unwrap();
    ["ScriptDuration", "RecalcStyleDuration", "LayoutDuration"].map(|name| {
        let found = metrics.iter().find(|it| it["name"] == name).unwrap();
        found["value"].as_f64().unwrap()
    })
}

#[tokio::test]
async fn a_thousand_messages_a_second_come_in_and_ten_thousand_rows_are_drawn_as_a_few() {
    let flood = Flood::start();
    let gateway = Gateway::with_target("flood", &flood.url).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.press("Connect").await;
        page.row("connected", "").await;
        page.devtools("Performance.enable", json!({})).await;
        let before = spent(page).await;
        page.js(FRAMES, json!([])).await;
        page.send("3000 1").await;
        page.row("received", "message 3000").await;
        let frames = page
            .js("frames_seen.stop = true; return frames_seen", json!([]))
            .await;
        let after = spent(page).await;
        let [script, style, layout] = [0, 1, 2].map(|it| 1000.0 * (after[it] - before[it]));
        measured(&format!(
            "1,000 messages a second for 3 s: longest frame {:.0} ms, {} of {} over 50 ms; \
             script {script:.0} ms, style {style:.0} ms, layout {layout:.0} ms",
            frames["longest"].as_f64().unwrap(),
            frames["over"],
            frames["count"],
        ));
        // What it took to get there, and 3,000 messages: not one row more or less.
        let begun = 3;
        assert_eq!(page.count().await, begun + 3_000);

        page.send("7000 4").await;
        page.row("received", "message 10000").await;
        assert_eq!(page.count().await, begun + 1 + 10_000);
        let drawn = page.rows().await.len();
        assert!(drawn < 100, "{drawn} rows are drawn");
        // From one end to the other, frame by frame, there is always something to see.
        let scroll = r"
            const done = arguments[arguments.length - 1];
            const list = document.querySelector('[role=listbox]');
            let before = performance.now(), longest = 0, empty = 0, at = 1;
            const frame = now => {
              longest = Math.max(longest, now - before);
              before = now;
              const box = list.getBoundingClientRect();
              const seen = document.elementFromPoint(box.x + 40, box.y + box.height / 2);
              if (!seen?.closest('[role=option]')) empty += 1;
              at -= 1 / 60;
              list.scrollTop = at * list.scrollHeight;
              if (at > 0) requestAnimationFrame(frame); else done({ longest, empty });
            };
            requestAnimationFrame(frame);";
        let seen = page.client().execute_async(scroll, Vec::new()).await.unwrap();
        measured(&format!(
            "10,000 rows scrolled past in 60 frames: longest frame {:.0} ms, {} frames showed no row",
            seen["longest"].as_f64().unwrap(),
            seen["empty"],
        ));
        let drawn = page.rows().await.len();
        assert!(drawn < 100, "{drawn} rows are drawn");
    })
    .await;
}

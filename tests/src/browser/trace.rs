//! What the page's own thread did between two of its frames, by the browser's own trace.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use futures_util::SinkExt;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::Page;
use crate::websocket::{self, WebSocket};

/// What is traced: the tasks of the page's thread, and the marks that its scripts set.
const CATEGORIES: [&str; 2] = ["disabled-by-default-devtools.timeline", "blink.user_timing"];

/// Marks every frame until it is told to stop, and notes how long it was between two.
const MARK: &str = r"
const seen = window.seen_frames = { longest_ms: 0, late: 0 };
let before;
const frame = now => {
  if (seen.stop) return;
  performance.mark('frame');
  const took = now - (before ?? now);
  before = now;
  seen.longest_ms = Math.max(seen.longest_ms, took);
  if (took > 50) seen.late += 1;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);";

/// What was seen of the page's frames.
#[derive(Clone, Debug, Deserialize)]
pub struct Frames {
    /// What the page's thread worked for each, in ms of its own CPU time, the least first: scripts,
    /// style, layout, paint, and what came in since the frame before. Other programs on the machine do
    /// not count.
    #[serde(skip)]
    pub work_ms: Vec<f64>,
    /// The longest time between two, in ms by the clock: a busy machine makes it longer.
    pub longest_ms: f64,
    /// How many came more than 50 ms after the one before, by the clock.
    pub late: u64,
}

impl Frames {
    /// The work in the frame that had most of it, in ms.
    pub fn most_ms(&self) -> f64 {
        self.work_ms.last().copied().unwrap_or_default()
    }

    /// The work in the middle one, in ms.
    pub fn middle_ms(&self) -> f64 {
        let middle = self.work_ms.get(self.work_ms.len() / 2);
        middle.copied().unwrap_or_default()
    }
}

/// An event of the trace.
#[derive(Debug, Deserialize)]
struct Event {
    name: String,
    pid: u64,
    tid: u64,
    /// When it began, in µs.
    #[serde(default)]
    ts: f64,
    /// How long it took by the clock, in µs.
    #[serde(default)]
    dur: f64,
    /// How long its thread worked, in µs.
    #[serde(default)]
    tdur: f64,
}

/// What the browser says.
#[derive(Debug, Deserialize)]
struct Said {
    /// It answers a command.
    id: Option<IgnoredAny>,
    #[serde(default)]
    method: String,
    params: Option<Params>,
}

/// What it says of the trace.
#[derive(Debug, Deserialize)]
struct Params {
    #[serde(default)]
    value: Vec<Event>,
}

impl Page {
    /// Watches the page's frames while `what` is done, on a page of
    /// [`browse_traced`](super::browse_traced).
    ///
    /// # Panics
    /// When the browser does not trace.
    pub async fn frames(&self, what: impl Future<Output = ()>) -> Frames {
        let trace = Trace::begin(&self.profile()).await;
        self.js(MARK, json!([])).await;
        what.await;
        let stop = "seen_frames.stop = true; return seen_frames";
        let seen = self.js(stop, json!([])).await;
        let mut frames: Frames = serde_json::from_value(seen).expect("what was seen");
        frames.work_ms = work_ms(&trace.end().await);
        frames.work_ms.sort_by(f64::total_cmp);
        assert!(!frames.work_ms.is_empty(), "no frames in the trace");
        frames
    }
}

/// A trace that goes on.
struct Trace(WebSocket);

impl Trace {
    /// Has the browser with that profile trace what it does.
    async fn begin(profile: &Path) -> Self {
        let told = std::fs::read_to_string(profile.join("DevToolsActivePort"));
        let told = told.expect("the browser's address");
        let (port, path) = told.split_once('\n').expect("a port and a path");
        let port = port.parse().expect("a port");
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
        let stream = stream.expect("the browser");
        let (socket, _) = websocket::connect_over(stream, path.trim(), None)
            .await
            .expect("the browser's own protocol");
        let mut trace = Trace(socket);
        let config = json!({ "includedCategories": CATEGORIES, "excludedCategories": ["*"] });
        trace
            .say("Tracing.start", json!({ "traceConfig": config }))
            .await;
        while trace.next().await.id.is_none() {}
        trace
    }

    /// Ends it: what was traced, in order.
    async fn end(mut self) -> Vec<Event> {
        self.say("Tracing.end", json!({})).await;
        let mut events = Vec::new();
        loop {
            let said = self.next().await;
            events.extend(said.params.into_iter().flat_map(|it| it.value));
            if said.method == "Tracing.tracingComplete" {
                break;
            }
        }
        events.sort_by(|a: &Event, b| a.ts.total_cmp(&b.ts));
        events
    }

    async fn say(&mut self, method: &str, params: Value) {
        let command = json!({ "id": 1, "method": method, "params": params });
        let said = self.0.send(Message::text(command.to_string())).await;
        said.expect("the browser is there");
    }

    async fn next(&mut self) -> Said {
        let said = websocket::next(&mut self.0).await.expect("the browser");
        serde_json::from_slice(&said.into_data()).expect("what a browser says")
    }
}

/// The work from each marked frame to the next, in ms. A frame's own task is the last of its work.
fn work_ms(events: &[Event]) -> Vec<f64> {
    let mut marks = events.iter().filter(|it| it.name == "frame").peekable();
    let page = marks.peek().map(|it| (it.pid, it.tid));
    let tasks = events.iter().filter(|it| it.name == "RunTask");
    let (mut frames, mut work_us) = (Vec::new(), 0.0);
    for task in tasks.filter(|it| Some((it.pid, it.tid)) == page) {
        work_us += task.tdur;
        let mut marked = false;
        while marks.next_if(|it| it.ts < task.ts + task.dur).is_some() {
            marked = true;
        }
        if marked {
            frames.push(work_us / 1_000.0);
            work_us = 0.0;
        }
    }
    // Before the first one was other work.
    frames.split_off(frames.len().min(1))
}

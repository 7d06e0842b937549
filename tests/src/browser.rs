//! The page in a real browser: headless Chromium through its driver, a window of a test's own.
//!
//! Things are found as people and screen readers find them: by role and accessible name, as the
//! browser itself computes both.

use std::fmt::Debug;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::deadline::DEADLINE;

mod command;
mod driver;
mod find;
mod log;
mod trace;

pub use fantoccini::key::Key;
pub use log::Row;
pub use trace::Frames;

use command::Command;

/// A browser takes a core and 300 MB: so many at a time, however many tests run in parallel.
const BROWSERS: u32 = 2;

static PLACES: Semaphore = Semaphore::const_new(BROWSERS as usize);

/// How long to wait before looking at the page again.
const AGAIN: Duration = Duration::from_millis(15);

/// The size of what the window shows, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
    /// Whether it is a phone: touched, not pointed at.
    pub phone: bool,
}

impl Size {
    /// A laptop's window.
    pub const WIDE: Size = Size::new(1440, 860, false);
    /// A window in which the details slide over.
    pub const MIDDLE: Size = Size::new(1000, 760, false);
    /// A phone.
    pub const PHONE: Size = Size::new(390, 844, true);
    /// The smallest phone, or a large text on a larger one.
    pub const SMALL: Size = Size::new(320, 568, true);
    /// A projector of a school.
    pub const WALL: Size = Size::new(1280, 720, false);

    const fn new(width: u32, height: u32, phone: bool) -> Self {
        Size {
            width,
            height,
            phone,
        }
    }
}

/// Opens a browser on `url`, lets `test` use it, and closes it whatever became of the test.
///
/// # Panics
/// When there is no browser, when `url` does not answer with the page, when the test panics, and
/// when the console holds an error that the test did not expect.
pub async fn browse(url: &str, size: Size, test: impl AsyncFnOnce(&Page)) {
    visit(url, size, false, test).await;
}

/// As [`browse`] does, with a browser that traces what it does, for [`Page::frames`]. There is no other
/// beside it: what is measured waits for frames, and another one's hold them up.
///
/// # Panics
/// As [`browse`].
pub async fn browse_traced(url: &str, size: Size, test: impl AsyncFnOnce(&Page)) {
    visit(url, size, true, test).await;
}

async fn visit(url: &str, size: Size, traced: bool, test: impl AsyncFnOnce(&Page)) {
    let places = if traced { BROWSERS } else { 1 };
    let _places = PLACES.acquire_many(places).await.expect("never closed");
    let page = Page::open(size, traced).await;
    let run = async {
        page.go(url).await;
        test(&page).await;
        page.check_console().await;
    };
    let outcome = std::panic::AssertUnwindSafe(run).catch_unwind().await;
    if outcome.is_err() {
        page.leave_traces().await;
    }
    let closed = page.client.clone().close().await;
    drop(page);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    closed.expect("the browser closes");
}

/// A figure for people who read the tests' output: shown though the test passes.
pub fn measured(what: &str) {
    use std::io::Write;
    // The macros' output would be kept back; what can't be written is no reason to fail.
    let _ = writeln!(std::io::stderr().lock(), "measured: {what}");
}

/// A window with the page in it.
#[derive(Debug)]
pub struct Page {
    client: Client,
    /// The browser's profile, removed with it; downloads go there too.
    folder: TempDir,
    /// Parts of the errors in the console that are as they should be.
    expected: Mutex<Vec<String>>,
}

impl Page {
    async fn open(size: Size, traced: bool) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("chalkwire-browser-")
            .tempdir()
            .expect("a temporary folder");
        let downloads = folder.path().join("downloads");
        std::fs::create_dir(&downloads).expect("a folder for downloads");
        let profile = folder.path().join("profile");
        let talks = match traced {
            // It ends with its driver, even if that is killed.
            false => "--remote-debugging-pipe",
            // To others than its driver, too.
            true => "--remote-debugging-port=0",
        };
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            talks,
            &format!("--user-data-dir={}", profile.display()),
            &format!("--window-size={},{}", size.width.max(500), size.height),
        ];
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "args": args,
                "prefs": {
                    "download.default_directory": downloads,
                    "download.prompt_for_download": false,
                },
            },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(driver::url())
            .await
            .unwrap_or_else(|error| panic!("Chromium does not start: {error}"));
        let page = Page {
            client,
            folder,
            expected: Mutex::default(),
        };
        page.resize(size).await;
        page
    }

    /// The folder of what the browser keeps.
    fn profile(&self) -> PathBuf {
        self.folder.path().join("profile")
    }

    /// Gives the window another size.
    ///
    /// # Panics
    /// When the browser does not.
    pub async fn resize(&self, size: Size) {
        let metrics = json!({
            "width": size.width,
            "height": size.height,
            "deviceScaleFactor": 1,
            "mobile": size.phone,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let touch = json!({ "enabled": size.phone });
        self.devtools("Emulation.setTouchEmulationEnabled", touch)
            .await;
    }

    /// Opens an address, and checks that the page is there.
    ///
    /// # Panics
    /// When it is not.
    pub async fn go(&self, url: &str) {
        let went = self.client.goto(url).await;
        went.unwrap_or_else(|error| panic!("{url} does not open: {error}"));
        let text = self.js("return document.body.innerText", json!([])).await;
        assert!(
            !text
                .as_str()
                .unwrap_or_default()
                .contains("without the page"),
            "The program was built without the page, so there is nothing to test: run \
             scripts/page.sh (as `make test` does), which builds it into dist/, and try again."
        );
    }

    /// Loads the page anew.
    ///
    /// # Panics
    /// When it does not.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page loads again");
    }

    /// The page's address as it is now.
    ///
    /// # Panics
    /// When the browser does not say.
    pub async fn address(&self) -> String {
        let url = self.client.current_url().await;
        url.expect("an address").to_string()
    }

    /// The driver's client, for what has no name here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs the body of a function; `args` is its list of arguments.
    ///
    /// # Panics
    /// When it throws.
    pub async fn js(&self, body: &str, args: Value) -> Value {
        let Value::Array(args) = args else {
            panic!("{args} is no list of arguments")
        };
        let ran = self.client.execute(body, args).await;
        ran.unwrap_or_else(|error| panic!("{error}, in\n{body}"))
    }

    /// Runs the body of a function again and again until it gives something true.
    ///
    /// # Panics
    /// When it gives nothing of the kind within the deadline.
    pub async fn until(&self, what: &str, body: &str, args: Value) -> Value {
        let ask = async || {
            let value = self.js(body, args.clone()).await;
            let holds = !matches!(value, Value::Null | Value::Bool(false))
                && value.as_f64() != Some(0.0)
                && value.as_str() != Some("");
            holds.then_some(value)
        };
        self.poll(what, ask).await
    }

    /// Asks again and again until there is an answer.
    async fn poll<T, F>(&self, what: &str, mut ask: impl FnMut() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        let since = Instant::now();
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            if since.elapsed() > DEADLINE {
                let seen = self.js("return document.body.innerText", json!([])).await;
                let seen = seen.as_str().unwrap_or_default().to_owned();
                panic!("waited {DEADLINE:?} in vain for: {what}\n--- the page says\n{seen}");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Presses and lets go a key, wherever the focus is.
    ///
    /// # Panics
    /// When the browser does not.
    pub async fn key(&self, key: impl Into<char>) {
        let value = key.into();
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.expect("a key");
    }

    /// Presses Tab while Shift is held.
    ///
    /// # Panics
    /// When the browser refuses.
    pub async fn shift_tab(&self) {
        let (shift, tab) = (Key::Shift.into(), Key::Tab.into());
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: shift })
            .then(KeyAction::Down { value: tab })
            .then(KeyAction::Up { value: tab })
            .then(KeyAction::Up { value: shift });
        self.client.perform_actions(keys).await.expect("two keys");
    }

    /// Has a command of the browser's own protocol done.
    ///
    /// # Panics
    /// When the browser refuses.
    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.ask(Command::post("goog/cdp/execute", body)).await
    }

    /// Leaves a picture of the window in `target/screenshots`.
    ///
    /// # Panics
    /// When it cannot.
    pub async fn picture(&self, name: &str) {
        let png = self.client.screenshot().await.expect("a picture");
        let folder = screenshots();
        std::fs::create_dir_all(&folder).expect("target/screenshots");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("a picture's file");
    }

    /// The file that was downloaded, once there is one whose name ends so; it is taken away.
    ///
    /// # Panics
    /// When there is none within the deadline.
    pub async fn downloaded(&self, end: &str) -> String {
        let folder = self.folder.path().join("downloads");
        self.poll(&format!("a downloaded file {end}"), async || {
            let entries = std::fs::read_dir(&folder).expect("the folder of downloads");
            let path = entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .find(|path| path.to_string_lossy().ends_with(end))?;
            let text = std::fs::read_to_string(&path).expect("text in UTF-8");
            std::fs::remove_file(path).expect("a file of our own");
            Some(text)
        })
        .await
    }

    /// Says that errors with this in their text may stand in the console.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn expect_error(&self, part: &str) {
        let mut expected = self.expected.lock().expect("not poisoned");
        expected.push(part.to_owned());
    }

    /// Errors in the console since the last time, the expected ones left out: what the page threw,
    /// what the policy (CSP) stopped, what could not be loaded.
    async fn errors(&self) -> Vec<String> {
        let entries = self.ask(Command::post("se/log", json!({ "type": "browser" })));
        let entries = entries.await;
        let expected = self.expected.lock().expect("not poisoned");
        entries
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["level"] == "SEVERE")
            .filter_map(|entry| entry["message"].as_str().map(str::to_owned))
            .filter(|text| !expected.iter().any(|part| text.contains(part)))
            .collect()
    }

    /// Checks that the console holds no error that was not expected.
    ///
    /// # Panics
    /// When it does.
    pub async fn check_console(&self) {
        let errors = self.errors().await;
        assert!(errors.is_empty(), "in the console: {errors:#?}");
    }

    /// What helps to understand a failure: the window, and the console.
    async fn leave_traces(&self) {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("test").replace("::", "-");
        let traces = async {
            self.picture(&format!("failed-{name}")).await;
            for error in self.errors().await {
                eprintln!("in the console: {error}");
            }
        };
        // A browser that has ended itself leaves none.
        let _ = std::panic::AssertUnwindSafe(traces).catch_unwind().await;
    }

    async fn ask(&self, command: Command) -> Value {
        let what = format!("{command:?}");
        let answer = self.client.issue_cmd(command).await;
        answer.unwrap_or_else(|error| panic!("{what}: {error}"))
    }
}

/// `target/screenshots`, beside what cargo builds.
fn screenshots() -> PathBuf {
    let exe = std::env::current_exe().expect("the test's own path");
    let target = exe.ancestors().nth(3).expect("target/PROFILE/deps/…");
    target.join("screenshots")
}

/// The folder of tools that the set-up fills.
pub fn tools() -> PathBuf {
    let tools = std::env::var_os("TOOLS").map(PathBuf::from);
    tools.unwrap_or_else(|| crate::program::root().join("target/tools"))
}

/// axe-core's script, which looks for barriers.
///
/// # Panics
/// When the set-up has not been run.
pub fn axe() -> String {
    let path = tools().join("npm/node_modules/axe-core/axe.min.js");
    let read = std::fs::read_to_string(&path);
    read.unwrap_or_else(|_| {
        panic!(
            "{} is missing: run scripts/setup.sh tests (as `make test` does)",
            Path::new(&path).display()
        )
    })
}

/// An element as an argument of a script.
pub fn argument(element: &Element) -> Value {
    serde_json::to_value(element).expect("an element's number")
}

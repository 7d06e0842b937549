//! A class in a room: a teacher, students and a projector, a window each.

use chalkwire_tests::browser::{Key, Page, Size, axe, browse};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::relay::Relay;
use fantoccini::wd::WindowHandle;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::looks::look;
use super::url;

/// What a browser says of a WebSocket that does not come about, or breaks.
const BROKEN: &str = "WebSocket connection to";

/// The windows of a test, by whose they are.
struct Class<'a> {
    page: &'a Page,
    windows: Vec<(&'static str, WindowHandle)>,
}

impl<'a> Class<'a> {
    /// The window that there is, under a name.
    async fn of(page: &'a Page, name: &'static str) -> Self {
        let window = page.client().window().await.unwrap();
        Class {
            page,
            windows: vec![(name, window)],
        }
    }

    /// A window of its own for one more, at an address.
    async fn open(&mut self, name: &'static str, size: Size, address: &str) {
        let window = self.page.client().new_window(true).await.unwrap();
        self.windows.push((name, window.handle));
        self.to(name).await;
        self.page.resize(size).await;
        self.page.go(address).await;
    }

    /// Looks at somebody's window.
    async fn to(&self, name: &str) -> &'a Page {
        let (_, window) = self.windows.iter().find(|it| it.0 == name).unwrap();
        let client = self.page.client();
        client.switch_to_window(window.clone()).await.unwrap();
        self.page
    }

    /// Somebody new comes in by the code in the address.
    async fn join(&mut self, name: &'static str, size: Size, address: &str) {
        self.open(name, size, address).await;
        fill(self.page, "Your name", name).await;
        self.page.press("Join").await;
        self.page.find("list", "Members").await;
    }

    /// Waits until somebody's page says something.
    async fn sees(&self, name: &str, text: &str) {
        let page = self.to(name).await;
        says(page, text).await;
    }
}

/// Writes into a box in place of what stands there.
async fn fill(page: &Page, name: &str, text: &str) {
    let field = page.find("textbox", name).await;
    let all_away = [
        Key::Control.into(),
        'a',
        Key::Null.into(),
        Key::Backspace.into(),
    ];
    field.send_keys(&String::from_iter(all_away)).await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// Waits until the page says something.
async fn says(page: &Page, text: &str) {
    let there = "return document.querySelector('#room')?.textContent.includes(arguments[0])";
    page.until(&format!("“{text}”"), there, json!([text])).await;
}

/// Opens a room as a teacher would: its code, as it is in links.
async fn open_room(page: &Page) -> String {
    fill(page, "Your name", "Ada").await;
    fill(page, "Title", "Networks 1, Tuesday").await;
    page.press("Open a room").await;
    let code = "return document.querySelector('.room-big')?.textContent";
    let code = page.until("the room's code", code, json!([])).await;
    code.as_str().unwrap().replace(' ', "")
}

/// The names in the list of members, as they stand there.
async fn names(page: &Page) -> Vec<String> {
    let names = "return [...document.querySelectorAll('.room-name')].map(it => it.textContent)";
    let Value::Array(names) = page.js(names, json!([])).await else {
        panic!("no list")
    };
    let names = names.iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_class_sends_at_one_instant_loses_one_gets_it_back_and_puts_one_out() {
    let gateway = Setup::default().builtin().start().await;
    let relay = Relay::to(gateway.address()).await;
    let lobby = format!("{}#/room", url(&gateway));
    let mut found = Vec::new();
    browse(&lobby, Size::WIDE, async |page| {
        page.expect_error(BROKEN);
        page.js(&axe(), json!([])).await;
        let mut class = Class::of(page, "Ada").await;
        page.connection("Connected").await;
        look(page, "room-lobby", &mut found).await;
        let code = open_room(page).await;
        look(page, "room-teacher-alone", &mut found).await;

        let join = format!("{}#/join/{code}", url(&gateway));
        for name in ["heron", "lynx", "wren", "ibex"] {
            let size = if name == "heron" { Size::PHONE } else { Size::WIDE };
            class.open(name, size, &join).await;
            fill(page, "Your name", name).await;
            page.press("Join").await;
            says(page, "Waiting for the teacher").await;
        }
        let shaky = format!("http://{}/#/join/{code}", relay.address);
        class.join("moth", Size::WIDE, &shaky).await;

        class.to("heron").await;
        page.find("tab", "Room").await.click().await.unwrap();
        page.press("Raise hand").await;
        class.sees("Ada", "hand up").await;
        assert_eq!(names(page).await[0], "heron");

        // The one whose cable is pulled is here again by itself, as who it was.
        relay.cut();
        class.to("moth").await;
        page.connection("Connected").await;
        says(page, "here · in memory only").await;

        class.to("Ada").await;
        page.choose("Target for everyone", "iterative").await;
        page.press("Everyone send now").await;
        says(page, "Everyone is about to").await;
        page.picture("room-teacher-countdown").await;
        for name in ["heron", "lynx", "wren", "ibex", "moth"] {
            class.to(name).await;
            if name == "heron" {
                page.find("tab", "Send").await.click().await.unwrap();
            }
            says(page, "Replied in").await;
        }
        class.sees("Ada", "Everyone sent to").await;
        page.js(&axe(), json!([])).await;
        look(page, "room-teacher", &mut found).await;
        page.choose("Theme", "Dark").await;
        look(page, "room-teacher-dark", &mut found).await;
        page.choose("Theme", "System").await;
        class.to("heron").await;
        page.js(&axe(), json!([])).await;
        look(page, "room-phone-send", &mut found).await;
        for tab in ["Log", "Picture", "Room"] {
            page.find("tab", tab).await.click().await.unwrap();
            look(page, &format!("room-phone-{}", tab.to_lowercase()), &mut found).await;
        }
        page.resize(Size::SMALL).await;
        page.choose("Theme", "Dark").await;
        look(page, "room-small-dark-room", &mut found).await;
        page.find("tab", "Send").await.click().await.unwrap();
        look(page, "room-small-dark-send", &mut found).await;
        class.to("lynx").await;
        page.js(&axe(), json!([])).await;
        look(page, "room-student", &mut found).await;

        class.to("Ada").await;
        page.press("What can be done about wren").await;
        page.press("Put out …").await;
        page.find("dialog", "Put wren out of the room?").await;
        look(page, "room-remove", &mut found).await;
        page.press("Put wren out").await;
        class.sees("wren", "A teacher put you out of the room.").await;
        class.to("Ada").await;
        let left = "return ![...document.querySelectorAll('.room-name')].some(it => it.textContent === 'wren')";
        page.until("wren to be gone", left, json!([])).await;
        assert!(found.is_empty(), "barriers:\n{}", found.join("\n"));
    })
    .await;
}

/// The room's links, as the tab that opened it keeps them.
async fn link(page: &Page, name: &str) -> String {
    let link = "return JSON.parse(sessionStorage['chalkwire.room']).links[arguments[0]]";
    let link = page.js(link, json!([name])).await;
    link.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_class_is_led_and_survives_a_killed_gateway_and_the_projector_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::default().builtin().data(folder.path());
    let mut gateway = setup.start().await;
    let lobby = format!("{}#/room", url(&gateway));
    let mut found = Vec::new();
    browse(&lobby, Size::WIDE, async |page| {
        page.expect_error(BROKEN);
        let mut class = Class::of(page, "Ada").await;
        let code = open_room(page).await;
        let view = link(page, "view").await;
        let join = format!("{}#/join/{code}", url(&gateway));
        class.join("otter", Size::WIDE, &join).await;
        class.open("projector", Size::WIDE, &view).await;
        says(page, "1 here").await;

        // Where the teacher leads, who follows goes; and comes back when it is over.
        class.to("Ada").await;
        let place = "2 · A stream has no boundaries";
        page.choose("Follow me: show everyone", place).await;
        class.to("otter").await;
        page.find("heading", place).await;
        let bar = page.find("region", "Your room").await;
        page.js(&axe(), json!([])).await;
        look(page, "room-bar", &mut found).await;
        page.find_in(&bar, "link", "Networks 1, Tuesday").await;
        page.find("link", "Lab").await.click().await.unwrap();
        page.press("Back to the teacher").await;
        page.find("heading", place).await;
        class.to("Ada").await;
        let nothing = "nothing: each where they are";
        page.choose("Follow me: show everyone", nothing).await;
        class.sees("otter", "Waiting for the teacher").await;

        page.press("Send").await;
        class.sees("Ada", "otter → line: replied").await;
        class.sees("Ada", "here · saved").await;
        gateway.program.signal(Signal::KILL);
        gateway.program.ended().await;
        page.connection("retrying").await;
        // What is told meanwhile is done once the room is there again.
        class.to("otter").await;
        page.press("Raise hand").await;
        look(page, "room-dropped", &mut found).await;
        let gateway = setup.clone().listen(gateway.address()).start().await;
        class.sees("Ada", "hand up").await;
        let feed = "return document.querySelector('.room-feed').textContent";
        let feed = page.js(feed, json!([])).await;
        let feed = feed.as_str().unwrap();
        for once in [
            "otter raised a hand",
            "otter → line: replied",
            "otter came in",
        ] {
            assert_eq!(feed.matches(once).count(), 1, "{once} in {feed}");
        }
        // An experiment for all, with one seed.
        page.choose("What everyone does", "run 2 · A stream has no boundaries")
            .await;
        page.press("Everyone send now").await;
        class.sees("otter", "Look into this experiment").await;
        class.sees("Ada", "otter found:").await;
        page.js(&axe(), json!([])).await;
        look(page, "room-found", &mut found).await;

        class.to("projector").await;
        says(page, "1 here").await;
        page.js(&axe(), json!([])).await;
        look(page, "room-projector", &mut found).await;
        assert!(found.is_empty(), "barriers:\n{}", found.join("\n"));
        drop(gateway);
        for name in ["projector", "otter", "Ada"] {
            class.to(name).await;
        }
    })
    .await;
}

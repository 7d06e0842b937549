//! Brings the place that the address names into sight, and loads its program when it is first asked for.

use std::cell::Cell;

use web_sys::EventTarget;

use crate::browser::{self, Listener};
use crate::components::app::App;
use crate::place::Place;

/// Begins to follow the address, for as long as the page is there.
pub fn begin() {
    let drawn = Cell::new(Drawn::default());
    enter(&drawn, true);
    if let Some(window) = browser::window().map(EventTarget::from) {
        let listener = Listener::new(window, "hashchange", move |_| enter(&drawn, false));
        // The page has no end before the window's.
        std::mem::forget(listener);
    }
}

/// What was drawn so far.
#[derive(Clone, Copy, Default)]
struct Drawn {
    now: Option<Place>,
    lab: bool,
    second: bool,
}

fn enter(drawn: &Cell<Drawn>, first: bool) {
    let place = browser::place();
    let mut it = drawn.get();
    if it.now == Some(place) {
        return;
    }
    it.now = Some(place);
    for each in Place::ALL {
        if let Some(root) = browser::element(each.id()) {
            // An attribute of every element.
            let _ = root.toggle_attribute_with_force("hidden", each != place);
        }
    }
    match place {
        Place::Lab => {
            browser::set_title("Chalkwire: the Lab");
            if !std::mem::replace(&mut it.lab, true)
                && let Some(root) = browser::element(place.id())
            {
                yew::Renderer::<App>::with_root(root).render();
            }
            if !first {
                browser::focus(crate::pages::lab::MAIN_ID);
            }
        }
        // One program draws both, and gives the page its title and the focus.
        Place::Experiments | Place::Room => {
            if !std::mem::replace(&mut it.second, true) {
                load(place.id());
            }
        }
    }
    drawn.set(it);
}

/// Loads the second program and its style, whose names stand on the element of the experiments; until
/// it is there, the element of that id says so.
fn load(id: &str) -> Option<()> {
    let document = browser::window()?.document()?;
    let root = browser::element(id)?;
    let named = browser::element(Place::Experiments.id())?;
    root.set_inner_html("<p class=\"loading\" role=\"status\">Loading …</p>");
    let style = document.create_element("link").ok()?;
    style.set_attribute("rel", "stylesheet").ok()?;
    style
        .set_attribute("href", &named.get_attribute("data-style")?)
        .ok()?;
    let script = document.create_element("script").ok()?;
    script.set_attribute("type", "module").ok()?;
    script
        .set_attribute("src", &named.get_attribute("data-script")?)
        .ok()?;
    // The script did not come; or what it loads did not, which it tells its element.
    for target in [EventTarget::from(script.clone()), named.into()] {
        let root = root.clone();
        let failed = Listener::new(target, "error", move |_| {
            root.set_inner_html(
                "<p class=\"loading\" role=\"alert\">This could not be loaded: is the gateway still there? Reload the page to try again.</p>",
            );
        });
        std::mem::forget(failed);
    }
    let head = document.head()?;
    head.append_child(&style).ok()?;
    head.append_child(&script).ok()?;
    Some(())
}

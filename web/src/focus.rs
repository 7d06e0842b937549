//! Keeps the focus in its region when what had it is taken away, or can't have it any more.
//!
//! A browser gives such a focus to the page as a whole: whoever goes by keyboard or listens to the
//! page would begin again at its top.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::browser::{self, Listener};

/// What can take the focus over for all that is in it.
const REGION: &str = "[tabindex='-1']";

/// What had the focus last, and the region around it.
#[derive(Clone)]
struct Held {
    by: Element,
    region: HtmlElement,
}

/// Watches the focus for as long as it is there.
#[derive(Default)]
pub struct Keeper {
    held: Rc<RefCell<Option<Held>>>,
    _listeners: [Option<Listener>; 2],
}

impl Keeper {
    /// Begins to watch.
    pub fn new() -> Self {
        let held = Rc::<RefCell<Option<Held>>>::default();
        let noted = held.clone();
        let came = Listener::window("focusin", move |event| {
            let by: Option<Element> = event.target().and_then(|it| it.dyn_into().ok());
            *noted.borrow_mut() = by.and_then(|by| {
                let region = by.closest(REGION).ok().flatten()?;
                let region = region.dyn_into().ok()?;
                Some(Held { by, region })
            });
        });
        // What a press takes away is gone once the page is drawn, which is right after the event.
        let (pressed, mut after) = (held.clone(), None);
        let press = Listener::window("click", move |_| {
            let held = pressed.clone();
            after.replace(Timeout::new(0, move || keep(&held)));
        });
        Keeper {
            held,
            _listeners: [came, press],
        }
    }

    /// Looks whether the focus is lost, and puts it on the region that it was in.
    pub fn look(&self) {
        keep(&self.held);
    }
}

fn keep(held: &RefCell<Option<Held>>) {
    // A copy: to focus is an event, which notes what has the focus.
    let Some(Held { by, region }) = held.borrow().clone() else {
        return;
    };
    let can_have_it = by.is_connected() && !by.matches(":disabled").unwrap_or(false);
    let document = browser::window().and_then(|it| it.document());
    let now = document.and_then(|it| it.active_element());
    let elsewhere = now.is_some_and(|it| it != by && it.tag_name() != "BODY");
    if !can_have_it && !elsewhere {
        // A region behind a dialog does not get it.
        let _ = region.focus();
    }
}

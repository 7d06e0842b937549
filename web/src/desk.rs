//! What a place of the page is drawn from.

use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;

use yew::AttrValue;

use crate::browser;

/// A place's state, to be read while drawing. Two are the same as long as nothing has changed.
#[derive(Debug)]
pub struct Desk<S> {
    state: Rc<RefCell<S>>,
    revision: u64,
    /// The page's own address, with which the gateway's paths begin.
    pub base: AttrValue,
    /// Minutes that the local time is east of UTC.
    pub zone_min: i32,
    /// When this was drawn, in ms since 1970.
    pub now_ms: f64,
}

impl<S> Desk<S> {
    /// The state.
    pub fn state(&self) -> Ref<'_, S> {
        self.state.borrow()
    }

    /// The state, to be changed: [`Desk::turn`] has it drawn.
    pub(crate) fn change(&self) -> RefMut<'_, S> {
        self.state.borrow_mut()
    }

    /// Something may have changed, and is to be drawn as of now.
    pub(crate) fn turn(&mut self, now_ms: f64) {
        self.revision += 1;
        self.now_ms = now_ms;
    }
}

impl<S: Default> Default for Desk<S> {
    fn default() -> Self {
        Desk {
            state: Rc::default(),
            revision: 0,
            base: browser::base().into(),
            zone_min: browser::zone_min(),
            now_ms: 0.0,
        }
    }
}

impl<S> Clone for Desk<S> {
    fn clone(&self) -> Self {
        Desk {
            state: self.state.clone(),
            base: self.base.clone(),
            ..*self
        }
    }
}

impl<S> PartialEq for Desk<S> {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && Rc::ptr_eq(&self.state, &other.state)
    }
}

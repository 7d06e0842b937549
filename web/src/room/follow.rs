//! Follow-me: where the teacher leads, and the way back to it.

use chalkwire_shared::role::Role;

use super::{Effect, Seat};

/// How a page stands to where the teacher leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Led<'a> {
    /// Nobody leads, or one does not follow.
    No,
    /// One is where the teacher leads.
    There(&'a str),
    /// One follows and is elsewhere.
    Strayed(&'a str),
    /// The teacher leads there, and one does not follow.
    Left(&'a str),
}

impl Seat {
    /// How this page stands to where the teacher leads.
    pub fn led(&self) -> Led<'_> {
        let Some(inside) = &self.inside else {
            return Led::No;
        };
        let Some(place) = inside.facts().showing.as_deref() else {
            return Led::No;
        };
        match inside.me() {
            Some(me) if me.role != Role::Student => Led::No,
            None => Led::No,
            Some(me) if !me.follows => Led::Left(place),
            Some(_) if path(&self.fragment) == path(place) => Led::There(place),
            Some(_) => Led::Strayed(place),
        }
    }

    /// Goes where the teacher leads, if that is a new place; back when it leads no more.
    pub(super) fn follow(&mut self, out: &mut Vec<Effect>) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        if !inside.replica.is_known() || inside.led == inside.facts().showing {
            return;
        }
        let to = inside.facts().showing.clone();
        let before = std::mem::replace(&mut inside.led, to.clone());
        let follows = inside
            .me()
            .is_some_and(|it| it.role == Role::Student && it.follows);
        if !follows {
            return;
        }
        match (to, before) {
            (Some(to), _) => out.push(Effect::Go(to)),
            // Whoever has gone elsewhere by then stays there.
            (None, Some(before)) if path(&before) == path(&self.fragment) => {
                out.push(Effect::Go("#/room".to_owned()));
            }
            (None, _) => {}
        }
    }

    /// Goes where the teacher is.
    pub(super) fn catch_up(&self, out: &mut Vec<Effect>) {
        if let Some(place) = self
            .inside
            .as_ref()
            .and_then(|it| it.facts().showing.clone())
        {
            out.push(Effect::Go(place));
        }
    }
}

/// A place without its settings, which one may turn oneself.
fn path(fragment: &str) -> &str {
    let fragment = fragment.trim_start_matches('#');
    fragment.split('?').next().unwrap_or_default()
}

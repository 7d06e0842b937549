//! What only a screen reader hears.

use yew::prelude::*;

use crate::told::Told;

/// The latest summary. Under the same key its text would be left alone if it is the same once more, and
/// nobody would hear it.
pub fn view(told: &Told) -> Html {
    html! {
        <p class="unseen" aria-live="polite"><span key={told.no}>{ &told.text }</span></p>
    }
}

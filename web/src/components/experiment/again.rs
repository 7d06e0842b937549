//! This run, again: a link that repeats it, and one for a frame of another page.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::components::download::copy;
use crate::experiment::{Experiment, Settings};

/// What the links are made of.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The fragment that repeats the run.
    pub fragment: AttrValue,
    /// Its seed.
    pub seed: u32,
    /// The page's own address.
    pub base: AttrValue,
}

/// The link that repeats a run, in the page or in a frame.
pub fn link(base: &str, fragment: &str, embed: bool) -> String {
    let page = base.split(['?', '#']).next().unwrap_or_default();
    let query = if embed { "?embed" } else { "" };
    format!("{page}{query}{fragment}")
}

/// The fragment of an experiment with its settings.
pub fn fragment(experiment: &Experiment, settings: &Settings) -> AttrValue {
    settings.to_fragment(experiment).into()
}

/// Two buttons that copy, and what became of it.
#[component]
pub fn Again(props: &Props) -> Html {
    let status = use_state_eq(|| None::<(String, bool)>);
    let button = |label: &'static str, embed: bool| {
        let text = link(&props.base, &props.fragment, embed);
        let status = status.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            let (status, text) = (status.clone(), text.clone());
            spawn_local(async move {
                let copied = copy(&text).await;
                status.set(Some((text, copied)));
            });
        });
        html! { <button class="small" {onclick}>{ label }</button> }
    };
    html! {
        <section class="exp-again" aria-labelledby="exp-again">
            <h2 id="exp-again">{ "This run, again" }</h2>
            <p class="soft">{ format!("The link repeats it, seed {} and all.", props.seed) }</p>
            <div class="buttons">
                { button("Copy link", false) }
                { button("Copy embed link", true) }
            </div>
            <div role="status">
                if let Some((text, copied)) = &*status {
                    <p class="soft">
                        { if *copied { "Copied:" } else { "Your browser does not let this page copy: select it and copy it." } }
                    </p>
                    <p class="exp-link" tabindex="0">{ text.clone() }</p>
                }
            </div>
        </section>
    }
}

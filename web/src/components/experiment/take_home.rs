//! Take it home: the experiment as programs for the learner's own machine.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::components::download::{copy, download};
use crate::experiment::{Experiment, Settings};
use crate::take_home::recipe::recipes_of;
use crate::take_home::{Program, Recipe};

/// What the programs are made of.
#[derive(Clone, Properties)]
pub struct Props {
    /// The experiment.
    pub experiment: &'static Experiment,
    /// The settings that the programs are to have.
    pub settings: Settings,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.experiment.slug == other.experiment.slug && self.settings == other.settings
    }
}

/// A button for each program, which shows it; it can be copied and saved from there.
#[component]
pub fn TakeHome(props: &Props) -> Html {
    let part = use_state_eq(|| 0_usize);
    let open = use_state_eq(|| None::<Program>);
    let status = use_state_eq(|| "");
    let recipes = recipes_of(props.experiment, &props.settings);
    let at = (*part).min(recipes.len().saturating_sub(1));
    let Some(recipe) = recipes.get(at) else {
        return Html::default();
    };
    let choose = |to: usize| {
        let (part, status) = (part.clone(), status.clone());
        Callback::from(move |_: MouseEvent| {
            part.set(to);
            status.set("");
        })
    };
    let button = |program: Program| {
        let shown = *open == Some(program);
        let onclick = {
            let (open, status) = (open.clone(), status.clone());
            Callback::from(move |_: MouseEvent| {
                open.set((!shown).then_some(program));
                status.set("");
            })
        };
        let disabled = program.text(recipe).is_none();
        html! {
            <button type="button" class="small" {onclick} {disabled} aria-expanded={shown.to_string()}>
                { program.label() }
            </button>
        }
    };
    let shown = open.and_then(|program| Some((program, program.text(recipe)?)));
    html! {
        <section class="programs exp-home" aria-labelledby="exp-home">
            <h2 id="exp-home">{ "Take it home" }</h2>
            <p class="soft">{ "The same on your own machine, with these settings: short programs without anything of Chalkwire in them." }</p>
            if recipes.len() > 1 {
                <div class="buttons" role="group" aria-label="Part of the experiment">
                    { for recipes.iter().enumerate().map(|(to, it)| html! {
                        <button type="button" class="small" aria-pressed={(to == at).to_string()} onclick={choose(to)}>
                            { it.name.clone() }
                        </button>
                    }) }
                </div>
            }
            <div class="buttons" role="group" aria-label="Program">
                { for Program::ALL.into_iter().map(button) }
            </div>
            if recipe.server.is_none() {
                <p class="note">{ "Nothing is to listen here, so there is no server." }</p>
            }
            if let Some((program, text)) = shown {
                { listing(recipe, program, text, &status) }
            }
        </section>
    }
}

fn listing(
    recipe: &Recipe,
    program: Program,
    text: String,
    status: &UseStateHandle<&'static str>,
) -> Html {
    let copied = {
        let (status, text) = (status.clone(), text.clone());
        Callback::from(move |_: MouseEvent| {
            let (status, text) = (status.clone(), text.clone());
            spawn_local(async move {
                status.set(match copy(&text).await {
                    true => "Copied.",
                    false => {
                        "Your browser does not let this page copy: select the text and copy it."
                    }
                });
            });
        })
    };
    let saved = {
        let text = text.clone();
        Callback::from(move |_: MouseEvent| {
            // A browser that saves nothing has told so itself.
            let _ = download(program.file(), "text/plain", &text);
        })
    };
    let label = match recipe.name.as_str() {
        "" => program.label().to_owned(),
        name => format!("{}, {name}", program.label()),
    };
    html! {
        <div class="program">
            <p class="note">{ "Run it: " }<code>{ program.run() }</code></p>
            <pre tabindex="0" role="group" aria-label={label}>{ text }</pre>
            <div class="buttons">
                <button type="button" class="small" onclick={copied}>{ "Copy program" }</button>
                <button type="button" class="small" onclick={saved}>{ format!("Save {}", program.file()) }</button>
            </div>
            <p class="note" role="status">{ **status }</p>
        </div>
    }
}

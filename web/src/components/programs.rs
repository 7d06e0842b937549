//! The exchange to take home: a button for each language, which copies the program and shows it.

use bytes::Bytes;
use chalkwire_shared::target::{Kind, TargetUrl};
use js_sys::futures::spawn_local;
use yew::prelude::*;

use super::download::copy;
use crate::take_home::{Language, program};

/// What the programs need.
#[derive(Properties, PartialEq)]
pub struct ProgramsProps {
    /// The target's name.
    pub target: AttrValue,
    /// The target's kind.
    pub kind: Kind,
    /// The target's URL, where the operator shows it.
    #[prop_or_default]
    pub url: Option<AttrValue>,
    /// The page's address, with which the gateway's paths begin.
    pub base: AttrValue,
    /// What is sent.
    pub bytes: Bytes,
}

/// Buttons that copy the exchange as a program.
#[component]
pub fn Programs(props: &ProgramsProps) -> Html {
    let open = use_state_eq(|| None::<Language>);
    // Which program, and what became of it.
    let status = use_state_eq(|| (String::new(), ""));
    let url = props
        .url
        .as_ref()
        .and_then(|url| url.parse::<TargetUrl>().ok());
    let write = |language| {
        program(
            language,
            (&props.target, props.kind),
            url.as_ref(),
            &props.base,
            &props.bytes,
        )
    };

    let button = |language: Language| {
        let text = write(language);
        let disabled = text.is_none();
        let onclick = {
            let (open, status) = (open.clone(), status.clone());
            Callback::from(move |_: MouseEvent| {
                let (status, text) = (status.clone(), text.clone().unwrap_or_default());
                open.set(Some(language));
                spawn_local(async move {
                    let said = match copy(&text).await {
                        true => "Copied.",
                        false => {
                            "Your browser does not let this page copy: select the text and copy it."
                        }
                    };
                    status.set((text, said));
                });
            })
        };
        let label = language.label(props.kind);
        html! {
            <button type="button" class="small" {onclick} {disabled}
                aria-expanded={(*open == Some(language)).to_string()}
                aria-label={format!("Copy as {label}")}>{ label }</button>
        }
    };
    let close = {
        let open = open.clone();
        Callback::from(move |_| open.set(None))
    };
    let shown = open.and_then(|language| Some((language, write(language)?)));
    html! {
        <div class="programs">
            <div class="buttons">{ for Language::ALL.into_iter().map(button) }</div>
            if url.is_none() {
                <p class="note">{ "The operator does not show this target's address; curl goes through the gateway." }</p>
            }
            <p class="note" role="status">
                { shown.as_ref().filter(|it| it.1 == status.0).map_or("", |_| status.1) }
            </p>
            if let Some((language, text)) = shown {
                <div class="program">
                    <pre tabindex="0" role="group" aria-label={format!("Program for {}", language.label(props.kind))}>{ text }</pre>
                    <button type="button" class="small" onclick={close}>{ "Hide" }</button>
                </div>
            }
        </div>
    }
}

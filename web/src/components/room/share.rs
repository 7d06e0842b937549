//! How others come in: the code, and the links that can be copied.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use crate::components::class::qr::Qr;
use crate::components::download::copy;
use crate::room::inside::Inside;

/// What is shared.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The code, as it is written on the board.
    pub code: AttrValue,
    /// The page's address for those who come by the code.
    pub join: AttrValue,
    /// The links with secrets, where this tab has them: what each is for, what is copied.
    pub links: Vec<(&'static str, &'static str, AttrValue)>,
}

/// The code and the links, for who may hand them out.
pub fn of(inside: &Inside) -> Html {
    let Some(code) = inside.code.clone() else {
        return Html::default();
    };
    let mut links = Vec::new();
    if let Some(it) = &inside.links {
        let view = AttrValue::from(it.view.expose().to_owned());
        let teach = AttrValue::from(it.teach.expose().to_owned());
        links.push(("Copy view link", "for the projector, or a parent", view));
        links.push((
            "Copy teach link",
            "for yourself and other teachers: keep it",
            teach,
        ));
    }
    html! { <Share {code} join={inside.join.clone()} {links} /> }
}

/// The code, large, and buttons that copy.
#[component]
pub fn Share(props: &Props) -> Html {
    let status = use_state_eq(String::new);
    let button = |label: &'static str, text: AttrValue| {
        let status = status.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            let (status, text) = (status.clone(), text.clone());
            spawn_local(async move {
                status.set(match copy(&text).await {
                    true => "Copied.".to_owned(),
                    false => format!("Your browser does not let this page copy. It is {text}"),
                });
            });
        });
        html! { <button class="small" {onclick}>{ label }</button> }
    };
    html! {
        <section class="room-card room-share" tabindex="-1" aria-labelledby="room-share">
            <h2 id="room-share">{ "Join" }</h2>
            <p class="room-big" dir="ltr">{ &props.code }</p>
            <p class="soft room-link">{ short(&props.join) }</p>
            <div class="buttons">{ button("Copy join link", props.join.clone()) }</div>
            if !props.links.is_empty() {
                <details class="room-links">
                    <summary>{ "Links to look and to teach" }</summary>
                    { for props.links.iter().map(|(label, what, text)| html! {
                        <div class="room-copy">
                            { button(label, text.clone()) }
                            <span class="soft">{ *what }</span>
                        </div>
                    }) }
                </details>
            }
            <details class="room-qr">
                <summary>{ "QR code" }</summary>
                <Qr address={props.join.clone()} told={false} />
            </details>
            <p class="soft room-said" role="status">{ (*status).clone() }</p>
        </section>
    }
}

/// An address without what every address begins with.
fn short(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

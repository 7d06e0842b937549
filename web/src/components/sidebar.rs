//! The left column: what can be reached, and which sockets are open.

use yew::prelude::*;

use crate::state::{Action, State};
use crate::wire::socket::Socket;
use crate::words::size;

/// The left column.
pub fn view(state: &State, act: &Callback<Action>) -> Html {
    let sockets: Vec<&Socket> = state.wire.sockets().collect();
    html! {
        <aside class="side" aria-label="Where to">
            <section class="targets">
                <h2>{ "Targets" }</h2>
                if state.wire.targets.is_empty() && state.wire.limits.is_some() {
                    <p class="about">{ "None: this gateway names none." }</p>
                }
                <ul>
                    { for state.wire.targets.iter().map(|target| {
                        let name = target.name.clone();
                        let pick = act.reform(move |_: MouseEvent| Action::Target(name.clone()));
                        let picked = target.name == state.target;
                        html! {
                            <li key={target.name.clone()}>
                                <button class="item" aria-pressed={picked.to_string()} onclick={pick}
                                    title={target.url.clone()}>
                                    <span class="name">{ &target.name }</span>
                                    <span class="kind">{ target.kind.as_str() }</span>
                                    <span class="about">{ &target.about }</span>
                                </button>
                            </li>
                        }
                    }) }
                </ul>
            </section>
            <section class={classes!("sockets", sockets.is_empty().then_some("none"))}>
                <h2>{ "Open sockets" }</h2>
                if sockets.is_empty() {
                    <p class="about">{ "None. “Connect” opens one that stays." }</p>
                }
                <ul>{ for sockets.into_iter().map(|it| socket(it, state, act)) }</ul>
            </section>
        </aside>
    }
}

fn socket(socket: &Socket, state: &State, act: &Callback<Action>) -> Html {
    let view = &socket.view;
    let id = view.id;
    let pick = act.reform(move |_: MouseEvent| Action::Socket(id));
    let made = state.made(id);
    let about = match (view.sent, view.received) {
        _ if view.waiting_bytes > 0 => {
            format!("waiting for credit: {}", size(view.waiting_bytes))
        }
        (0, 0) => "nothing yet".to_owned(),
        (sent, received) => format!("{sent} sent · {received} received"),
    };
    html! {
        <li key={id.0}>
            <button class="item" aria-pressed={(state.active == Some(id)).to_string()} onclick={pick}
                title={if view.peer.is_empty() { String::new() } else { format!("{} → {}", view.local, view.peer) }}>
                <span class="name">{ format!("{id} → {}", view.target) }</span>
                <span class="kind">{ view.state.as_str() }</span>
                if !made.is_empty() { <span class="about made">{ format!("✂ {made}") }</span> }
                <span class="about">{ about }</span>
            </button>
        </li>
    }
}

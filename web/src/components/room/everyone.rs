//! Everyone send now: what, to where, after which countdown, and who says nothing.

use chalkwire_shared::room::MemberId;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::Props;
use crate::experiment::{ALL, Experiment};
use crate::line_end::LineEnd;
use crate::room::Action;
use crate::room::everyone::{COUNTDOWNS, Fields};

/// The form.
#[component]
pub fn Everyone(props: &Props) -> Html {
    let seat = props.desk.state();
    let fields = &seat.everyone;
    let select = |change: fn(&mut Fields, String)| {
        props.act.reform(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            Action::Everyone(change, value)
        })
    };
    let write = |change: fn(&mut Fields, String)| {
        props.act.reform(move |event: InputEvent| {
            let value = event.target_unchecked_into::<HtmlInputElement>().value();
            Action::Everyone(change, value)
        })
    };
    let submit = props.act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Action::Arm
    });
    let picked = seat.target_for_all().map(|it| it.name.clone());
    let (idlers, idler) = (seat.idlers(), seat.idler());
    let countdown = html! {
        <label class="field">
            <span>{ "Countdown" }</span>
            <select onchange={select(|it, value| it.countdown_s = value.parse().unwrap_or(COUNTDOWNS[0]))}>
                { for COUNTDOWNS.into_iter().map(|it| html! {
                    <option value={it.to_string()} selected={it == fields.countdown_s}>
                        { format!("{it} s") }
                    </option>
                }) }
            </select>
        </label>
    };
    html! {
        <form class="room-card room-everyone" tabindex="-1" aria-labelledby="room-everyone" onsubmit={submit}>
            <h2 id="room-everyone">{ "Everyone send now" }</h2>
            <label class="field">
                <span>{ "What everyone does" }</span>
                <select onchange={select(|it, value| it.experiment = Experiment::find(&value).map(|it| it.slug))}>
                    <option value="" selected={fields.experiment.is_none()}>{ "send a message" }</option>
                    { for ALL.iter().map(|it| html! {
                        <option value={it.slug} selected={fields.experiment == Some(it.slug)}>
                            { format!("run {} · {}", it.number, it.title) }
                        </option>
                    }) }
                </select>
            </label>
            if fields.experiment.is_none() {
                <div class="room-pair">
                <label class="field">
                    <span>{ "Target for everyone" }</span>
                    <select onchange={select(|it, value| it.target = value)}>
                        { for seat.targets_for_all().map(|it| html! {
                            <option key={it.name.clone()} value={it.name.clone()}
                                selected={Some(&it.name) == picked.as_ref()}>{ &it.name }</option>
                        }) }
                    </select>
                </label>
                { countdown.clone() }
                </div>
                <div class="room-pair">
                    <label class="field">
                        <span>{ "Message for everyone" }</span>
                        <input value={fields.message.clone()} oninput={write(|it, value| it.message = value)}
                            maxlength="1000" autocomplete="off" autocapitalize="off" spellcheck="false" />
                    </label>
                    <label class="field">
                        <span>{ "Its line end" }</span>
                        <select onchange={select(|it, value| {
                            it.line_end = LineEnd::from_label(&value).unwrap_or_default();
                        })}>
                            { for LineEnd::ALL.into_iter().map(|it| html! {
                                <option value={it.label()} selected={it == fields.line_end}>{ it.label() }</option>
                            }) }
                        </select>
                    </label>
                </div>
                if !idlers.is_empty() {
                    <label class="field">
                        <span>{ "Who connects and says nothing" }</span>
                        <select onchange={select(|it, value| it.idler = value.parse().ok().map(MemberId))}>
                            <option value="" selected={idler.is_none()}>{ "nobody" }</option>
                            { for idlers.into_iter().map(|it| html! {
                                <option key={it.member.0} value={it.member.0.to_string()}
                                    selected={idler == Some(it.member)}>{ &it.name }</option>
                            }) }
                        </select>
                    </label>
                }
            } else {
                <label class="field">
                    <span>{ "Seed for everyone" }</span>
                    <input value={fields.seed.clone()} oninput={write(|it, value| it.seed = value)}
                        inputmode="numeric" maxlength="6" autocomplete="off" />
                </label>
            }
            if fields.experiment.is_some() { { countdown.clone() } }
            <button class="primary" type="submit" aria-disabled={seat.is_arming().to_string()}>{ "Everyone send now" }</button>
            if let Some(trouble) = fields.trouble { <p class="room-wrong" role="alert">{ trouble }</p> }
        </form>
    }
}

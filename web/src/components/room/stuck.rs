//! Who is stuck: connected but never replied, and which errors there are.

use chalkwire_shared::room::MemberId;
use yew::prelude::*;

use super::Props;
use crate::room::{Action, feed::Kind, sight, words};

/// Names that are listed before the others are counted.
const NAMED: usize = 12;

/// Who needs help.
pub fn view(props: &Props) -> Html {
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let stuck = sight::stuck(inside.state());
    let errors = inside.feed.errors();
    let errors_only = props.act.reform(|_: MouseEvent| Action::Kind(Kind::Errors));
    let group = |title: &'static str, members: &[MemberId]| {
        if members.is_empty() {
            return Html::default();
        }
        let name = |member: &MemberId| {
            let member = *member;
            let pick = props
                .act
                .reform(move |_: MouseEvent| Action::Of(Some(member)));
            html! { <li><button class="small" onclick={pick}>{ inside.name(member) }</button></li> }
        };
        let more = members.len().saturating_sub(NAMED);
        html! {
            <>
                <h3>{ format!("{title}: {}", members.len()) }</h3>
                <ul class="buttons">
                    { for members.iter().take(NAMED).map(name) }
                    if more > 0 { <li class="soft">{ format!("and {more} more") }</li> }
                </ul>
            </>
        }
    };
    let fine = stuck.never_replied.is_empty() && stuck.never_sent.is_empty() && errors.is_empty();
    html! {
        <section class="room-stuck" tabindex="-1" aria-labelledby="room-stuck">
            <h2 id="room-stuck">{ "Who is stuck" }</h2>
            if fine {
                <p class="soft">
                    { match stuck.here {
                        0 => "Nobody: no student is here.",
                        _ => "Nobody: every student here has had a reply.",
                    } }
                </p>
            }
            { group("Sent, and never had a reply", &stuck.never_replied) }
            { group("Never sent", &stuck.never_sent) }
            if !errors.is_empty() {
                <h3>{ "Errors by kind" }</h3>
                <ul class="room-errors">
                    { for errors.into_iter().map(|(reason, count)| html! {
                        <li title={reason.sentence()}>
                            <span class="error">{ "✕ " }{ words::short(reason) }</span>
                            <span>{ count }</span>
                        </li>
                    }) }
                </ul>
                <button class="small" onclick={errors_only}>{ "Show them in the log" }</button>
            }
        </section>
    }
}

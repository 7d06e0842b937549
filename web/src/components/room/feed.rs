//! The live feed: what happened, newest first, by member and kind.

use chalkwire_shared::role::Deed;
use chalkwire_shared::room::{Happened, RoomEvent};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::Props;
use super::feed_row::FeedRow;
use crate::room::feed::Kind;
use crate::room::{Action, words};
use crate::words::clock;

/// The feed.
pub fn view(props: &Props) -> Html {
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let feed = &inside.feed;
    let (act, zone_min) = (&props.act, props.desk.zone_min);
    let teaches = seat.may(Deed::Spotlight);
    let saved = inside.replica.saved();
    // The list of members has those who have left no more, and their names stand here.
    let gone = |event: &RoomEvent| match event.what {
        Happened::Left { member } | Happened::Removed { member } => {
            Some(member).filter(|it| teaches && feed.has_name(*it))
        }
        _ => None,
    };
    let rows = feed.shown().take(feed.most).map(|event| {
        let time = clock(event.time_us as f64 / 1000.0, zone_min);
        let sentence = words::sentence(event, |it| inside.name(it));
        html! {
            <FeedRow key={event.offset} event={event.clone()} {time} {sentence} gone={gone(event)}
                live={event.offset > saved} {teaches} act={act.clone()} />
        }
    });
    let more = feed.shown().nth(feed.most).is_some();
    let emit = act.clone();
    let kind = Callback::from(move |event: Event| {
        let label = event.target_unchecked_into::<HtmlSelectElement>().value();
        if let Some(kind) = Kind::from_label(&label) {
            emit.emit(Action::Kind(kind));
        }
    });
    let all = act.reform(|_: MouseEvent| Action::Of(None));
    let go_on = act.reform(|_: MouseEvent| Action::Hold(false));
    let older = act.reform(|_: MouseEvent| Action::More);
    html! {
        <section class="room-feed" tabindex="-1" aria-labelledby="room-feed">
            <div class="room-over">
                <h2 id="room-feed">{ "Log" }</h2>
                <label class="room-inline">
                    <span>{ "Show" }</span>
                    <select class="small" onchange={kind}>
                        { for Kind::ALL.into_iter().map(|it| html! {
                            <option value={it.label()} selected={it == feed.kind}>{ it.label() }</option>
                        }) }
                    </select>
                </label>
                if let Some(member) = feed.member {
                    <button class="small" onclick={all} aria-pressed="true">
                        { format!("only {} ", inside.name(member)) }<span aria-hidden="true">{ "✕" }</span>
                    </button>
                }
                if feed.is_held() {
                    <button class="small room-new" onclick={go_on}>
                        { match feed.waiting() {
                            0 => "Go on".to_owned(),
                            waiting => format!("{waiting} new"),
                        } }
                    </button>
                }
            </div>
            if feed.shown().next().is_none() {
                <p class="soft">
                    { match (feed.is_empty(), feed.is_held()) {
                        (true, _) => "What happens in the room stands here.",
                        (_, true) => "What stood here is too long ago: the page keeps the last 2,000 events. Go on to see what is new.",
                        _ => "Nothing of this kind yet.",
                    } }
                </p>
            }
            <ul aria-labelledby="room-feed">{ for rows }</ul>
            if more { <button class="small" onclick={older}>{ "Older" }</button> }
        </section>
    }
}

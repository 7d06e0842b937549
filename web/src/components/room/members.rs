//! The members: who is here, whose hand is up, and how the last exchange of each came out.

use chalkwire_shared::role::Deed;
use chalkwire_shared::room::{Command, MemberId};
use yew::prelude::*;

use super::Props;
use super::member::{Row, Shown};
use crate::components::dialog::Dialog;
use crate::room::{Action, sight};

/// The list.
#[component]
pub fn Members(props: &Props) -> Html {
    let open = use_state_eq(|| None::<MemberId>);
    let asked = use_state_eq(|| None::<MemberId>);
    // The same ones each time: a row in which nothing has changed is not drawn again.
    let on_open = use_callback(open.setter(), |member, open| open.set(member));
    let on_remove = use_callback(asked.setter(), |member, asked| asked.set(Some(member)));
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let teaches = seat.may(Deed::Mute);
    let state = inside.state();
    let rows = sight::in_order(state).into_iter().map(|it| {
        let mine = inside.you.member == Some(it.member);
        let shown = Shown::of(it, inside.name(it.member), mine, props.desk.zone_min);
        html! {
            <Row key={it.member.0} it={shown} picked={inside.feed.member == Some(it.member)}
                {teaches} open={*open == Some(it.member)} on_open={on_open.clone()}
                on_remove={on_remove.clone()} act={props.act.clone()} />
        }
    });
    let away = state.members.len() - inside.here();
    html! {
        <section class="room-members" tabindex="-1" aria-labelledby="room-members">
            <h2 id="room-members">{ "Members" }</h2>
            <p class="soft">
                { format!("{} here", inside.here()) }
                if away > 0 { { format!(", {away} away") } }
            </p>
            <ul aria-label="Members" tabindex="0">{ for rows }</ul>
            if let Some(member) = *asked { { ask(inside.name(member), member, &asked, &props.act) } }
        </section>
    }
}

/// Asks once more.
fn ask(
    name: String,
    member: MemberId,
    asked: &UseStateHandle<Option<MemberId>>,
    act: &Callback<Action>,
) -> Html {
    let done = {
        let asked = asked.clone();
        Callback::from(move |()| asked.set(None))
    };
    let go = {
        let (asked, act) = (asked.clone(), act.clone());
        Callback::from(move |_: MouseEvent| {
            asked.set(None);
            act.emit(Action::Tell(Command::Remove { member }));
        })
    };
    html! {
        <Dialog title={format!("Put {name} out of the room?")} done="Cancel" on_done={done}>
            <p>{ "Its page is told so. Whoever has the code can come in again under another name: lock the room to prevent that." }</p>
            <p class="more"><button class="primary room-danger" onclick={go}>{ format!("Put {name} out") }</button></p>
        </Dialog>
    }
}

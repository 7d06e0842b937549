//! What the room is doing now, and this page's part in it.

use std::rc::Rc;

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Armed, Command};
use yew::prelude::*;

use super::Props;
use crate::components::experiment::see::See;
use crate::experiment::Settings;
use crate::room::inside::Inside;
use crate::room::mine::Fate;
use crate::room::part::{Stage, Why, idles};
use crate::room::{Action, Seat, sight, words};
use crate::words::millis;

/// What goes on.
pub fn view(props: &Props) -> Html {
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let run = inside
        .armed()
        // Once it is over, its picture says more; whoever took part has an own part in it.
        .filter(|it| !it.over || (took_part(inside, it) && inside.you.role == Role::Student));
    html! {
        <section class="room-now" tabindex="-1" aria-labelledby="room-now">
            <h2 id="room-now">{ "Now" }</h2>
            { match run {
                Some(armed) => present(&seat, inside, armed, props),
                None => idle(inside),
            } }
        </section>
    }
}

/// Whether this page was part of it.
fn took_part(inside: &Inside, armed: &Armed) -> bool {
    inside.part.as_ref().is_some_and(|it| it.run == armed.run)
}

fn idle(inside: &Inside) -> Html {
    let text = match (inside.you.role, inside.facts().paused) {
        (Role::Teacher, _) => {
            "The class waits for you: have everyone send, or lead them somewhere."
        }
        (Role::Viewer, _) => "Nobody was told to send yet.",
        (Role::Student, true) => "Sending is paused. Wait for the teacher.",
        (Role::Student, false) => {
            "Waiting for the teacher. Meanwhile, try it yourself: what you send is real."
        }
    };
    html! { <p>{ text }</p> }
}

fn present(seat: &Seat, inside: &Inside, armed: &Armed, props: &Props) -> Html {
    let left_ms = seat.until(armed, props.desk.now_ms);
    let counts = left_ms.filter(|it| *it > 0.0 && !armed.over);
    let call_off = {
        let run = armed.run;
        props
            .act
            .reform(move |_: MouseEvent| Action::Tell(Command::CallOff { run }))
    };
    let teaches = inside.you.role == Role::Teacher;
    let (done, of) = sight::progress(inside.state());
    html! {
        <>
            if let Some(left_ms) = counts {
                <div class="room-count">
                    <span class="room-number" aria-hidden="true">{ (left_ms / 1000.0).ceil() }</span>
                    <p>{ format!("Everyone is about to {}.", words::plan(armed)) }</p>
                </div>
            } else {
                <p>{ headline(armed) }</p>
            }
            { part(inside, armed, counts.is_some()) }
            if teaches && !armed.over {
                if counts.is_none() { <p class="soft">{ format!("{done} of {of} are done.") }</p> }
                <button class="small" onclick={call_off}>
                    { if counts.is_some() { "Call it off" } else { "End it now" } }
                </button>
            }
            { vague(seat, inside) }
            { experiment(inside, armed) }
        </>
    }
}

fn headline(armed: &Armed) -> String {
    let what = words::plan(armed);
    match armed.over {
        true => format!("It is over. Everyone was told to {what}."),
        false => format!("Everyone was told to {what}."),
    }
}

/// What this page does in it.
fn part(inside: &Inside, armed: &Armed, counts: bool) -> Html {
    let Some(part) = inside.part.as_ref().filter(|it| it.run == armed.run) else {
        return Html::default();
    };
    let idler = inside.you.member.is_some_and(|it| idles(armed, it));
    let (class, text) = match part.stage {
        // Whoever teaches knows.
        Stage::Out(Why::Teaches) => return Html::default(),
        Stage::Out(why) => ("control", why.sentence().to_owned()),
        Stage::Waiting if !counts => return Html::default(),
        Stage::Waiting if idler => (
            "made",
            "✂ You are the one who connects and says nothing: see what that does to the others."
                .to_owned(),
        ),
        Stage::Waiting if inside.you.role == Role::Teacher => return Html::default(),
        Stage::Waiting => ("control", "Your page does it by itself.".to_owned()),
        Stage::Done { .. } if armed.plan.experiment.is_some() => return Html::default(),
        Stage::Done { late_ms } => {
            let fate = inside.mine.of_run(armed.run).map(|it| &it.fate);
            done(fate, late_ms, idler)
        }
    };
    html! { <p class={classes!("room-part", class)}>{ text }</p> }
}

fn done(fate: Option<&Fate>, late_ms: f64, idler: bool) -> (&'static str, String) {
    let late = match late_ms > 30.0 {
        true => format!(
            " Your page was {} late: it was busy, or asleep.",
            millis(late_ms)
        ),
        false => String::new(),
    };
    let (class, text) = match fate {
        None | Some(Fate::UnderWay) if idler => (
            "made",
            "✂ Connected, and silent: the server waits for you.".to_owned(),
        ),
        None | Some(Fate::UnderWay) => ("sent", "▶ Sent. Waiting for the reply …".to_owned()),
        Some(Fate::Replied { ms, .. }) => {
            ("received", format!("◀ Replied in {}.", millis(*ms)))
        }
        Some(Fate::Silent) if idler => ("made", "✂ You said nothing, and it is over.".to_owned()),
        Some(Fate::Silent) => ("control", "● Closed without a reply.".to_owned()),
        Some(Fate::Failed(_, detail)) => ("error", format!("✕ {detail}")),
        Some(Fate::Unknown) => (
            "error",
            "✕ The connection to the gateway dropped under it: nobody can say whether it was done. \
             It is not sent again."
                .to_owned(),
        ),
    };
    (class, text + &late)
}

/// A page whose clock is only roughly known says so.
fn vague(seat: &Seat, inside: &Inside) -> Html {
    let sends = inside.you.role == Role::Student;
    let Some(ms) = seat.vague_ms().filter(|_| sends) else {
        return Html::default();
    };
    html! {
        <p class="soft">
            { format!("Your way to the gateway is slow: your page may begin up to {} too early or too late.", millis(ms)) }
        </p>
    }
}

/// The room's experiment, as this page runs it.
fn experiment(inside: &Inside, armed: &Armed) -> Html {
    let Some(place) = &armed.plan.experiment else {
        return Html::default();
    };
    let progress = inside.progress().map(|it| it.to_string());
    let shown = inside.shown.as_ref();
    let experiment = Settings::from_fragment(place).map(|it| it.0);
    html! {
        <>
            if let Some(text) = progress { <p class="soft">{ format!("Your page: {text}.") }</p> }
            if let (Some(run), Some(experiment)) = (shown, experiment) {
                <p class="room-part received">
                    { match experiment.finding(run) {
                        Ok(finding) => finding.measured,
                        Err(why) => why,
                    } }
                </p>
                <See {experiment} run={Rc::clone(run)} />
            }
            if inside.you.role != Role::Viewer {
                <p><a href={place.clone()}>{ "Look into this experiment" }</a></p>
            }
        </>
    }
}

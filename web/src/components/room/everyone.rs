//! Everyone send now: what, to where, after which countdown, and who says nothing.

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Command, MAX_PLAN_BYTES, MemberId, Plan};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::Props;
use crate::experiment::{ALL, Experiment, Settings};
use crate::line_end::LineEnd;
use crate::room::{Action, sight};
use crate::visit::MAX_SEED;

/// Countdowns that are offered, in s.
const COUNTDOWNS: [u32; 4] = [3, 5, 10, 30];

/// The form's fields.
#[derive(Clone, PartialEq)]
struct Fields {
    /// The slug of an experiment that everyone runs instead of one exchange.
    experiment: Option<&'static str>,
    target: String,
    message: String,
    line_end: LineEnd,
    seed: String,
    countdown_s: u32,
    idler: Option<MemberId>,
    trouble: Option<&'static str>,
}

/// The form.
#[component]
pub fn Everyone(props: &Props) -> Html {
    let fields = use_state_eq(|| Fields {
        experiment: None,
        target: "iterative".to_owned(),
        message: "hello".to_owned(),
        line_end: LineEnd::CrLf,
        seed: crate::experiment::settings::SEED.to_string(),
        countdown_s: COUNTDOWNS[0],
        idler: None,
        trouble: None,
    });
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let allowed = || {
        let targets = seat.wire.targets.iter();
        targets.filter(|it| inside.state().allows(&it.name))
    };
    // What is not there (any more) is not what is shown.
    let picked = allowed()
        .find(|it| it.name == fields.target)
        .or_else(|| allowed().next())
        .map(|it| it.name.clone())
        .unwrap_or_default();
    let under_way = inside.armed().is_some_and(|it| !it.over)
        || inside.waits(|it| matches!(it, Command::Arm { .. }));
    let set = |change: fn(&mut Fields, String)| {
        let fields = fields.clone();
        move |value: String| {
            let mut now = (*fields).clone();
            now.trouble = None;
            change(&mut now, value);
            fields.set(now);
        }
    };
    let select = |change: fn(&mut Fields, String)| {
        let set = set(change);
        Callback::from(move |event: Event| {
            set(event.target_unchecked_into::<HtmlSelectElement>().value());
        })
    };
    let write = |change: fn(&mut Fields, String)| {
        let set = set(change);
        Callback::from(move |event: InputEvent| {
            set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let submit = {
        let (fields, act, picked) = (fields.clone(), props.act.clone(), picked.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            match plan(&fields, &picked) {
                Ok(plan) if !under_way => {
                    let in_ms = fields.countdown_s * 1_000;
                    act.emit(Action::Tell(Command::Arm { plan, in_ms }));
                }
                Ok(_) => {}
                Err(trouble) => {
                    let mut now = (*fields).clone();
                    now.trouble = Some(trouble);
                    fields.set(now);
                }
            }
        })
    };
    let students = sight::in_order(inside.state());
    let students = students.into_iter().filter(|it| it.role == Role::Student);
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
                        { for allowed().map(|it| html! {
                            <option key={it.name.clone()} value={it.name.clone()} selected={it.name == picked}>
                                { &it.name }
                            </option>
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
                <label class="field">
                    <span>{ "Who connects and says nothing" }</span>
                    <select onchange={select(|it, value| it.idler = value.parse().ok().map(MemberId))}>
                        <option value="" selected={fields.idler.is_none()}>{ "nobody" }</option>
                        { for students.map(|it| html! {
                            <option key={it.member.0} value={it.member.0.to_string()}
                                selected={fields.idler == Some(it.member)}>{ &it.name }</option>
                        }) }
                    </select>
                </label>
            } else {
                <label class="field">
                    <span>{ "Seed for everyone" }</span>
                    <input value={fields.seed.clone()} oninput={write(|it, value| it.seed = value)}
                        inputmode="numeric" maxlength="6" autocomplete="off" />
                </label>
            }
            if fields.experiment.is_some() { { countdown.clone() } }
            <button class="primary" type="submit" aria-disabled={under_way.to_string()}>{ "Everyone send now" }</button>
            if let Some(trouble) = fields.trouble { <p class="room-wrong" role="alert">{ trouble }</p> }
        </form>
    }
}

/// What everyone is told, or why that can't be.
fn plan(fields: &Fields, target: &str) -> Result<Plan, &'static str> {
    let seed = fields.seed.trim().parse().ok();
    let seed = seed
        .filter(|it| *it <= MAX_SEED)
        .ok_or("The seed is a whole number from 0 to 999999.")?;
    let message = fields.line_end.apply(&fields.message);
    let experiment = fields.experiment.and_then(Experiment::find);
    if experiment.is_none() && (message.is_empty() || message.len() > MAX_PLAN_BYTES) {
        return Err("Write what everyone is to send: up to 1,024 bytes.");
    }
    if experiment.is_none() && target.is_empty() {
        return Err("No target is allowed in this room: allow one first.");
    }
    let sends = experiment.is_none();
    Ok(Plan {
        target: if sends {
            target.to_owned()
        } else {
            String::new()
        },
        message: if sends { message } else { String::new() },
        faults: Vec::new(),
        seed,
        idler: fields.idler.filter(|_| sends),
        experiment: experiment.map(|it| {
            let mut settings = Settings::of(it);
            settings.seed = seed;
            settings.to_fragment(it)
        }),
    })
}

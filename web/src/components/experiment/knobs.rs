//! Break it: what can be changed about an experiment, and its seed.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::components::number::{Number, typed};
use crate::experiment::settings::MAX_SEED;
use crate::experiment::{Experiment, Knob, Range};
use crate::visit::{Action, Sheet, Visit};

/// The knobs.
pub fn view(visit: &Visit, experiment: &Experiment, sheet: &Sheet, act: &Callback<Action>) -> Html {
    let running = visit.running() == Some(experiment.slug);
    let submit = act.reform(|event: SubmitEvent| {
        event.prevent_default();
        Action::Run
    });
    let restore = act.reform(|_: MouseEvent| Action::Restore);
    html! {
        <form class="exp-knobs" aria-labelledby="exp-break" onsubmit={submit}>
            <h2 id="exp-break">{ "Break it" }</h2>
            { for experiment.knobs.iter().map(|it| knob(it, sheet, act)) }
            { seed(sheet, act) }
            <button class="primary" aria-disabled={running.to_string()}>
                { "Run with these" }
            </button>
            if sheet.trouble.is_some() || !sheet.settings.is_default(experiment) {
                <button type="button" class="quiet" onclick={restore}>{ "As it was at first" }</button>
            }
        </form>
    }
}

/// The same, only to be read.
pub fn list(experiment: &Experiment, sheet: &Sheet) -> Html {
    let value = |it: &Knob| match it.range {
        Range::Number { unit, .. } => format!("{} {unit}", sheet.settings.get(it.key)),
        Range::Choice(choices) => choices
            .get(sheet.settings.get(it.key) as usize)
            .map_or_else(String::new, |(_, label)| (*label).to_owned()),
    };
    html! {
        <>
            <h2>{ "Settings" }</h2>
            <dl class="exp-settings">
                { for experiment.knobs.iter().map(|it| html! {
                    <><dt>{ it.label }</dt><dd>{ value(it) }</dd></>
                }) }
                <dt>{ "Seed" }</dt><dd>{ sheet.settings.seed }</dd>
            </dl>
        </>
    }
}

fn knob(it: &'static Knob, sheet: &Sheet, act: &Callback<Action>) -> Html {
    let (id, hint) = (format!("knob-{}", it.key), format!("knob-{}-hint", it.key));
    let value = it.to_text(sheet.settings.get(it.key));
    let key = it.key;
    let (control, unit) = match it.range {
        Range::Choice(choices) => {
            let turn = act.reform(move |event: Event| {
                let select: HtmlSelectElement = event.target_unchecked_into();
                Action::Knob(key, select.value())
            });
            let select = html! {
                <select id={id.clone()} onchange={turn} aria-describedby={hint.clone()}>
                    { for choices.iter().map(|(name, label)| html! {
                        <option value={*name} selected={*name == value}>{ *label }</option>
                    }) }
                </select>
            };
            (select, String::new())
        }
        Range::Number { min, max, unit } => {
            let turn = act.reform(move |event: Event| Action::Knob(key, typed(&event)));
            let bad = trouble_of(sheet, key).is_some();
            // "Clients (clients)" says nothing more.
            let unit = if it.label.to_lowercase().contains(unit) {
                String::new()
            } else {
                format!(" ({unit})")
            };
            let number = html! {
                <Number id={id.clone()} hint={hint.clone()} {min} {max} {value} {bad} {turn} />
            };
            (number, unit)
        }
    };
    html! {
        <div class="field">
            <label for={id}>{ it.label }{ unit }</label>
            { control }
            { trouble(sheet, key) }
            <p id={hint} class="exp-hint">{ it.hint }</p>
        </div>
    }
}

fn seed(sheet: &Sheet, act: &Callback<Action>) -> Html {
    let turn = act.reform(|event: Event| Action::Seed(typed(&event)));
    let value = sheet.settings.seed.to_string();
    let bad = trouble_of(sheet, "seed").is_some();
    html! {
        <div class="field">
            <label for="knob-seed">{ "Seed" }</label>
            <Number id="knob-seed" hint="knob-seed-hint" min={0} max={MAX_SEED} {value} {bad}
                {turn} />
            { trouble(sheet, "seed") }
            <p id="knob-seed-hint" class="exp-hint">
                { "Where chance begins: the same seed gives the same losses, delays and cuts." }
            </p>
        </div>
    }
}

fn trouble_of<'a>(sheet: &'a Sheet, key: &str) -> Option<&'a str> {
    let (about, why) = sheet.trouble.as_ref()?;
    (*about == key).then_some(why.as_str())
}

fn trouble(sheet: &Sheet, key: &str) -> Html {
    match trouble_of(sheet, key) {
        Some(why) => html! { <p class="exp-bad" role="alert">{ why.to_owned() }</p> },
        None => Html::default(),
    }
}

//! The connection test: for people behind a school's firewall, and for whoever they ask for help.

use js_sys::futures::spawn_local;
use yew::prelude::*;

use super::download::copy;
use crate::export::iso;
use crate::probe::{Ask, Probe, State, report_text, verdict};

mod run;

use run::Run;

/// What the test found so far, step by step, with a verdict and a report to pass on.
#[component]
pub fn ConnectionTest() -> Html {
    let probe = use_state(|| None::<Probe>);
    // The run in progress; dropping it closes its WebSocket and stops its timer.
    let run = use_mut_ref(|| None::<Run>);
    let copied = use_state_eq(|| "");

    let start = {
        let (probe, run, copied) = (probe.clone(), run.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            copied.set("");
            let probe = probe.clone();
            let shown = Callback::from(move |now: Probe| probe.set(Some(now)));
            *run.borrow_mut() = Some(Run::start(run::page(), shown));
        })
    };
    let running = probe.as_ref().is_some_and(|probe| !probe.is_over());
    let label = match (&*probe, running) {
        (None, _) => "Test the connection",
        (_, true) => "Start again",
        (_, false) => "Test again",
    };
    let verdict = probe.as_ref().and_then(verdict);
    html! {
        <section class="probe" aria-label="Connection test">
            <p>
                { "Checks whether your network lets Chalkwire through: some schools’ firewalls do not. It takes about ten seconds and sends nothing but test messages to this gateway." }
            </p>
            <button type="button" class="again" onclick={start}>{ label }</button>
            if let Some(probe) = &*probe {
                <ol class="probe-steps">
                    { for probe.steps().map(|(ask, state)| step(ask, state)) }
                </ol>
            }
            <p role="status" class={match &verdict {
                Some(verdict) if verdict.works => "probe-verdict works",
                Some(_) => "probe-verdict fails",
                None => "probe-verdict",
            }}>
                { verdict.as_ref().map_or(if running { "Testing …" } else { "" }, |v| v.sentence.as_str()) }
            </p>
            if let (Some(probe), Some(_)) = (&*probe, &verdict) {
                { report(probe, &copied) }
            }
        </section>
    }
}

fn step(ask: Ask, state: &State) -> Html {
    let (class, sign, word) = match state {
        State::Waiting => ("waits", "○", "waiting"),
        State::Running => ("runs", "…", "running"),
        State::Ok(_) => ("ok", "✓", "ok"),
        State::Failed(_) => ("failed", "✕", "failed"),
        State::Skipped => ("waits", "–", "not asked"),
    };
    html! {
        <li class={class}>
            <span class="probe-sign" aria-hidden="true">{ sign }</span>
            <span class="probe-what">
                <strong>{ ask.title() }</strong>
                <span class="unseen">{ format!(": {word}") }</span>
                if let State::Ok(found) | State::Failed(found) = state {
                    <span class="probe-found">{ found.clone() }</span>
                }
                if let State::Failed(_) = state { <p>{ ask.advice() }</p> }
            </span>
        </li>
    }
}

fn report(probe: &Probe, copied: &UseStateHandle<&'static str>) -> Html {
    // Query and fragment stay here: a room's code and secrets are in them.
    let text = report_text(
        probe,
        &run::page(),
        &iso(js_sys::Date::now()),
        &run::browser(),
    );
    let onclick = {
        let (text, copied) = (text.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            let (text, copied) = (text.clone(), copied.clone());
            spawn_local(async move {
                copied.set(match copy(&text).await {
                    true => "Copied.",
                    false => {
                        "Your browser does not let this page copy: select the text and copy it."
                    }
                });
            });
        })
    };
    html! {
        <>
            <p>{ "For your teacher, or whoever runs the network:" }</p>
            <pre class="probe-report" tabindex="0" role="group" aria-label="Report">{ text }</pre>
            <button type="button" class="small" {onclick}>{ "Copy the report" }</button>
            <p class="note" role="status">{ **copied }</p>
        </>
    }
}

//! The button that runs an experiment, and what is going on at every moment.

use yew::prelude::*;

use crate::experiment::Experiment;
use crate::experiment::runner;
use crate::link::Phase;
use crate::visit::{Action, Sheet, Verdict, Visit};

/// The id of what tells of a run, to bring it into sight.
pub const ID: &str = "exp-run";

/// The button, the way to stop, and a sentence on what goes on.
pub fn view(visit: &Visit, experiment: &Experiment, sheet: &Sheet, act: &Callback<Action>) -> Html {
    let running = visit.running();
    let here = running == Some(experiment.slug);
    let run = act.reform(|_: MouseEvent| Action::Run);
    let cancel = act.reform(|_: MouseEvent| Action::Runner(runner::Action::Cancel));
    let label = if sheet.run.is_some() && !here {
        "Run again"
    } else {
        "Run"
    };
    html! {
        <div id={ID} class="exp-run">
            <button class="primary" onclick={run} aria-disabled={here.to_string()}>{ label }</button>
            if here {
                <button class="small" onclick={cancel}>{ "Cancel" }</button>
                { bar(visit) }
            }
            <p class="exp-says" role="status">{ says(visit, experiment, sheet) }</p>
        </div>
    }
}

fn bar(visit: &Visit) -> Html {
    let Some(progress) = visit.runner.progress() else {
        return Html::default();
    };
    html! {
        <progress aria-label="Steps of the run" max={progress.of.to_string()}
            value={(progress.step.saturating_sub(1)).to_string()} />
    }
}

/// What is going on, or what can be done.
fn says(visit: &Visit, experiment: &Experiment, sheet: &Sheet) -> String {
    let phase = visit.runner.wire().link.phase();
    if visit.running() == Some(experiment.slug) {
        let dropped = match phase {
            Phase::Up => None,
            Phase::Connecting | Phase::Resuming => Some("Connecting to the gateway …"),
            Phase::Waiting { .. } => {
                Some("The connection to the gateway dropped: the page tries again by itself.")
            }
            Phase::Stopped(_) => Some("The gateway does not let this page in: reload it."),
        };
        return match (dropped, visit.runner.progress()) {
            (Some(dropped), _) => dropped.to_owned(),
            (None, Some(progress)) => capital(&progress.to_string()),
            (None, None) => "Beginning …".to_owned(),
        };
    }
    match &sheet.trouble {
        Some((_, why)) if !visit.embed => {
            return why.clone() + " Change that, or put all back as it was at first; then it runs.";
        }
        Some((_, why)) if sheet.run.is_none() => return why.clone(),
        _ => {}
    }
    let finding = sheet.run.as_ref().map(|run| experiment.finding(run));
    if let Some(Err(why)) = finding {
        return why;
    }
    match (phase, sheet.predicted) {
        (Phase::Waiting { .. }, _) => {
            "Not connected to the gateway: the page tries again by itself. A run begins as soon as \
             it is there."
                .to_owned()
        }
        (Phase::Stopped(why), _) => why.clone(),
        _ if let Some(Ok(finding)) = &finding => {
            let verdict = Verdict::of(sheet.bet, finding).sentence();
            format!("{verdict} The numbers are below the picture.")
        }
        (_, None) => {
            "Guess first: it is how the picture sticks. You may run it without, too.".to_owned()
        }
        (_, Some(_)) => "Now see whether it holds.".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

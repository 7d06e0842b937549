//! The prediction: one of three answers, before the run.

use yew::prelude::*;

use crate::experiment::Experiment;
use crate::visit::{Action, Sheet};

/// The answers to choose from.
pub fn view(experiment: &Experiment, sheet: &Sheet, act: &Callback<Action>) -> Html {
    html! {
        <fieldset class="exp-predict">
            <legend class="exp-step">{ "Predict" }</legend>
            { for experiment.answers.iter().enumerate().map(|(at, answer)| {
                let pick = act.reform(move |_: Event| Action::Predict(at));
                html! {
                    <label class="exp-answer">
                        <input type="radio" name="prediction" onchange={pick}
                            checked={sheet.predicted == Some(at)} />
                        <span>{ answer.text }</span>
                    </label>
                }
            }) }
        </fieldset>
    }
}

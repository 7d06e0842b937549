//! Whether the prediction held, and the numbers that were measured.

use yew::prelude::*;

use crate::experiment::{Experiment, Run};
use crate::visit::{Sheet, Verdict};

/// The verdict on a run that is over.
pub fn view(experiment: &Experiment, sheet: &Sheet, run: &Run) -> Html {
    let Ok(finding) = experiment.finding(run) else {
        return Html::default();
    };
    let verdict = Verdict::of(sheet.bet, &finding);
    let class = match verdict {
        Verdict::Held => "held",
        Verdict::DidNotHold => "not",
        Verdict::NoBet | Verdict::NoneFits => "open",
    };
    let right = finding.answer.and_then(|at| experiment.answers.get(at));
    let usual = sheet
        .bet
        .and_then(|at| experiment.answers.get(at))
        .is_some_and(|it| it.usual);
    let as_documented = run.settings.is_default(experiment) && !finding.holds;
    html! {
        <section class={classes!("exp-check", class)} aria-labelledby="exp-check">
            <h2 id="exp-check" class="exp-step">{ "Check" }</h2>
            <div class="exp-verdict">
                <p>
                    <strong>{ verdict.sentence() }</strong>
                    { if usual && verdict == Verdict::DidNotHold { " It is what most people expect. " } else { " " } }
                    { &finding.measured }
                </p>
                if let (Verdict::DidNotHold | Verdict::NoBet, Some(right)) = (&verdict, right) {
                    <p>{ format!("This time: {}", right.text) }</p>
                }
                if as_documented {
                    <p class="soft">
                        { "This differs from what was measured on Linux 6.18 for the same settings: another system, or a busy machine. Run it again." }
                    </p>
                }
            </div>
        </section>
    }
}

//! A run: what it showed in words, everyone's picture, and how the replies are spread.

use std::rc::Rc;

use chalkwire_shared::room::Armed;
use gloo_timers::callback::Interval;
use yew::prelude::*;

use super::answers::Findings;
use super::chart::Chart;
use crate::components::latency::{Curve, Histogram};
use crate::pictures::answers::{Answers, experiment};
use crate::pictures::class::{Headline, Order, Seen, headline, spread};

/// The words are said anew so often while somebody is under way, in ms: nobody reads faster.
const AGAIN_MS: u32 = 200;

/// What is shown.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// All that is known of the run.
    pub seen: Rc<Seen>,
    /// The room's clock now, in µs since 1970.
    pub now_us: Callback<(), u64>,
    /// Minutes that the time of day is east of UTC.
    pub zone_min: i32,
}

/// A run's headline, from its figures.
#[component]
pub fn Says(props: &Props) -> Html {
    let again = use_force_update();
    let seen = &props.seen;
    let now = props.now_us.emit(());
    let class = seen.class(now, Order::Served);
    let runs = seen.armed.plan.experiment.is_some();
    let live = !seen.armed.over && (runs || class.grows() || now < seen.armed.at_us);
    use_effect_with(live, move |live| {
        let clock = live.then(|| Interval::new(AGAIN_MS, move || again.force_update()));
        move || drop(clock)
    });
    let said = headline(&class, props.zone_min, now >= seen.armed.at_us);
    html! {
        <header class="class-head">
            { title(seen, &said) }
            if seen.armed.plan.experiment.is_none() {
                <p class="class-says">{ said.says.join(" ") }</p>
                if let Some(hold) = &said.hold { <p class="class-hold">{ hold.clone() }</p> }
            }
            // Once, when it is over: what changes all the time is not read out.
            <span class="unseen" role="status">
                if !live && !class.rows.is_empty() { { told(seen, &said) } }
            </span>
        </header>
    }
}

fn title(seen: &Seen, said: &Headline) -> Html {
    match &seen.armed.plan.experiment {
        Some(place) => html! { <h2>{ ran(&seen.armed, place, said) }</h2> },
        None => html! {
            <h2>{ said.lead }{ " " }<code>{ said.target.clone() }</code>{ " " }{ said.at.clone() }</h2>
        },
    }
}

/// The heading of a run of an experiment.
fn ran(armed: &Armed, place: &str, said: &Headline) -> String {
    let runs = if armed.over { "ran" } else { "runs" };
    let title = experiment(armed).map_or(place, |it| it.title);
    format!("Everyone {runs} “{title}” {}", said.at)
}

fn told(seen: &Seen, said: &Headline) -> String {
    if let Some(place) = &seen.armed.plan.experiment {
        let found = Answers::of(seen).summary();
        return ran(&seen.armed, place, said) + ". " + &found;
    }
    let mut out = said.title();
    for sentence in said.says.iter().chain(&said.hold) {
        out.push_str(". ");
        out.push_str(sentence.trim_end_matches('.'));
    }
    out
}

/// The whole of a run, for the room's page.
#[component]
pub fn Run(props: &Props) -> Html {
    let seen = &props.seen;
    if seen.armed.plan.experiment.is_some() {
        return html! {
            <section class="class-run" aria-label="Everyone">
                <Says ..props.clone() />
                <Findings seen={seen.clone()} />
            </section>
        };
    }
    html! {
        <section class="class-run" aria-label="Everyone">
            <Says ..props.clone() />
            <Chart seen={seen.clone()} now_us={props.now_us.clone()} zone_min={props.zone_min} />
            <details class="class-why">
                <summary>{ "Why?" }</summary>
                <p>{ seen.serving.explain() }</p>
            </details>
            <Spread seen={seen.clone()} />
        </section>
    }
}

/// What the spread is drawn from.
#[derive(PartialEq, Properties)]
pub struct SpreadProps {
    /// All that is known of the run.
    pub seen: Rc<Seen>,
}

/// How the replies of a run are spread: a histogram, and the shares.
#[component]
pub fn Spread(props: &SpreadProps) -> Html {
    let series = use_memo(props.seen.clone(), |seen| {
        // The moment does not matter for what has come.
        spread(&seen.class(seen.armed.at_us, Order::Served))
            .into_iter()
            .collect::<Vec<_>>()
    });
    if series.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <Histogram series={series.clone()} />
            <details class="class-why">
                <summary>{ "As a curve of shares" }</summary>
                <Curve {series} />
            </details>
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::class::made_up::iterative;
    use chalkwire_shared::room::Found;

    #[test]
    fn of_an_experiment_its_findings_are_read_out_and_no_replies_that_nobody_sent_for() {
        let mut seen = iterative(3, None);
        seen.armed.plan.experiment = Some("#/experiments/stream?seed=7".to_owned());
        seen.armed.over = true;
        for sender in &mut seen.senders {
            sender.exchange = None;
            sender.found = Some(Found {
                run: seen.armed.run,
                answer: Some(0),
                measured: "1024".to_owned(),
                holds: true,
            });
        }
        let class = seen.class(seen.armed.at_us + 1, Order::Served);
        let said = told(&seen, &headline(&class, 0, true));
        assert!(said.starts_with("Everyone ran “"), "{said}");
        assert!(
            said.ends_with("3 runs: all came out as documented."),
            "{said}"
        );
        assert!(!said.contains("reply"), "{said}");
    }
}

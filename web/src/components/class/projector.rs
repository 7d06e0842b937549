//! The room for a wall, and for whoever holds the view link: read from the back, with nothing to press.

use std::rc::Rc;

use chalkwire_shared::room::Exchange;
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use super::answers::Findings;
use super::chart::Chart;
use super::qr::Qr;
use super::run::Says;
use super::spotlight::Spotlight;
use crate::pictures::class::Seen;

/// Lines of the feed on the wall.
const LINES: usize = 12;

/// A line of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its place in the log.
    pub offset: u64,
    /// The time of day.
    pub at: AttrValue,
    /// The sign beside its colour: `▶`, `◀`, `●`, `✕`, `✂`.
    pub sign: &'static str,
    /// The colour's name in the sheets: `sent`, `received`, `control`, `error`, `made`.
    pub class: &'static str,
    /// What happened.
    pub text: AttrValue,
}

/// Somebody's exchange that the teacher shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Whose it is, as it is called here.
    pub name: AttrValue,
    /// What the gateway saw of it.
    pub exchange: Rc<Exchange>,
    /// Whether its target takes datagrams.
    pub datagrams: bool,
}

/// What is shown.
#[derive(Clone, PartialEq, Properties)]
pub struct Props {
    /// The room's title.
    pub title: AttrValue,
    /// The heading's id, for the focus.
    #[prop_or_default]
    pub id: Option<AttrValue>,
    /// The code, in its two groups.
    pub code: AttrValue,
    /// The address that the QR code leads to.
    pub join: AttrValue,
    /// Nobody new comes in.
    #[prop_or_default]
    pub locked: bool,
    /// How many students are here.
    pub here: usize,
    /// How many hands are up.
    #[prop_or_default]
    pub hands: usize,
    /// Connection and log in a few words: `connected · saved`.
    pub state: AttrValue,
    /// Whether that is as it should be.
    pub well: bool,
    /// The present run, or the last one.
    pub run: Option<Rc<Seen>>,
    /// The room's clock now, in µs since 1970.
    pub now_us: Callback<(), u64>,
    /// Minutes that the time of day is east of UTC.
    pub zone_min: i32,
    /// What happened, newest first.
    pub feed: Rc<Vec<Line>>,
    /// The exchange that is shown to all.
    #[prop_or_default]
    pub spotlight: Option<Rc<Spot>>,
}

/// The whole wall.
#[component]
pub fn Projector(props: &Props) -> Html {
    let sign = if props.well { "●" } else { "✕" };
    html! {
        <div class="wall">
            <header class="wall-top">
                <h1 id={props.id.clone()} tabindex="-1">{ props.title.clone() }</h1>
                <p class="wall-here">
                    { props.here }{ " here" }
                    if props.hands > 0 { { " · hands up: " }{ props.hands } }
                </p>
                <p class={classes!("wall-state", (!props.well).then_some("unwell"))} role="status">
                    <span aria-hidden="true">{ sign }</span>{ " " }{ props.state.clone() }
                </p>
            </header>
            <main class="wall-main">{ main(props) }</main>
            <aside class="wall-side">
                <section class="wall-join" aria-label="Join">
                    <p class="wall-code">{ props.code.clone() }</p>
                    if props.locked {
                        <p>{ "The room is locked: nobody new comes in." }</p>
                    } else {
                        <Qr address={props.join.clone()} />
                    }
                </section>
                <section class="wall-feed" aria-label="Feed">
                    <ol>
                        { for props.feed.iter().take(LINES).map(line) }
                    </ol>
                </section>
            </aside>
        </div>
    }
}

fn main(props: &Props) -> Html {
    // What goes on now comes before what was.
    let live = props.run.as_ref().is_some_and(|it| !it.armed.over);
    if let Some(spot) = props.spotlight.as_ref().filter(|_| !live) {
        return html! {
            <Spotlight name={spot.name.clone()} exchange={spot.exchange.clone()}
                datagrams={spot.datagrams} />
        };
    }
    let Some(seen) = &props.run else {
        return html! {
            <p class="wall-empty">
                { "Scan the code, or open the address and type it in. When everyone sends, it is \
                   drawn here." }
            </p>
        };
    };
    let (now_us, zone_min) = (props.now_us.clone(), props.zone_min);
    let says = html! { <Says seen={seen.clone()} now_us={now_us.clone()} {zone_min} /> };
    let picture = match seen.armed.plan.experiment {
        Some(_) => html! { <Findings seen={seen.clone()} /> },
        None => {
            html! { <Chart seen={seen.clone()} now_us={now_us.clone()} {zone_min} large={true} /> }
        }
    };
    html! {
        <>
            { says }
            <Countdown at_us={seen.armed.at_us} over={seen.armed.over} {now_us} />
            { picture }
        </>
    }
}

fn line(it: &Line) -> Html {
    html! {
        <li key={it.offset} class={it.class}>
            <time>{ it.at.clone() }</time>
            <span class="wall-sign">{ it.sign }</span>
            <span>{ it.text.clone() }</span>
        </li>
    }
}

/// What a countdown counts to.
#[derive(PartialEq, Properties)]
pub struct CountdownProps {
    /// The instant, by the room's clock in µs since 1970.
    pub at_us: u64,
    /// It was called off, or is over.
    pub over: bool,
    /// The room's clock now.
    pub now_us: Callback<(), u64>,
}

/// Seconds to the instant, large; nothing after it.
#[component]
pub fn Countdown(props: &CountdownProps) -> Html {
    let again = use_force_update();
    let left_us = props.at_us.saturating_sub(props.now_us.emit(()));
    let counts = left_us > 0 && !props.over;
    {
        // The next whole second, and a little later than sooner.
        let wait_ms = counts.then(|| u32::try_from(left_us / 1000 % 1000 + 5).unwrap_or(1000));
        use_effect_with((wait_ms, left_us / 1_000_000), move |(wait_ms, _)| {
            let timer = wait_ms.map(|ms| Timeout::new(ms, move || again.force_update()));
            move || drop(timer)
        });
    }
    if !counts {
        return Html::default();
    }
    let seconds = left_us.div_ceil(1_000_000);
    html! {
        <p class="class-countdown" role="timer">
            <span>{ seconds }</span>{ if seconds == 1 { " second" } else { " seconds" } }
        </p>
    }
}

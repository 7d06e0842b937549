//! The sequence diagram of one socket, and the same as a table.

use std::rc::Rc;

use yew::prelude::*;

use crate::model::{ClockMap, Entry, Whose, ms_text};
use crate::sequence::step::{Ending, Life, Step, Steps, Tone};
use crate::sequence::steps::steps;
use crate::sequence::{Arrow, Picture, Shape, clock_words, draw, summary};

/// What a diagram needs.
#[derive(Properties)]
pub struct SequenceProps {
    /// The entries of one socket, in order.
    pub entries: Rc<Vec<Entry>>,
    /// How the clocks are related.
    #[prop_or_default]
    pub clock: Option<ClockMap>,
    /// The number of the entry that is selected in the log.
    #[prop_or_default]
    pub selected: Option<u32>,
}

impl PartialEq for SequenceProps {
    fn eq(&self, other: &Self) -> bool {
        // The same list is equal without being read through.
        (Rc::ptr_eq(&self.entries, &other.entries) || self.entries == other.entries)
            && self.clock == other.clock
            && self.selected == other.selected
    }
}

/// Lifelines of you, the gateway and the target, and what went between them.
///
/// It is laid out twice, for narrow and for wide rooms, and the sheet of styles shows the one that
/// fits: a picture that only shrinks has letters that nobody can read.
#[component]
pub fn Sequence(props: &SequenceProps) -> Html {
    let target = props
        .entries
        .iter()
        .map(|entry| entry.target.as_str())
        .find(|name| !name.is_empty())
        .unwrap_or("server");
    let steps = steps(&props.entries, props.clock);
    if steps.steps.is_empty() {
        return html! { <p class="seq-empty">{ "Nothing happened on this socket yet." }</p> };
    }
    let said = AttrValue::from(summary(&steps, target));
    let svg = |shape, class| {
        picture(
            &draw(&steps, target, shape),
            class,
            said.clone(),
            props.selected,
        )
    };
    html! {
        <figure class="seq">
            { svg(Shape::Wide, "seq-svg seq-wide") }
            { svg(Shape::Narrow, "seq-svg seq-narrow") }
            <figcaption>{ clock_words(props.clock) }</figcaption>
            <details class="seq-data">
                <summary>{ "The same as a table" }</summary>
                { table(&steps, target) }
            </details>
        </figure>
    }
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Sent => "t-sent",
        Tone::Received => "t-recv",
        Tone::Control => "t-ctl",
        Tone::Error => "t-err",
    }
}

fn picture(picture: &Picture, class: &'static str, said: AttrValue, selected: Option<u32>) -> Html {
    let (w, h) = (picture.width, picture.height);
    html! {
        <svg {class} viewBox={format!("0 0 {w} {h}")} role="img" aria-label={said}>
            { for picture.lifelines.iter().map(|l| html! {
                <>
                    <path class={classes!("seq-life", l.dotted.then_some("dotted"))}
                        d={format!("M{} {}V{}", l.x, l.y0, l.y1)} />
                    if l.ends { <path class="seq-life" d={format!("M{} {}h12", l.x - 6, l.y1)} /> }
                </>
            }) }
            { for picture.heads.iter().map(|t| html! {
                <text class="seq-head" x={t.x.to_string()} y={t.y.to_string()}>{ t.text.clone() }</text>
            }) }
            { for picture.notes.iter().map(|n| {
                let class = classes!("seq-note", tone(n.tone), n.fold.then_some("fold"),
                    (selected == Some(n.no)).then_some("on"));
                html! {
                    <g {class}>
                        if n.fold {
                            <path d={format!("M8 {y}H{r}", y = n.text.y - 4, r = w - 8)} />
                        }
                        <text x={n.text.x.to_string()} y={n.text.y.to_string()}>{ n.text.text.clone() }</text>
                    </g>
                }
            }) }
            { for picture.arrows.iter().map(|a| arrow(a, selected == Some(a.no))) }
        </svg>
    }
}

fn arrow(a: &Arrow, on: bool) -> Html {
    let class = classes!(
        "seq-arrow",
        tone(a.tone),
        (a.dashed || a.ending == Ending::Unknown).then_some("dashed"),
        on.then_some("on")
    );
    let ((x0, y0), (x1, y1)) = (a.from, a.to);
    html! {
        <g {class}>
            <path class="line" d={format!("M{x0} {y0}L{x1} {y1}")} />
            if a.ending == Ending::Arrives {
                <path class="tip" d={tip(a)} />
            } else if a.ending == Ending::Lost {
                <path class="lost" d={format!("M{} {}l10 10m0 -10l-10 10", x1 - 5, y1 - 5)} />
            } else {
                <text class="seq-label" x={(x1 + 8 * (x1 - x0).signum()).to_string()} y={(y1 + 5).to_string()}>{ "?" }</text>
            }
            <text class="seq-label" x={a.label_at.0.to_string()} y={a.label_at.1.to_string()}>
                { &a.label.lead }
                if !a.label.code.is_empty() { <tspan class="code">{ &a.label.code }</tspan> }
                { &a.label.tail }
            </text>
            if let Some(t) = &a.time {
                <text class={if a.clock == Whose::Gateway { "seq-time right" } else { "seq-time" }}
                    x={t.x.to_string()} y={t.y.to_string()}>{ t.text.clone() }</text>
            }
        </g>
    }
}

/// The arrow's head: a triangle at its end. Markers would need ids and colours of their own.
fn tip(a: &Arrow) -> String {
    let (dx, dy) = (f64::from(a.to.0 - a.from.0), f64::from(a.to.1 - a.from.1));
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    let (x, y) = (f64::from(a.to.0), f64::from(a.to.1));
    let side = |s: f64| (x - ux * 8.0 - uy * 4.0 * s, y - uy * 8.0 + ux * 4.0 * s);
    let ((lx, ly), (rx, ry)) = (side(1.0), side(-1.0));
    format!("M{x} {y}L{lx:.1} {ly:.1}L{rx:.1} {ry:.1}Z")
}

fn table(steps: &Steps, target: &str) -> Html {
    let name = |life| match life {
        Life::You => "you",
        Life::Gateway => "gateway",
        Life::Target => target,
    };
    let row = |step: &Step| {
        let way = if step.from == step.to {
            name(step.from).to_owned()
        } else {
            format!("{} → {}", name(step.from), name(step.to))
        };
        html! {
            <tr class={tone(step.tone)}>
                <th scope="row">{ step.when_ms.map_or("not measured".to_owned(), ms_text) }</th>
                <td>{ if step.when_ms.is_some() { step.clock.as_str() } else { "–" } }</td>
                <td>{ way }</td>
                <td>{ step.say.clone() }</td>
            </tr>
        }
    };
    html! {
        <div class="table-scroll" tabindex="0" role="group" aria-label="Table of the sequence">
            <table>
                <caption>{ format!("What happened between you, the gateway and {target}") }</caption>
                <thead><tr>
                    <th scope="col">{ "After" }</th>
                    <th scope="col">{ "Clock" }</th>
                    <th scope="col">{ "From, to" }</th>
                    <th scope="col">{ "What" }</th>
                </tr></thead>
                <tbody>
                    { for steps.steps.iter().enumerate().map(|(i, step)| html! {
                        <>
                            if steps.omitted > 0 && i == steps.omitted_before {
                                <tr><td colspan="4">{ format!("{} more entries, in the log", steps.omitted) }</td></tr>
                            }
                            { row(step) }
                        </>
                    }) }
                </tbody>
            </table>
        </div>
    }
}

//! Where the time of an exchange went: a bar, and its figures as a table.

use std::rc::Rc;

use yew::prelude::*;

use crate::legs::{Part, bar, legs};
use crate::model::{ClockMap, Entry, ms_text};

/// The bar's width in units of its own.
const WIDTH: i32 = 320;

/// What the legs need.
#[derive(Properties)]
pub struct LegsProps {
    /// The entries of one exchange (see [`crate::legs::exchange`]).
    pub entries: Rc<Vec<Entry>>,
    /// How the clocks are related.
    #[prop_or_default]
    pub clock: Option<ClockMap>,
}

impl PartialEq for LegsProps {
    fn eq(&self, other: &Self) -> bool {
        // The same list is equal without being read through.
        (Rc::ptr_eq(&self.entries, &other.entries) || self.entries == other.entries)
            && self.clock == other.clock
    }
}

fn class(part: Part) -> &'static str {
    match part {
        Part::There => "leg-there",
        Part::Connect => "leg-connect",
        Part::Server => "leg-server",
        Part::Made => "leg-made",
        Part::Back => "leg-back",
        Part::Whole => "leg-whole",
    }
}

/// Where the time of an exchange went, leg by leg.
#[component]
pub fn Legs(props: &LegsProps) -> Html {
    let Some(legs) = legs(&props.entries, props.clock) else {
        return html! {
            <p class="legs-none">{ "No reply yet: the legs are known when something came back." }</p>
        };
    };
    let bar = bar(&legs.legs, WIDTH);
    let parts = legs.legs.iter().zip(&bar);
    html! {
        <div class="legs">
            <svg class="legs-bar" viewBox={format!("0 0 {WIDTH} 22")} preserveAspectRatio="none" aria-hidden="true">
                { for parts.map(|(leg, (x, w))| html! {
                    <rect class={class(leg.part)} x={x.to_string()} y="0" width={w.to_string()} height="22" />
                }) }
            </svg>
            <table class="legs-table">
                <caption class="unseen">{ "Where the time went" }</caption>
                <thead class="unseen"><tr>
                    <th scope="col">{ "Leg" }</th><th scope="col">{ "Time" }</th><th scope="col">{ "Clock" }</th>
                </tr></thead>
                <tbody>
                    { for legs.legs.iter().map(|leg| html! {
                        <tr>
                            <th scope="row">
                                <svg class="legs-key" viewBox="0 0 10 10" aria-hidden="true">
                                    <rect class={class(leg.part)} width="10" height="10" rx="2" />
                                </svg>
                                { leg.name }
                            </th>
                            <td>
                                { ms_text(leg.ms) }
                                if let Some(ms) = leg.plus_minus_ms { { format!(" ± {}", ms_text(ms).trim_end_matches(" ms")) } }
                            </td>
                            <td class="legs-clock">{ leg.clock.as_str() }</td>
                        </tr>
                    }) }
                    <tr class="legs-total">
                        <th scope="row">{ "send to receipt" }</th>
                        <td>{ ms_text(legs.total_ms) }</td>
                        <td class="legs-clock">{ "browser" }</td>
                    </tr>
                </tbody>
            </table>
            { for legs.notes.iter().map(|note| html! { <p class="legs-note">{ note.clone() }</p> }) }
        </div>
    }
}

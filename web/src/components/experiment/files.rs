//! A run as files: a button for each format.

use std::rc::Rc;

use yew::prelude::*;

use super::again;
use crate::components::download::{download, download_bytes};
use crate::experiment::{Experiment, Run};
use crate::export::{self, Clocks, pcap, report};
use crate::link::ways::Way;

/// What the files are made of.
#[derive(Clone, Properties)]
pub struct Props {
    /// The experiment.
    pub experiment: &'static Experiment,
    /// The run.
    pub run: Rc<Run>,
    /// What was predicted for it: the place of an answer.
    pub bet: Option<usize>,
    /// The page's own address.
    pub base: AttrValue,
    /// Which way its link goes.
    pub way: Way,
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        // A run that has changed is another one.
        Rc::ptr_eq(&self.run, &other.run)
            && (self.bet, &self.base, self.way) == (other.bet, &other.base, other.way)
    }
}

/// How a run is written.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Report,
    Json,
    Csv,
    Har,
    Pcap,
}

/// The buttons, and what is to be said of the files.
#[component]
pub fn Files(props: &Props) -> Html {
    let said = use_state_eq(Vec::<String>::new);
    let button = |format: Format, label: &'static str| {
        let (props, said) = (props.clone(), said.clone());
        let onclick = Callback::from(move |_: MouseEvent| said.set(save(&props, format)));
        html! { <button type="button" class="small" {onclick}>{ label }</button> }
    };
    html! {
        <section class="exp-files" aria-labelledby="exp-files">
            <h2 id="exp-files">{ "This run as files" }</h2>
            <div class="buttons">
                { button(Format::Report, "Lab report") }
                { button(Format::Json, "JSON") }
                { button(Format::Csv, "CSV") }
                { button(Format::Har, "HAR") }
                { button(Format::Pcap, "pcap") }
            </div>
            <p class="note">
                { "The report is one HTML file, to print. JSON has everything. HAR is the browser's leg, its \
                   messages rebuilt from the log. pcap is the leg from the gateway to the server: its \
                   headers are rebuilt from what the gateway observed, not captured." }
            </p>
            <div role="status">{ for said.iter().map(|it| html! { <p class="note">{ it.clone() }</p> }) }</div>
        </section>
    }
}

/// Saves the run as a file: what is to be said of it.
fn save(props: &Props, format: Format) -> Vec<String> {
    let Props {
        experiment,
        run,
        bet,
        base,
        way,
    } = props;
    let now_ms = js_sys::Date::now();
    let name = |end: &str| export::file_name(experiment.slug, now_ms, end);
    let clocks = Clocks::one(run.clock);
    // A browser that saves nothing has told so itself.
    let _ = match format {
        Format::Report => {
            let fragment = again::fragment(experiment, &run.settings);
            let link = again::link(base, &fragment, false);
            let page = report::html(&report::of(experiment, run, *bet, link, now_ms));
            download(&name("html"), "text/html", &page)
        }
        Format::Json => {
            let text = export::run::json(experiment, run, *bet, now_ms);
            download(&name("json"), "application/json", &text)
        }
        Format::Csv => download(&name("csv"), "text/csv", &export::csv(&run.entries)),
        Format::Har => {
            let text = export::har::har(&run.entries, base, *way, now_ms);
            download(&name("har"), "application/json", &text)
        }
        Format::Pcap => {
            let capture = pcap::capture(&run.entries, &clocks);
            let mut notes = capture.notes;
            if !run.jobs.is_empty() {
                notes.push(
                    "What the gateway did by itself is not in it: of that it reports times and sizes, \
                     not bytes."
                        .to_owned(),
                );
            }
            if capture.packets == 0 {
                notes.insert(0, "This run has no packets to save.".to_owned());
                return notes;
            }
            let _ = download_bytes(&name("pcapng"), "application/x-pcapng", &capture.file);
            return notes;
        }
    };
    Vec::new()
}

//! A run of an experiment as JSON, with everything.
//!
//! The JSON is one object:
//!
//! | field | what |
//! |---|---|
//! | `format` | `chalkwire-run/1` |
//! | `exported_at` | when it was written, by the browser's clock |
//! | `experiment` | its `number`, `slug` and `title` |
//! | `repeat` | the fragment of an address that repeats the run |
//! | `seed`, `settings` | what it was done with |
//! | `predicted`, `finding` | the answer that was predicted, and what the run showed: `answer`, `measured`, `holds`; or `shows_nothing`, a sentence |
//! | `clocks` | every clock in it, by name; times that end in `_us` are the gateway's |
//! | `servers`, `sockets` | what it started and opened |
//! | `jobs` | what the gateway did by itself: `do` as it was asked, `clients`, `gauges`, `calls` as in the link's messages, `end`, `detail` |
//! | `retried` | numbered messages that were sent with retry |
//! | `unmet` | what was waited for and did not happen in time |
//! | `entries` | the log, as in [`json`](mod@super::json) |

use serde_json::{Value, json};

use super::json::named;
use super::row::Row;
use super::{Clocks, iso};
use crate::experiment::step::Awaited;
use crate::experiment::{Experiment, Run};

/// The run as JSON; `predicted` is the place of an answer.
pub fn json(experiment: &Experiment, run: &Run, predicted: Option<usize>, now_ms: f64) -> String {
    let answer = |at: Option<usize>| {
        at.and_then(|at| experiment.answers.get(at))
            .map(|it| it.text)
    };
    let finding = match experiment.finding(run) {
        Ok(finding) => json!({
            "answer": answer(finding.answer),
            "measured": finding.measured,
            "holds": finding.holds,
        }),
        Err(why) => json!({ "shows_nothing": why }),
    };
    let settings: serde_json::Map<String, Value> = experiment
        .knobs
        .iter()
        .map(|knob| {
            let text = knob.to_text(run.settings.get(knob.key));
            // Numbers as numbers, choices by their names.
            let value = text
                .parse::<u32>()
                .map_or(json!(text), |number| json!(number));
            (knob.key.to_owned(), value)
        })
        .collect();
    let servers: Vec<Value> = run
        .servers
        .iter()
        .map(|it| {
            json!({ "server": it.slot, "title": it.title, "target": it.target(), "url": it.url,
                "options": it.options })
        })
        .collect();
    let sockets: Vec<Value> = run
        .sockets
        .iter()
        .map(|it| json!({ "socket": it.id, "title": it.title, "target": it.target }))
        .collect();
    let jobs: Vec<Value> = run
        .jobs
        .iter()
        .map(|it| {
            let (end, detail) = match &it.end {
                Some((end, detail)) => (Some(end), detail.as_str()),
                None => (None, ""),
            };
            json!({ "do": it.work, "clients": it.clients, "gauges": it.gauges, "calls": it.calls,
                "end": end, "detail": detail })
        })
        .collect();
    let retried: Vec<Value> = run
        .retried
        .iter()
        .map(|it| {
            json!({ "socket": run.socket(it.socket), "number": it.number, "tries": it.tries,
                "answered": it.answered })
        })
        .collect();
    let unmet =
        |what: &Awaited| json!({ "socket": run.socket(what.socket()), "waited_for": what.says() });
    let all = json!({
        "format": "chalkwire-run/1",
        "exported_at": iso(now_ms),
        "experiment": {
            "number": experiment.number,
            "slug": experiment.slug,
            "title": experiment.title,
        },
        "repeat": run.settings.to_fragment(experiment),
        "seed": run.settings.seed,
        "settings": settings,
        "predicted": answer(predicted),
        "finding": finding,
        "clocks": {
            "browser": "the fields `at`, in UTC",
            "gateways": named(&Clocks::one(run.clock)),
        },
        "servers": servers,
        "sockets": sockets,
        "jobs": jobs,
        "retried": retried,
        "unmet": run.unmet.iter().map(unmet).collect::<Vec<_>>(),
        "no_kernel_view": run.no_kernel_view,
        "entries": run.entries.iter().map(Row::new).collect::<Vec<_>>(),
    });
    // Maps with text keys: serde_json has nothing to refuse.
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

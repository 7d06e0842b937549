//! A run as a lab report: one HTML page that stands alone, to be printed or handed in.
//!
//! It has no scripts and fetches nothing; every text is escaped, and the pictures are those of
//! [`svg`](crate::pictures::svg), which escape theirs.

use super::page::{Drawn, Page};
use super::{Clocks, iso};
use crate::bytes::escape;
use crate::model::{Entry, What};
use crate::pictures::story::Table;
use crate::words;

mod of;
mod pictures;

pub use of::of;

/// Rows of the log at the most; the JSON has them all.
const ROWS: usize = 2_000;

/// What a report says.
#[derive(Clone, Debug, Default)]
pub struct Report<'a> {
    /// Its heading.
    pub title: String,
    /// What was done, in a sentence or two.
    pub about: &'a str,
    /// The address that repeats the run.
    pub link: String,
    /// When it is written, in ms since 1970 by the browser's clock.
    pub now_ms: f64,
    /// Settings and their values, as people read them.
    pub settings: Vec<(&'a str, String)>,
    /// Where chance began.
    pub seed: u32,
    /// What was asked before the run.
    pub question: &'a str,
    /// What was predicted.
    pub prediction: Option<&'a str>,
    /// What the run showed: the answer that was right, and a sentence with the numbers.
    pub finding: Finding<'a>,
    /// The explanation, in paragraphs.
    pub explain: &'a [&'static str],
    /// The pictures.
    pub pictures: Vec<Drawn>,
    /// The log.
    pub entries: &'a [Entry],
    /// The log's clocks.
    pub clocks: Clocks,
    /// Programs to take home: what each is, and its text.
    pub programs: Vec<(String, String)>,
}

/// What a report says that the run showed.
#[derive(Clone, Debug, Default)]
pub struct Finding<'a> {
    /// The answer that was right.
    pub answer: Option<&'a str>,
    /// The measured numbers, or why the run shows nothing.
    pub measured: String,
}

/// The report as an HTML document.
pub fn html(report: &Report<'_>) -> String {
    let mut out = Page::new(&report.title);
    out.block("h1", &report.title);
    out.block("p", report.about);
    out.raw("<dl>");
    let when = iso(report.now_ms);
    out.term("Written", &when);
    out.term("Run it again", &report.link);
    out.term("Seed", &report.seed.to_string());
    for (name, value) in &report.settings {
        out.term(name, value);
    }
    out.raw("</dl>\n");
    out.block("h2", "Question and prediction");
    out.block("p", report.question);
    out.raw("<dl>");
    out.term("Predicted", report.prediction.unwrap_or("nothing"));
    out.raw("</dl>\n");
    out.block("h2", "Finding");
    if let Some(answer) = report.finding.answer {
        out.raw("<dl>");
        out.term("The run shows", answer);
        out.raw("</dl>\n");
    }
    out.block("p", &report.finding.measured);
    for picture in &report.pictures {
        out.picture(picture);
    }
    if !report.explain.is_empty() {
        out.block("h2", "Why");
        for paragraph in report.explain {
            out.block("p", paragraph);
        }
    }
    log(&mut out, report.entries, &report.clocks);
    if !report.programs.is_empty() {
        out.block("h2", "Take it home");
    }
    for (name, text) in &report.programs {
        out.block("h3", name);
        // The first line break after <pre> is not part of it (HTML, section 4.4.3).
        out.raw("<pre>\n");
        out.text(text);
        out.raw("</pre>\n");
    }
    out.end()
}

fn log(out: &mut Page, entries: &[Entry], clocks: &Clocks) {
    out.block("h2", "The log");
    out.block(
        "p",
        &match clocks.last() {
            Some(clock) => format!(
                "Times are the browser's clock, in ms since the first line. The gateway's clock \
                 is known to it to ± {:.2} ms.",
                clock.plus_minus_ms
            ),
            None => "Times are the browser's clock, in ms since the first line.".to_owned(),
        },
    );
    let mut table = Table::new(&["ms", "socket", "target", "what", "bytes"]);
    let first_ms = entries.first().map_or(0.0, |it| it.at_ms);
    for entry in entries.iter().take(ROWS) {
        let text = match &entry.what {
            What::Sent { bytes, .. } | What::Received { bytes, .. } => {
                format!("{} B: {}", bytes.len(), escape(bytes))
            }
            _ => words::sentence(entry).into_owned(),
        };
        table.rows.push(vec![
            format!("{:.2}", entry.at_ms - first_ms),
            entry
                .socket
                .map_or_else(String::new, |it| format!("s{}", it.0)),
            entry.target.clone(),
            words::word(&entry.what).to_owned(),
            text,
        ]);
    }
    table.more = entries.len().saturating_sub(ROWS);
    out.table(&table);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chalkwire_shared::id::SocketId;
    use proptest::prelude::*;

    use super::*;
    use crate::pictures::shape::Picture;
    use crate::pictures::story::Story;
    use crate::pictures::svg;
    use crate::state::settings::Theme;

    /// A report with this text in every place that can have one.
    fn with(text: &str) -> String {
        let mut story = Story {
            name: "Picture",
            summary: text.to_owned(),
            notes: vec![text.to_owned()],
            ..Story::default()
        };
        story.table = Table::new(&["a"]);
        story.table.push(vec![text.to_owned()]);
        let svg = svg::document(&Picture::default(), &story, Theme::Light);
        let entry = |no, what| Entry {
            no,
            at_ms: f64::from(no),
            socket: Some(SocketId(1)),
            target: text.to_owned(),
            kind: None,
            what,
        };
        let sent = What::Sent {
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            wrote_us: None,
            unknown: false,
        };
        let entries = [entry(1, sent), entry(2, What::Notice(text.to_owned()))];
        html(&Report {
            title: text.to_owned(),
            about: text,
            link: text.to_owned(),
            settings: vec![(text, text.to_owned())],
            question: text,
            prediction: Some(text),
            finding: Finding {
                answer: Some(text),
                measured: text.to_owned(),
            },
            pictures: vec![Drawn {
                title: text.to_owned(),
                story,
                svg,
            }],
            entries: &entries,
            programs: vec![(text.to_owned(), text.to_owned())],
            ..Report::default()
        })
    }

    /// The tags of a document, with their attributes.
    fn tags(html: &str) -> Vec<&str> {
        html.split('<')
            .skip(1)
            .map(|rest| rest.split_once('>').expect("every tag ends").0)
            .collect()
    }

    #[test]
    fn a_report_has_everything_and_no_script() {
        let page = with("hello & <goodbye>");
        assert!(page.contains("hello &amp; &lt;goodbye&gt;"));
        assert!(page.contains("default-src 'none'"));
        assert!(page.contains("<svg "));
        for word in ["<script", "javascript:", "src=", "href="] {
            assert!(!page.contains(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_out_of_the_page(
            text in r#"(</?(script|pre|style|td|title|svg)>|<!--|-->|]]>|["'&<>`=]|&lt;|\PC|.){0,20}"#
        ) {
            let (page, plain) = (with(&text), with("a"));
            prop_assert_eq!(tags(&page), tags(&plain));
        }
    }
}

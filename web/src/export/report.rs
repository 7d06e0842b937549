//! A run as a lab report: one HTML page that stands alone, to be printed or handed in.
//!
//! It has no scripts and fetches nothing; every text is escaped, and the pictures are those of
//! [`svg`](crate::pictures::svg), which escape theirs.

use std::fmt::Write as _;

use super::{Clocks, iso};
use crate::bytes::escape;
use crate::model::{Entry, What};
use crate::pictures::story::{Story, Table};
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

/// A picture of a report.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// What it is of; empty where its name says enough.
    pub title: String,
    /// The same in words.
    pub story: Story,
    /// The drawing, as an SVG document that escapes its texts.
    pub svg: String,
}

/// What a report says that the run showed.
#[derive(Clone, Debug, Default)]
pub struct Finding<'a> {
    /// The answer that was right.
    pub answer: Option<&'a str>,
    /// The measured numbers, or why the run shows nothing.
    pub measured: String,
}

const STYLE: &str = "\
body{font:15px/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:#1e2528;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d9d5cc}h3{font-size:1rem}
table{border-collapse:collapse;width:100%;font-size:.85rem}th,td{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #e8e5de}
td{overflow-wrap:anywhere}pre,code,.bytes{font-family:ui-monospace,'SF Mono','DejaVu Sans Mono',Menlo,monospace;font-size:.8rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#fbfaf7;border:1px solid #d9d5cc;padding:.6rem}
svg{max-width:100%;height:auto}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1.2rem}dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}.soft{color:#566167}
@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}svg,tr{break-inside:avoid}}";

/// The report as an HTML document.
pub fn html(report: &Report<'_>) -> String {
    let mut out = Page(String::with_capacity(64 * 1024));
    out.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Whatever may be in it: nothing runs, nothing is fetched.
    out.raw(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'; img-src data:\">\n<title>",
    );
    out.text(&report.title);
    out.raw("</title>\n<style>");
    out.raw(STYLE);
    out.raw("</style>\n</head>\n<body>\n");
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
    out.log(report.entries, &report.clocks);
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
    out.raw("</body>\n</html>\n");
    out.0
}

/// A page as it is being written.
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    /// Text, in which nothing is markup.
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                '\'' => self.raw("&#39;"),
                '\n' | '\t' => self.0.push(c),
                // HTML has no way to write most control characters, and marks of direction could
                // turn a line around.
                c if c.is_control()
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
                {
                    self.0.push('\u{fffd}');
                }
                c => self.0.push(c),
            }
        }
    }

    fn block(&mut self, name: &'static str, text: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "<{name}>");
        self.text(text);
        let _ = writeln!(self.0, "</{name}>");
    }

    fn term(&mut self, name: &str, value: &str) {
        self.block("dt", name);
        self.block("dd", value);
    }

    fn picture(&mut self, drawn: &Drawn) {
        let Drawn { title, story, svg } = drawn;
        self.block(
            "h2",
            &match title.as_str() {
                "" => story.name.to_owned(),
                title => format!("{}: {title}", story.name),
            },
        );
        self.block("p", &story.summary);
        self.raw(svg);
        for note in &story.notes {
            self.raw("<p class=\"soft\">");
            self.text(note);
            self.raw("</p>\n");
        }
        self.table(&story.table);
    }

    fn table(&mut self, table: &Table) {
        self.raw("<table>\n<thead><tr>");
        for head in &table.head {
            self.block("th", head);
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.raw("<tr>");
            for cell in row {
                self.block("td", cell);
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table>\n");
        if table.more > 0 {
            self.block("p", &format!("{} more rows are in the JSON.", table.more));
        }
    }

    fn log(&mut self, entries: &[Entry], clocks: &Clocks) {
        self.block("h2", "The log");
        self.block(
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
        self.table(&table);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chalkwire_shared::id::SocketId;
    use proptest::prelude::*;

    use super::*;
    use crate::pictures::shape::Picture;
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

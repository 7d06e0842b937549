//! An HTML page that stands alone: no scripts, nothing fetched, every text escaped.

use std::fmt::Write as _;

use crate::pictures::story::{Story, Table};

/// A picture of a page.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// What it is of; empty where its name says enough.
    pub title: String,
    /// The same in words.
    pub story: Story,
    /// The drawing, as an SVG document that escapes its texts.
    pub svg: String,
}

const STYLE: &str = "\
body{font:15px/1.5 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:#1e2528;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #d9d5cc}h3{font-size:1rem}
table{border-collapse:collapse;width:100%;font-size:.85rem}th,td{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #e8e5de}
td{overflow-wrap:anywhere}pre,code,.bytes{font-family:ui-monospace,'SF Mono','DejaVu Sans Mono',Menlo,monospace;font-size:.8rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#fbfaf7;border:1px solid #d9d5cc;padding:.6rem}
svg{max-width:100%;height:auto}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1.2rem}dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}.soft{color:#566167}
@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}svg,tr{break-inside:avoid}}";

/// A page as it is being written.
pub(super) struct Page(String);

impl Page {
    /// A page of that title, which runs nothing and fetches nothing, whatever may be in it.
    pub(super) fn new(title: &str) -> Self {
        let mut out = Page(String::with_capacity(64 * 1024));
        out.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        out.raw(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
             'unsafe-inline'; img-src data:\">\n<title>",
        );
        out.text(title);
        out.raw("</title>\n<style>");
        out.raw(STYLE);
        out.raw("</style>\n</head>\n<body>\n");
        out
    }

    /// The document.
    pub(super) fn end(mut self) -> String {
        self.raw("</body>\n</html>\n");
        self.0
    }

    pub(super) fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    /// Text, in which nothing is markup.
    pub(super) fn text(&mut self, text: &str) {
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

    pub(super) fn block(&mut self, name: &'static str, text: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "<{name}>");
        self.text(text);
        let _ = writeln!(self.0, "</{name}>");
    }

    pub(super) fn term(&mut self, name: &str, value: &str) {
        self.block("dt", name);
        self.block("dd", value);
    }

    pub(super) fn picture(&mut self, drawn: &Drawn) {
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

    pub(super) fn table(&mut self, table: &Table) {
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
}

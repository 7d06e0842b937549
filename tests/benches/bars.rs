//! Horizontal bars as SVG, for light and dark pages, that can be read without colours, and aloud.

use std::fmt::Write as _;

/// One picture.
pub(crate) struct Bars {
    pub(crate) title: String,
    /// What the figures are, and which are better.
    pub(crate) about: String,
    pub(crate) digits: usize,
    pub(crate) rows: Vec<Bar>,
}

/// One row of it.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) kind: Kind,
}

/// How a bar looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Filled and framed, its text bold.
    Ours,
    /// Filled.
    Other,
    /// Only a dashed frame: what all are compared to.
    Limit,
}

const WIDTH: f64 = 740.0;
const EDGE: f64 = 14.0;
const NAMES: f64 = 204.0;
const ROOM_FOR_VALUE: f64 = 90.0;
const ROW: f64 = 26.0;
const TOP: f64 = 64.0;

const STYLE: &str = "
    text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328 }
    .ground { fill: #ffffff }
    .title { font-weight: 600; font-size: 15px }
    .about { fill: #59636e }
    .ours { font-weight: 700 }
    .other-bar { fill: #b6bec8 }
    .ours-bar { fill: #0a5fb4; stroke: #1f2328; stroke-width: 1.5 }
    .limit-bar { fill: none; stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 4 3 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .ground { fill: #0d1117 }
      .about { fill: #9198a1 }
      .other-bar { fill: #57606a }
      .ours-bar { fill: #58a6ff; stroke: #f0f6fc }
      .limit-bar { stroke: #9198a1 }
    }
";

impl Bars {
    pub(crate) fn svg(&self) -> Result<String, std::fmt::Error> {
        let height = TOP + ROW * self.rows.len() as f64 + 10.0;
        let most = self.rows.iter().map(|it| it.value).fold(f64::MIN, f64::max);
        let digits = self.digits;
        let told = self.rows.iter().map(|row| {
            let value = grouped(row.value, digits);
            format!("{}: {value}", row.name)
        });
        let told: Vec<String> = told.collect();
        let mut svg = String::new();
        writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title desc">"#
        )?;
        writeln!(svg, r#"<title id="title">{}</title>"#, escaped(&self.title))?;
        let desc = format!("{} {}.", self.about, told.join("; "));
        writeln!(svg, r#"<desc id="desc">{}</desc>"#, escaped(&desc))?;
        writeln!(svg, "<style>{STYLE}</style>")?;
        // A ground of its own: the page around it may be in other colours than the system.
        writeln!(
            svg,
            r#"<rect class="ground" width="100%" height="100%" rx="6"/>"#
        )?;
        writeln!(
            svg,
            r#"<text class="title" x="{EDGE}" y="26">{}</text>"#,
            escaped(&self.title)
        )?;
        writeln!(
            svg,
            r#"<text class="about" x="{EDGE}" y="47">{}</text>"#,
            escaped(&self.about)
        )?;
        for (i, row) in self.rows.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            let width = (WIDTH - NAMES - ROOM_FOR_VALUE) * row.value / most;
            let (text, bar) = match row.kind {
                Kind::Ours => ("ours", "ours-bar"),
                Kind::Other => ("other", "other-bar"),
                Kind::Limit => ("other", "limit-bar"),
            };
            let base = y + 15.0;
            let end = NAMES - 10.0;
            let name = escaped(&row.name);
            writeln!(
                svg,
                r#"<text class="{text}" x="{end}" y="{base}" text-anchor="end">{name}</text>"#
            )?;
            writeln!(
                svg,
                r#"<rect class="{bar}" x="{NAMES}" y="{}" width="{width:.1}" height="18" rx="2"/>"#,
                y + 1.0
            )?;
            let after = NAMES + width + 8.0;
            let value = grouped(row.value, digits);
            writeln!(
                svg,
                r#"<text class="{text}" x="{after:.1}" y="{base}">{value}</text>"#
            )?;
        }
        writeln!(svg, "</svg>")?;
        Ok(svg)
    }
}

/// With a comma between thousands, as in 72,000.
fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) => (whole.to_owned(), format!(".{rest}")),
        None => (text, String::new()),
    };
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + &rest
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

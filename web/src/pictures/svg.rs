//! A picture as an SVG file that stands alone: its colours are in it, and no styles, scripts or ids.

use super::shape::{Form, Paint, Picture, Role, Shape};
use super::story::Story;
use crate::state::settings::Theme;

/// The ground on which a theme draws.
pub fn ground(theme: Theme) -> &'static str {
    match theme {
        Theme::System | Theme::Light => "#fbfaf7",
        Theme::Dark => "#1b2326",
        Theme::Contrast => "#000000",
        Theme::Projector => "#ffffff",
    }
}

/// The colour that a theme gives a role: those of `style/theme.css`.
pub fn colour(theme: Theme, role: Role) -> &'static str {
    let [text, soft, line, sent, recv, ctl, err, made, accent] = match theme {
        Theme::System | Theme::Light => [
            "#1e2528", "#566167", "#d9d5cc", "#9a4a06", "#0b655e", "#55606a", "#b3261e", "#6d3fc0",
            "#1d5fa8",
        ],
        Theme::Dark => [
            "#e8e6df", "#a9b4b8", "#36434a", "#f5b461", "#5ec9bc", "#a9b4bc", "#ff8a80", "#b79cf0",
            "#8cc2ff",
        ],
        Theme::Contrast => [
            "#ffffff", "#ffffff", "#ffffff", "#ffd28a", "#7ff5e6", "#ffffff", "#ffb3ac", "#dcc8ff",
            "#ffe14d",
        ],
        Theme::Projector => [
            "#111516", "#3c464b", "#b9b4a8", "#7f3a00", "#00524c", "#3f4951", "#98140d", "#6d3fc0",
            "#114a8a",
        ],
    };
    match role {
        Role::Text => text,
        Role::Soft => soft,
        Role::Line => line,
        Role::Sent => sent,
        Role::Recv => recv,
        Role::Ctl => ctl,
        Role::Err => err,
        Role::Made => made,
        Role::Accent => accent,
    }
}

const SANS: &str = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const MONO: &str = "ui-monospace, 'SF Mono', 'Cascadia Mono', 'DejaVu Sans Mono', Menlo, monospace";

/// The picture as a document, its story as its title and description.
pub fn document(picture: &Picture, story: &Story, theme: Theme) -> String {
    let (w, h) = (picture.width.to_string(), picture.height.to_string());
    let mut out = String::with_capacity(picture.shapes.len() * 120 + 1000);
    out.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\"");
    for (name, value) in [("width", &w), ("height", &h)] {
        attribute(&mut out, name, value);
    }
    out.push_str(" viewBox=\"0 0 ");
    out.push_str(&w);
    out.push(' ');
    out.push_str(&h);
    out.push_str("\" role=\"img\"><title>");
    escape(&mut out, story.name);
    out.push_str("</title><desc>");
    escape(&mut out, &story.summary);
    out.push_str("</desc>\n<rect width=\"100%\" height=\"100%\"");
    attribute(&mut out, "fill", ground(theme));
    out.push_str("/>\n");
    for shape in &picture.shapes {
        element(&mut out, shape, theme);
    }
    out.push_str("</svg>\n");
    out
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value);
    out.push('"');
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to write most control characters (XML 1.0, section 2.2).
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

fn element(out: &mut String, shape: &Shape, theme: Theme) {
    let colour = colour(theme, shape.role);
    match &shape.form {
        Form::Rect { x, y, w, h } => {
            out.push_str("<rect");
            for (name, value) in [("x", x), ("y", y), ("width", w), ("height", h)] {
                attribute(out, name, &value.to_string());
            }
            attribute(out, "rx", "2");
            paint(out, shape.paint, colour);
            out.push_str("/>\n");
        }
        Form::Path(path) => {
            out.push_str("<path");
            attribute(out, "d", path);
            paint(out, shape.paint, colour);
            out.push_str("/>\n");
        }
        Form::Text { x, y, anchor, text } => {
            out.push_str("<text");
            attribute(out, "x", &x.to_string());
            attribute(out, "y", &y.to_string());
            attribute(out, "text-anchor", anchor.key());
            attribute(out, "fill", colour);
            let (family, size, weight) = match shape.paint {
                Paint::Small => (SANS, "11", "400"),
                Paint::Head => (SANS, "12", "600"),
                Paint::Code => (MONO, "12", "400"),
                _ => (SANS, "12", "400"),
            };
            attribute(out, "font-family", family);
            attribute(out, "font-size", size);
            attribute(out, "font-weight", weight);
            // Words stay readable where a line passes below them.
            attribute(out, "stroke", ground(theme));
            out.push_str(" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\" xml:space=\"preserve\">");
            escape(out, text);
            out.push_str("</text>\n");
        }
    }
}

fn paint(out: &mut String, paint: Paint, colour: &str) {
    if matches!(paint, Paint::Fill | Paint::Tint | Paint::Pale | Paint::Wash) {
        attribute(out, "fill", colour);
    } else {
        attribute(out, "fill", "none");
    }
    let (width, dashes) = match paint {
        Paint::Stroke => ("1.8", ""),
        Paint::Thin => ("1", ""),
        Paint::Tint => {
            attribute(out, "fill-opacity", "0.25");
            ("0.8", "")
        }
        Paint::Pale | Paint::Wash => {
            let opacity = if paint == Paint::Pale { "0.3" } else { "0.1" };
            return attribute(out, "fill-opacity", opacity);
        }
        Paint::Dashed => ("1.4", "4 3"),
        Paint::Dotted => ("1.5", "2 5"),
        _ => return,
    };
    attribute(out, "stroke", colour);
    attribute(out, "stroke-width", width);
    if !dashes.is_empty() {
        attribute(out, "stroke-dasharray", dashes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::shape::{Anchor, Pen, Width};

    /// What `theme.css` says a variable is in a theme.
    fn in_sheet(theme: Theme, name: &str) -> String {
        let sheet = include_str!("../../style/theme.css");
        let block = |start: &str| {
            let at = sheet.find(start).unwrap();
            &sheet[at..at + sheet[at..].find('}').unwrap()]
        };
        let own = match theme {
            Theme::System | Theme::Light => block(":root {"),
            theme => block(&format!("[data-theme=\"{}\"]", theme.key())),
        };
        let find = |block: &str| {
            let at = block.find(&format!("--{name}: "))?;
            let value = &block[at + name.len() + 4..];
            Some(value[..value.find(';')?].to_owned())
        };
        find(own).or_else(|| find(block(":root {"))).unwrap()
    }

    #[test]
    fn a_file_has_the_colours_of_the_page() {
        for theme in Theme::ALL {
            assert_eq!(ground(theme), in_sheet(theme, "ground"), "{theme:?}");
            for role in [
                Role::Text,
                Role::Soft,
                Role::Line,
                Role::Sent,
                Role::Recv,
                Role::Ctl,
                Role::Err,
                Role::Made,
                Role::Accent,
            ] {
                let sheet = in_sheet(theme, &role.key()[2..]);
                assert_eq!(colour(theme, role), sheet, "{theme:?} {role:?}");
            }
        }
    }

    #[test]
    fn a_file_stands_alone_and_shows_hostile_text_as_text() {
        let mut pen = Pen::new(Width::Narrow);
        let text = "<script>alert(1)</script>&\"\u{1b}";
        pen.text((1, 2, Anchor::Start), text, Role::Text, Paint::Code);
        pen.hatched((0, 0, 12, 9), Role::Made);
        let story = Story {
            name: "A & B",
            summary: "1 < 2".to_owned(),
            ..Story::default()
        };
        let svg = document(&pen.finish(20), &story, Theme::Dark);
        assert!(
            svg.starts_with(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"320\" height=\"20\""
            )
        );
        assert!(svg.contains("<title>A &amp; B</title><desc>1 &lt; 2</desc>"));
        assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;\u{fffd}</text>"));
        for alien in [
            "var(", "style=", "class=", "<script", "href", "url(", " id=",
        ] {
            assert!(!svg.contains(alien), "{alien} in {svg}");
        }
    }
}

//! Golden files of drawn geometry: a readable line a shape, to be looked at when it changes.

use super::shape::{Form, Picture, Width};
use super::story::Story;
use super::svg;
use crate::state::settings::Theme;

/// A picture and its story as lines of text.
fn dump(picture: &Picture, story: &Story) -> String {
    let mut out = format!(
        "{} × {}\n{}\n",
        picture.width, picture.height, story.summary
    );
    for shape in &picture.shapes {
        let what = match &shape.form {
            Form::Rect { x, y, w, h } => format!("rect {x},{y} {w}×{h}"),
            Form::Path(path) => format!("path {path}"),
            Form::Text { x, y, anchor, text } => format!("text {x},{y} {} {text}", anchor.key()),
        };
        let item = shape.item.map_or(String::new(), |item| format!("#{item} "));
        let (role, paint) = (&shape.role.key()[2..], &shape.paint.key()[2..]);
        out += &format!("{item}{role} {paint} {what}\n");
    }
    for (i, item) in story.items.iter().enumerate() {
        out += &format!("item {i}: {item}\n");
    }
    out
}

/// Compares both layouts with golden files (`GOLDEN=write` writes them anew, to be looked at), and
/// writes them as SVG to `target/pictures/`.
pub(crate) fn golden(name: &str, story: &Story, draw: impl Fn(Width) -> Picture) {
    let root = env!("CARGO_MANIFEST_DIR");
    let gallery = format!("{root}/../target/pictures");
    std::fs::create_dir_all(&gallery).unwrap();
    for width in Width::ALL {
        let picture = draw(width);
        sound(&picture, story);
        let narrow = if width == Width::Narrow {
            "-narrow"
        } else {
            ""
        };
        for theme in [Theme::Light, Theme::Dark] {
            let svg = svg::document(&picture, story, theme);
            let path = format!("{gallery}/{name}{narrow}-{}.svg", theme.key());
            std::fs::write(path, svg).unwrap();
        }
        let got = dump(&picture, story);
        let path = format!("{root}/src/pictures/golden/{name}{narrow}.txt");
        if std::env::var_os("GOLDEN").is_some() {
            std::fs::write(&path, &got).unwrap();
        }
        assert_eq!(
            got,
            std::fs::read_to_string(&path).unwrap_or_default(),
            "{path}"
        );
    }
}

/// What holds for every picture: it stays inside itself, and its items are those of its story.
pub(crate) fn sound(picture: &Picture, story: &Story) {
    for shape in &picture.shapes {
        let (x0, y0, x1, y1) = shape.bounds();
        let inside = x0 >= 0 && y0 >= 0 && x1 <= picture.width && y1 <= picture.height;
        assert!(
            inside,
            "{shape:?} leaves {} × {}",
            picture.width, picture.height
        );
        if let Some(item) = shape.item {
            assert!(usize::from(item) < story.items.len(), "{shape:?}");
        }
    }
    assert!(!story.summary.is_empty() && !story.name.is_empty());
    for row in &story.table.rows {
        assert_eq!(row.len(), story.table.head.len(), "{row:?}");
    }
}

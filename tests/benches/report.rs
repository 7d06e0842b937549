//! Tables for people: Markdown into BENCHMARKS.md, and onto the screen.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::machine;

/// One figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell {
    /// With so many digits after the point.
    Number(f64, usize),
    /// Does not apply.
    None,
    /// Can't be done; a note says why.
    Fails,
}

/// A table: a way in each row, a measure in each column.
pub(crate) struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Cell>)>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Table {
            title: title.to_owned(),
            columns,
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A sentence below the table.
    pub(crate) fn note(&mut self, sentence: &str) {
        self.notes.push(sentence.to_owned());
    }

    pub(crate) fn row(&mut self, name: &str, cells: impl Into<Vec<Cell>>) {
        self.rows.push((name.to_owned(), cells.into()));
    }
}

/// The middle one.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How far the values are apart, as a share of the middle one.
pub(crate) fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    let most = values.iter().copied().fold(f64::MIN, f64::max);
    let least = values.iter().copied().fold(f64::MAX, f64::min);
    (most - least) / median(values.into_iter())
}

/// Writes BENCHMARKS.md and shows it. A quick run is shown only.
pub(crate) fn write(tables: &[Table], quick: bool) -> anyhow::Result<()> {
    let mut text = String::new();
    writeln!(text, "# Benchmarks\n")?;
    writeln!(
        text,
        "`make bench` wrote this: {}, release build, chalkwire {}. Load, gateway and a plain echo \
         server shared the cores; medians of interleaved rounds. Figures move by some 15 % from run \
         to run, ratios less: compare within this page only.",
        machine::describe(),
        env!("CARGO_PKG_VERSION"),
    )?;
    text += &markdown(tables)?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    if !quick {
        std::fs::write(page(), text)?;
    }
    Ok(())
}

/// Puts tables of another bench at the end of BENCHMARKS.md, in place of what follows from a table of
/// the same title on, and shows them. A quick run is shown only.
pub(crate) fn append(tables: &[Table], quick: bool) -> anyhow::Result<()> {
    let text = markdown(tables)?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    if !quick && let Some(first) = tables.first() {
        let before = std::fs::read_to_string(page())?;
        let title = format!("\n## {}\n", first.title);
        let before = before.split(&title).next().unwrap_or_default();
        std::fs::write(page(), format!("{before}{text}"))?;
    }
    Ok(())
}

fn page() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../BENCHMARKS.md")
}

fn markdown(tables: &[Table]) -> anyhow::Result<String> {
    let mut text = String::new();
    for table in tables {
        writeln!(text, "\n## {}\n", table.title)?;
        writeln!(text, "| way | {} |", table.columns.join(" | "))?;
        writeln!(text, "|---|{}", "---:|".repeat(table.columns.len()))?;
        for (name, cells) in &table.rows {
            let cells: Vec<String> = cells
                .iter()
                .map(|cell| match cell {
                    Cell::Number(number, _) if number.is_nan() => "–".to_owned(),
                    Cell::Number(number, digits) => format!("{number:.digits$}"),
                    Cell::None => "–".to_owned(),
                    Cell::Fails => "fails".to_owned(),
                })
                .collect();
            writeln!(text, "| {name} | {} |", cells.join(" | "))?;
        }
        for note in &table.notes {
            writeln!(text, "\n{note}")?;
        }
    }
    Ok(text)
}

//! Tables for people: Markdown into BENCHMARKS.md, and onto the screen.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use crate::machine;

/// One figure.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// With so many digits after the point.
    Number(f64, usize),
    /// Does not apply.
    None,
    /// In words.
    Text(String),
    /// Can't be done; a note says why.
    Fails,
}

/// A table: a way in each row, a measure in each column.
pub(crate) struct Table {
    pub(crate) title: String,
    /// What the rows are.
    pub(crate) rows_are: &'static str,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Cell>)>,
    notes: Vec<String>,
    /// What is ours did not do what it must: nothing to be published.
    pub(crate) broken: bool,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|&column| column.to_owned()).collect();
        Table {
            title: title.to_owned(),
            rows_are: "way",
            columns,
            rows: Vec::new(),
            notes: Vec::new(),
            broken: false,
        }
    }

    /// A figure, by the names of its row and column.
    pub(crate) fn figure(&self, row: &str, column: &str) -> Option<f64> {
        let column = self.columns.iter().position(|it| it == column)?;
        let (_, cells) = self.rows.iter().find(|it| it.0 == row)?;
        match cells.get(column)? {
            Cell::Number(number, _) if !number.is_nan() => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// The figures of a row.
    pub(crate) fn figures(&self, row: &str) -> Vec<f64> {
        let columns = self.columns();
        columns.filter_map(|it| self.figure(row, it)).collect()
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

/// How far the middle half of the values is apart, as a share of the middle one.
pub(crate) fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let quarter = values.len() / 4;
    let middle = &values[quarter..values.len() - quarter];
    match (middle.first(), middle.last()) {
        (Some(least), Some(most)) => (most - least) / median(values.iter().copied()),
        _ => f64::NAN,
    }
}

/// Shows the tables, and puts them into BENCHMARKS.md unless they are `shown_only`.
pub(crate) fn append(tables: &[Table], shown_only: bool) -> anyhow::Result<()> {
    write("", tables, shown_only)
}

/// The same, below some text.
///
/// Each bench has a block of its own there, between two marks. What stands outside of them was
/// written by hand and is left alone.
pub(crate) fn write(text: &str, tables: &[Table], shown_only: bool) -> anyhow::Result<()> {
    let name = env!("CARGO_CRATE_NAME");
    let text = format!("{text}{}", markdown(tables)?);
    std::io::stdout().lock().write_all(text.as_bytes())?;
    if shown_only {
        return Ok(());
    }
    let (begin, end) = (
        format!("<!-- {name}: from here on written by `make bench` -->"),
        format!("<!-- {name}: to here -->"),
    );
    let page = root().join("BENCHMARKS.md");
    let before = std::fs::read_to_string(&page)?;
    let (head, rest) = before.split_once(&begin).unwrap_or((&before, ""));
    let tail = rest.split_once(&end).map_or("\n", |(_, tail)| tail);
    let on = machine::describe();
    let block = format!("{begin}\n\nMeasured on {on}.\n\n{text}\n{end}");
    std::fs::write(page, format!("{head}{block}{tail}"))?;
    Ok(())
}

/// The folder of the whole project.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn markdown(tables: &[Table]) -> anyhow::Result<String> {
    let mut text = String::new();
    for table in tables {
        writeln!(text, "\n## {}\n", table.title)?;
        writeln!(
            text,
            "| {} | {} |",
            table.rows_are,
            table.columns.join(" | ")
        )?;
        writeln!(text, "|---|{}", "---:|".repeat(table.columns.len()))?;
        for (name, cells) in &table.rows {
            let cells: Vec<String> = cells
                .iter()
                .map(|cell| match cell {
                    Cell::Number(number, _) if number.is_nan() => "–".to_owned(),
                    Cell::Number(number, digits) => format!("{number:.digits$}"),
                    Cell::None => "–".to_owned(),
                    Cell::Text(text) => text.clone(),
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

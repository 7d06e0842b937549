//! What a picture says in words: a sentence, its items in reading order, and its data as a table.

/// A picture in words; the same for every width that it is laid out for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// What the picture is, in a few words: `Byte ruler`.
    pub name: &'static str,
    /// The finding in figures, a sentence or two.
    pub summary: String,
    /// What is drawn, in reading order, a sentence each.
    pub items: Vec<String>,
    /// The data.
    pub table: Table,
    /// What must be said about the figures, a sentence each: whose clock, what was left out.
    pub notes: Vec<String>,
}

/// Data as a table: the first cell of a row is its heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the columns are.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// Rows that are left out; the export has them.
    pub more: usize,
}

/// The most rows of a table.
const ROWS: usize = 1_000;

impl Table {
    /// An empty table with these columns.
    pub fn new(head: &[&'static str]) -> Self {
        Table {
            head: head.to_vec(),
            ..Table::default()
        }
    }

    /// Adds a row, or counts it.
    pub fn push(&mut self, row: Vec<String>) {
        if self.rows.len() < ROWS {
            self.rows.push(row);
        } else {
            self.more += 1;
        }
    }
}

impl Story {
    /// Adds an item in reading order; what comes after [`MOST`] stands in the table alone.
    pub fn item(&mut self, say: String) {
        if self.items.len() < MOST {
            self.items.push(say);
        }
    }
}

/// The most items that a picture draws; the rest is counted, and stands in the table.
pub const MOST: usize = 400;

/// A number with a noun: `1 send`, `3 sends`.
pub fn count(number: usize, noun: &str) -> String {
    let mut out = number.to_string();
    out.push(' ');
    out.push_str(noun);
    if number != 1 {
        out.push('s');
    }
    out
}

/// Sizes for people: `1024 + 1024 + 952`, and after eight of them how many more there are.
pub fn sum_text(sizes: impl ExactSizeIterator<Item = usize>) -> String {
    const SHOWN: usize = 8;
    let all = sizes.len();
    let mut out = String::new();
    for (i, size) in sizes.take(SHOWN).enumerate() {
        if i > 0 {
            out.push_str(" + ");
        }
        out.push_str(&size.to_string());
    }
    if all > SHOWN {
        out.push_str(" + ");
        out.push_str(&(all - SHOWN).to_string());
        out.push_str(" more");
    }
    out
}

//! The log as somebody sees it.

use serde::Deserialize;
use serde_json::json;

use super::Page;

/// A row of the log, as it is drawn.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Row {
    /// Such as `received`.
    pub word: String,
    /// The payload with its badges, or a sentence.
    pub what: String,
    /// Such as `33 B`, or nothing.
    pub figure: String,
    /// Whether it is drawn as an error.
    pub error: bool,
    /// Whether it is picked.
    pub selected: bool,
}

/// The rows that are drawn inside of the region "Log".
const ROWS: &str = r#"
const log = [...document.querySelectorAll('section')].find(it => it.ariaLabel === 'Log');
return [...(log?.querySelectorAll('[role=option]') ?? [])].map(it => ({
  word: it.querySelector('.word').lastChild.textContent.trim(),
  what: it.querySelector('.what').textContent,
  figure: it.querySelector('.figure').textContent,
  error: it.querySelector('.word').classList.contains('error'),
  selected: it.ariaSelected === 'true',
}));
"#;

impl Page {
    /// The rows of the log that are drawn.
    ///
    /// # Panics
    /// When they are not what a row is.
    pub async fn rows(&self) -> Vec<Row> {
        let rows = self.js(ROWS, json!([])).await;
        serde_json::from_value(rows).expect("rows")
    }

    /// The last row with that word and with `part` in its text, once it is there.
    ///
    /// # Panics
    /// When there is none within the deadline.
    pub async fn row(&self, word: &str, part: &str) -> Row {
        self.poll(&format!("a row “{word}” with {part:?}"), async || {
            let rows = self.rows().await.into_iter();
            let mut found = rows.filter(|row| row.word == word && row.what.contains(part));
            found.next_back()
        })
        .await
    }

    /// How many rows the list has, drawn or not.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn count(&self) -> u64 {
        let size = "return +(document.querySelector('[role=option]')?.ariaSetSize ?? 0)";
        let size = self.js(size, json!([])).await;
        size.as_u64().expect("a number of rows")
    }

    /// Presses on the last row with that word and `part` in its text.
    ///
    /// # Panics
    /// When there is none.
    pub async fn pick(&self, word: &str, part: &str) {
        self.row(word, part).await;
        let click = r"
            const [word, part] = arguments;
            [...document.querySelectorAll('[role=option]')].findLast(it =>
                it.querySelector('.word').lastChild.textContent.trim() === word
                && it.querySelector('.what').textContent.includes(part)).click()";
        self.js(click, json!([word, part])).await;
    }

    /// Waits until the status "Connection" says this.
    ///
    /// # Panics
    /// When it does not.
    pub async fn connection(&self, says: &str) {
        let what = format!("the status “Connection” to say {says:?}");
        self.poll(&what, async || {
            let status = self.find("status", "Connection").await;
            let text = status.text().await.unwrap_or_default();
            text.contains(says).then_some(())
        })
        .await;
    }
}

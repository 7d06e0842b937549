//! Finding things on the page by role and accessible name.

use fantoccini::elements::{Element, ElementRef};
use fantoccini::error::CmdError;
use serde_json::{Value, json};

use super::{Command, Page, argument};

/// Elements in sight that could have a role and a name: few, so that the browser need not be asked
/// about each on the page. What it computes of them decides.
const CANDIDATES: &str = r#"
const [role, name, within] = arguments;
const tags = {
  alert: '', button: 'button, summary', checkbox: 'input[type=checkbox]', combobox: 'select',
  complementary: 'aside', dialog: 'dialog', form: 'form', heading: 'h1, h2, h3', link: 'a',
  list: 'ul, ol', listbox: '', option: '', region: 'section', searchbox: 'input[type=search]',
  spinbutton: 'input[type=number]', status: 'output', tab: '', textbox: 'textarea, input',
}[role] ?? '';
const css = [tags, `[role=${role}]`].filter(Boolean).join(', ');
const plain = text => (text ?? '').replace(/\s+/g, ' ').trim();
const named = it => {
  const by = (it.getAttribute('aria-labelledby') ?? '').split(/\s+/);
  const texts = [it.getAttribute('aria-label'), it.textContent, it.title];
  for (const label of it.labels ?? []) texts.push(label.textContent);
  for (const id of by) texts.push(document.getElementById(id)?.textContent);
  return texts.some(text => plain(text).includes(name));
};
return [...(within ?? document).querySelectorAll(css)]
  .filter(it => it.checkVisibility({ visibilityProperty: true }) && named(it));
"#;

impl Page {
    /// The element of that role and accessible name, once it is there.
    ///
    /// # Panics
    /// When there is none within the deadline.
    pub async fn find(&self, role: &str, name: &str) -> Element {
        let what = format!("{role} “{name}”");
        self.poll(&what, async || self.look(role, name, Value::Null).await)
            .await
    }

    /// As [`Page::find`], inside of another element.
    ///
    /// # Panics
    /// When there is none within the deadline.
    pub async fn find_in(&self, within: &Element, role: &str, name: &str) -> Element {
        let what = format!("{role} “{name}” inside of another element");
        let within = argument(within);
        self.poll(&what, async || self.look(role, name, within.clone()).await)
            .await
    }

    /// Whether there is such an element in sight now.
    pub async fn has(&self, role: &str, name: &str) -> bool {
        self.look(role, name, Value::Null).await.is_some()
    }

    /// Waits until there is no such element in sight (any more).
    ///
    /// # Panics
    /// When it stays.
    pub async fn gone(&self, role: &str, name: &str) {
        let what = format!("{role} “{name}” to go");
        self.poll(&what, async || (!self.has(role, name).await).then_some(()))
            .await;
    }

    async fn look(&self, role: &str, name: &str, within: Value) -> Option<Element> {
        let args = json!([role, name, within]);
        let found = match &args {
            Value::Array(args) => self.client.execute(CANDIDATES, args.clone()).await,
            _ => unreachable!("a list"),
        };
        // What it was to be looked for in may have been drawn anew.
        let Ok(found) = found else { return None };
        for candidate in found.as_array().into_iter().flatten() {
            let id = candidate.as_object()?.values().next()?.as_str()?.to_owned();
            let ask = |what: &str| Command::get(format!("element/{id}/{what}"));
            let is = async |what: &str, wanted: &str| -> Result<bool, CmdError> {
                let said = self.client.issue_cmd(ask(what)).await?;
                let said = said.as_str().unwrap_or_default();
                Ok(said.split_whitespace().eq(wanted.split_whitespace()))
            };
            // An element that has gone meanwhile is not it.
            if is("computedlabel", name).await.unwrap_or(false)
                && is("computedrole", role).await.unwrap_or(false)
            {
                let element = ElementRef::from(id);
                return Some(Element::from_element_id(self.client.clone(), element));
            }
        }
        None
    }

    /// Presses the button of that name.
    ///
    /// # Panics
    /// When there is none, or something lies over it.
    pub async fn press(&self, name: &str) {
        let button = self.find("button", name).await;
        let pressed = button.click().await;
        pressed.unwrap_or_else(|error| panic!("button “{name}” can't be pressed: {error}"));
    }

    /// Presses the button of that name inside of another element.
    ///
    /// # Panics
    /// When there is none, or something lies over it.
    pub async fn press_in(&self, within: &Element, name: &str) {
        let button = self.find_in(within, "button", name).await;
        let pressed = button.click().await;
        pressed.unwrap_or_else(|error| panic!("button “{name}” can't be pressed: {error}"));
    }

    /// Chooses in the combobox of that name.
    ///
    /// # Panics
    /// When it offers no such thing within the deadline.
    pub async fn choose(&self, combobox: &str, label: &str) {
        // What it offers may have to come from the gateway first.
        self.poll(&format!("“{label}” in {combobox}"), async || {
            let select = self.find("combobox", combobox).await;
            select.select_by_label(label).await.ok()
        })
        .await;
    }

    /// Types into the message box, after what stands there.
    ///
    /// # Panics
    /// When it takes no text.
    pub async fn write(&self, text: &str) {
        let message = self.find("textbox", "Message").await;
        message.send_keys(text).await.expect("a box for text");
    }

    /// Types a message and presses Send.
    ///
    /// # Panics
    /// When that can't be done.
    pub async fn send(&self, text: &str) {
        self.write(text).await;
        self.press("Send").await;
    }

    /// Whether the button of that name can be pressed.
    ///
    /// # Panics
    /// When there is no such button.
    pub async fn enabled(&self, name: &str) -> bool {
        let button = self.find("button", name).await;
        button.is_enabled().await.expect("a button")
    }

    /// Waits until the button of that name can be pressed, or cannot.
    ///
    /// # Panics
    /// When it stays as it is.
    pub async fn until_enabled(&self, name: &str, enabled: bool) {
        let what = format!("button “{name}”, enabled: {enabled}");
        let ask = async || (self.enabled(name).await == enabled).then_some(());
        self.poll(&what, ask).await;
    }
}

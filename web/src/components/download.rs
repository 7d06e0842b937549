//! Hands a text to the person: as a file, or by the clipboard.

use js_sys::futures::JsFuture;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlDocument, HtmlElement, HtmlTextAreaElement, Url};

/// Saves a text as a file of that name; `mime` such as `application/json`.
///
/// # Errors
/// What the browser threw.
pub fn download(name: &str, mime: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    let parts = js_sys::Array::of1(&text.into());
    save(
        name,
        &Blob::new_with_str_sequence_and_options(&parts, &options)?,
    )
}

/// Saves bytes as a file of that name.
///
/// # Errors
/// What the browser threw.
pub fn download_bytes(name: &str, mime: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(mime);
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes).into());
    save(
        name,
        &Blob::new_with_u8_array_sequence_and_options(&parts, &options)?,
    )
}

/// Saves bytes that the browser holds as a file of that name.
///
/// # Errors
/// What the browser threw.
pub fn save(name: &str, blob: &Blob) -> Result<(), JsValue> {
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or("no document")?;
    let url = Url::create_object_url_with_blob(blob)?;
    let anchor: HtmlElement = document.create_element("a")?.dyn_into()?;
    anchor.set_attribute("href", &url)?;
    anchor.set_attribute("download", name)?;
    anchor.click();
    // The browser took hold of the blob at the click.
    Url::revoke_object_url(&url)
}

/// Puts a text on the clipboard; `false` where the browser does not let this page.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    let navigator = window.navigator();
    // web-sys takes it for granted; without a secure context (plain http in a classroom's network)
    // it is undefined.
    let written = match js_sys::Reflect::get(&navigator, &"clipboard".into()) {
        Ok(clipboard) if clipboard.is_object() => {
            JsFuture::from(navigator.clipboard().write_text(text))
                .await
                .is_ok()
        }
        _ => false,
    };
    written || copy_selection(text).unwrap_or(false)
}

/// The older way, which needs no secure context: copies what is selected.
fn copy_selection(text: &str) -> Result<bool, JsValue> {
    let document: HtmlDocument = web_sys::window()
        .and_then(|window| window.document())
        .ok_or("no document")?
        .dyn_into()?;
    let focused = document.active_element();
    let area: HtmlTextAreaElement = document.create_element("textarea")?.dyn_into()?;
    area.set_class_name("unseen");
    area.set_value(text);
    document.body().ok_or("no body")?.append_child(&area)?;
    area.select();
    let copied = document.exec_command("copy").unwrap_or(false);
    area.remove();
    if let Some(element) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.focus()?;
    }
    Ok(copied)
}

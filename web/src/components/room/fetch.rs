//! The room's two HTTP requests: opening one, and fetching its transcript.

use chalkwire_shared::id::Token;
use js_sys::futures::JsFuture;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, Headers, RequestInit, Response};

use crate::browser;
use crate::components::download::{download, save};
use crate::room::lobby::refusal;

/// What is said where no answer came.
const NO_ANSWER: &str = "The gateway did not answer: is the network there? Try again.";

/// Has a room opened: the answer's status and text.
///
/// # Errors
/// A sentence where no answer came.
pub async fn open(base: &str, title: &str) -> Result<(u16, String), String> {
    let body = serde_json::json!({ "title": title }).to_string();
    let asked = async {
        let headers = Headers::new()?;
        headers.set("content-type", "application/json")?;
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_headers(&headers);
        init.set_body(&body.into());
        let response = ask(base, "api/rooms", &init).await?;
        let text = JsFuture::from(response.text()?).await?;
        Ok::<_, JsValue>((response.status(), text.as_string().unwrap_or_default()))
    };
    asked.await.map_err(|_| NO_ANSWER.to_owned())
}

/// Fetches a transcript and saves it as a file; `report` makes a page of it first.
///
/// # Errors
/// A sentence on why there is none.
pub async fn transcript(
    base: &str,
    path: &str,
    secret: &Token,
    file: &str,
    report: Option<impl FnOnce(&str) -> String>,
) -> Result<(), String> {
    let asked = async {
        let headers = Headers::new()?;
        headers.set("authorization", &format!("Bearer {}", secret.expose()))?;
        let init = RequestInit::new();
        init.set_method("GET");
        init.set_headers(&headers);
        let response = ask(base, path, &init).await?;
        if !response.ok() {
            let text = JsFuture::from(response.text()?).await?;
            return Ok(Err(text.as_string().unwrap_or_default()));
        }
        if let Some(report) = report {
            let text = JsFuture::from(response.text()?).await?;
            let page = report(&text.as_string().unwrap_or_default());
            download(file, "text/html", &page)?;
            return Ok(Ok(()));
        }
        let blob: Blob = JsFuture::from(response.blob()?).await?.dyn_into()?;
        save(file, &blob)?;
        Ok::<_, JsValue>(Ok(()))
    };
    match asked.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(text)) => {
            let why = refusal(&text);
            Err(why.unwrap_or_else(|| "The gateway does not give the transcript out.".to_owned()))
        }
        Err(_) => Err(NO_ANSWER.to_owned()),
    }
}

async fn ask(base: &str, path: &str, init: &RequestInit) -> Result<Response, JsValue> {
    let url = web_sys::Url::new_with_base(path, base)?;
    url.set_hash("");
    let window = browser::window().ok_or("no window")?;
    let request = window.fetch_with_str_and_init(&url.href(), init);
    JsFuture::from(request).await?.dyn_into()
}

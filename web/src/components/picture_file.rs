//! Saves a picture as PNG: the browser draws the SVG, and a canvas gives its pixels.

use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use super::download::save;
use crate::browser;

/// Pixels for each unit of the picture, for the lens of a printer.
const SCALE: i32 = 2;

/// Saves an SVG document of that many units as a PNG of twice as many pixels.
///
/// # Errors
/// What the browser threw.
pub fn save_png(name: &str, svg: &str, width: i32, height: i32) -> Result<(), JsValue> {
    let document = browser::window()
        .and_then(|it| it.document())
        .ok_or("no document")?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
    canvas.set_width((width * SCALE) as u32);
    canvas.set_height((height * SCALE) as u32);
    let image = HtmlImageElement::new()?;
    let (name, drawn) = (name.to_owned(), image.clone());
    let ready = Closure::once_into_js(move || {
        // A browser that cannot draw it saves nothing, and says why on its console.
        let _ = pixels(&name, &canvas, &drawn);
    });
    image.set_onload(Some(ready.unchecked_ref()));
    // The page's policy lets images come from `data:` and from nowhere else.
    let encoded = String::from(js_sys::encode_uri_component(svg));
    image.set_src(&["data:image/svg+xml,", &encoded].concat());
    Ok(())
}

fn pixels(name: &str, canvas: &HtmlCanvasElement, image: &HtmlImageElement) -> Result<(), JsValue> {
    let context = canvas.get_context("2d")?.ok_or("no canvas")?;
    let context: CanvasRenderingContext2d = context.dyn_into()?;
    let (w, h) = (f64::from(canvas.width()), f64::from(canvas.height()));
    context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, w, h)?;
    let name = name.to_owned();
    let done = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            // As above.
            let _ = save(&name, &blob);
        }
    });
    canvas.to_blob(done.unchecked_ref())
}

//! Starts the page.

fn main() {
    #[cfg(target_arch = "wasm32")]
    yew::Renderer::<chalkwire_web::components::app::App>::new().render();
}

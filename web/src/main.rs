//! Starts the page: the Lab, or where else the address leads.

fn main() {
    #[cfg(target_arch = "wasm32")]
    chalkwire_web::stage::begin();
}

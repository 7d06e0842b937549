//! Starts the experiments: a program of its own, loaded when somebody opens them.

fn main() {
    #[cfg(target_arch = "wasm32")]
    chalkwire_web::components::experiment::app::begin();
}

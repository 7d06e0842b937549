//! Starts the experiments and the room: a program of its own, loaded when somebody opens one of them.

fn main() {
    #[cfg(target_arch = "wasm32")]
    chalkwire_web::second::begin();
}

//! Starts what is not the Lab, experiments or room: a program of its own, loaded when somebody opens it.

fn main() {
    #[cfg(target_arch = "wasm32")]
    chalkwire_web::components::other::begin();
}

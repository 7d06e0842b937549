//! Deadlines: nothing in a test waits for ever.

use std::future::Future;
use std::time::Duration;

/// How long anything may take that should happen at once. Generous, for a machine that builds
/// something else at the same time; a test that passes never comes near it.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Waits for `future`, [`DEADLINE`] at the most.
///
/// # Panics
/// When it took longer; `what` says what was waited for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} in vain for: {what}"),
    }
}

/// Asks again and again until `condition` holds, [`DEADLINE`] at the most: for what happens in
/// another process and can only be looked at, such as a file or a counter.
///
/// # Panics
/// When it never held.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    within(what, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

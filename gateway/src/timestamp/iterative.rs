//! The model iterative: one client at a time, as the chapter's first server.

use super::Context;
use super::blocking::converse;
use super::listen::Listener;
use std::sync::Arc;

/// Serves clients one after the other. Who comes meanwhile waits in the kernel's backlog.
pub(super) fn run(listener: Listener, context: &Arc<Context>) {
    while let Some((client, socket)) = listener.accept_blocking(context) {
        converse(&client, &socket, context);
    }
}

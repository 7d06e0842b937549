//! The model threaded: a thread a client, as Python's `ThreadingTCPServer`.

use std::sync::Arc;
use std::thread;

use super::Context;
use super::blocking::converse;
use super::event::What;
use super::listen::Listener;
use super::permit::Permits;

/// Threads at once. Who comes when all are taken waits in the backlog: a permit first, then accept.
const MAX_THREADS: usize = 256;

/// Serves each client on a thread of its own; returns when all of them have ended.
pub(super) fn run(listener: Listener, context: &Arc<Context>) {
    let permits = Permits::new(MAX_THREADS);
    // The scope joins its threads.
    thread::scope(|scope| {
        loop {
            let permit = permits.acquire();
            let place = || context.options.workers.acquire(&context.stop);
            let Some((place, client, socket)) = listener.accept_with(context, place) else {
                return;
            };
            let serve = move || {
                let _permit = (permit, place);
                let _counted = context.count.thread();
                // Declared here so that it outlives the socket: see `Client`.
                let client = client;
                let socket = socket;
                converse(&client, &socket, context);
            };
            if let Err(error) = thread::Builder::new().spawn_scoped(scope, serve) {
                context.reporter.server(What::failed(format_args!(
                    "no thread for a client: {error}"
                )));
            }
        }
    });
}

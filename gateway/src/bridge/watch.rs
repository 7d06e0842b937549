//! What is watched of a socket beside its bytes, from its connecting until after its end.

use chalkwire_shared::target::Kind;

use super::Context;
use super::client::{Client, Told};
use crate::kernel::{NoView, Watch, Watcher};
use crate::observe::{Observers, Registration, did};
use crate::target::{Ends, Target};

/// What is to be watched.
#[derive(Clone, Copy, Debug, Default)]
pub struct Views<'a> {
    /// What the target does, where it is a server of the gateway's own.
    pub server: Option<&'a Observers>,
    /// How the kernel has it, or why that can't be had.
    pub kernel: Option<Result<&'a Watcher, NoView>>,
}

impl Views<'_> {
    /// Whether anything is.
    pub fn any(&self) -> bool {
        self.server.is_some() || matches!(self.kernel, Some(Ok(_)))
    }
}

/// A socket that is watched. Drop it when the socket is closed: the end of it is still told.
#[derive(Debug, Default)]
pub struct Watched {
    server: Option<Registration>,
    kernel: Option<Watch>,
    /// The client knows already that there is no view of the kernel.
    refused: bool,
}

impl Watched {
    /// About to connect, and its ends are known.
    pub(super) fn named<C: Client>(
        &mut self,
        views: &Views<'_>,
        ends: &Ends,
        client: &C,
        context: &Context,
    ) {
        let Some(Ok(watcher)) = views.kernel else {
            return;
        };
        let sink = {
            let client = client.clone();
            move |clock_us, end, view| {
                let room = client.has_room();
                if room {
                    client.tell(clock_us, Told::Kernel { end, view });
                }
                room
            }
        };
        match watcher.watch(ends, sink) {
            Ok(watch) => self.kernel = Some(watch),
            Err(no_view) => self.refuse(no_view, client, context),
        }
    }

    fn refuse<C: Client>(&mut self, no_view: NoView, client: &C, context: &Context) {
        if !std::mem::replace(&mut self.refused, true) {
            client.tell(context.clock.now_us(), Told::NoKernelView(no_view));
        }
    }

    /// Connected, and the client knows: what the server has done by now is told, and what it does.
    pub(super) fn opened<C: Client>(
        &mut self,
        views: &Views<'_>,
        target: &Target,
        local: &str,
        client: &C,
        context: &Context,
    ) {
        match &self.kernel {
            Some(watch) => watch.look(),
            None if views.kernel.is_some() => self.refuse(NoView::Unnamed, client, context),
            None => {}
        }
        let Some(observers) = views.server else {
            return;
        };
        let (client, metrics) = (client.clone(), context.metrics.clone());
        let sink = move |event: &crate::timestamp::Event| {
            if !client.server(event.clock_us, did(&event.what)) {
                metrics.lost_observations.inc();
            }
        };
        self.server = Some(observers.register(&target.url.to_string(), local, sink));
    }

    /// The socket has ended. A datagram socket keeps its address a little longer: given to somebody
    /// else, that one's datagrams would be reported here.
    pub fn ended(mut self, kind: Kind, socket: impl Send + 'static) {
        match &mut self.server {
            Some(registration) if kind == Kind::Udp => registration.keep(socket),
            _ => drop(socket),
        }
    }
}

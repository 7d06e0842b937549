//! Exchanges whose sockets died with the gateway that had them.

use std::sync::Arc;

use chalkwire_shared::close::Reason;
use chalkwire_shared::room::{Exchange, Happened};

use super::Room;
use super::inside::Inside;

impl Room {
    /// Ends the exchanges of the present run that were on when a gateway before this one ended: nobody
    /// sees what becomes of them, and they would be on for ever.
    pub(super) fn end_orphans(self: &Arc<Self>, inside: &mut Inside) {
        let began_us = self.common.offset_us;
        let members = inside.state.members.values();
        let orphans = members.filter_map(|it| {
            let exchange = it.of_run.as_deref()?;
            let is_one = exchange.over_us.is_none() && exchange.begun_us < began_us;
            is_one.then(|| (it.member, exchange.clone()))
        });
        for (member, exchange) in orphans.collect::<Vec<_>>() {
            let exchange = Box::new(ended(exchange));
            self.happens(inside, Happened::Exchange { member, exchange });
        }
    }
}

/// With what was seen of it last.
fn ended(exchange: Exchange) -> Exchange {
    let seen = [
        exchange.connected_us,
        exchange.accepted_us,
        exchange.sent_us,
        exchange.recv_us,
        exchange.replied_us,
    ];
    Exchange {
        over_us: Some(seen.into_iter().flatten().max().unwrap_or(0)),
        reason: Some(Reason::Failed),
        ..exchange
    }
}

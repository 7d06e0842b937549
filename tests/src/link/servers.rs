//! Servers of a link's own.

use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::server::{ServerId, ServerOptions};

use super::{Event, Link};

impl Link {
    /// Asks for a server of this link's own.
    pub async fn serve(&mut self, options: ServerOptions) -> ServerId {
        self.last_server += 1;
        let server = ServerId(self.last_server);
        self.say(|seq| ClientMessage::Serve {
            seq,
            server,
            options,
        })
        .await;
        server
    }

    /// Asks for a server, and waits until it runs: its name as a target.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn serving(&mut self, options: ServerOptions) -> String {
        let server = self.serve(options).await;
        self.expect_serving(server).await;
        server.name()
    }

    /// Asks for a server to be stopped.
    pub async fn stop(&mut self, server: ServerId) {
        self.say(|seq| ClientMessage::Stop { seq, server }).await;
    }

    /// What comes next of the server must be `serving`: its URL.
    ///
    /// # Panics
    /// When it is not.
    pub async fn expect_serving(&mut self, server: ServerId) -> String {
        match self.told_of(server).await {
            GatewayMessage::Serving { url, .. } => url,
            other => panic!("not serving but {other:?}"),
        }
    }

    /// What comes next of the server must be `stopped`: why.
    ///
    /// # Panics
    /// When it is not.
    pub async fn expect_stopped(&mut self, server: ServerId) -> String {
        match self.told_of(server).await {
            GatewayMessage::Stopped { detail, .. } => detail,
            other => panic!("not stopped but {other:?}"),
        }
    }

    async fn told_of(&mut self, id: ServerId) -> GatewayMessage {
        let of_server = |event: &Event| match event {
            Event::Told(
                GatewayMessage::Serving { server, .. } | GatewayMessage::Stopped { server, .. },
            ) => *server == id,
            _ => false,
        };
        match self.event_that(of_server).await {
            Event::Told(message) => message,
            Event::Data(frame) => panic!("not told but {frame:?}"),
        }
    }
}

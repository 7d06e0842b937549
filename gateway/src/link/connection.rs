//! One connection of a link: messages in, messages out, signs of life.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::close::LinkClose;
use chalkwire_shared::message::{ClientMessage, GatewayMessage, NoticeKind};
use futures_util::{FutureExt, poll};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use super::attached::Passed;
use super::carrier::Carrier;
use super::{Fresh, Link, Links, message_of};
use crate::core::Core;
use crate::policy::rate::Bucket;
use crate::room::Reader;
use crate::seldom::Seldom;
use crate::ws::{Broken, Incoming, Message};

/// After so many messages of the client at the latest they are acknowledged.
const ACK_MESSAGES: u64 = 32;

/// After this time at the latest they are acknowledged.
const ACK_AFTER: Duration = Duration::from_millis(500);

/// After a message that took so long others have their turn: what faults do to it is done at once.
const LONG: Duration = Duration::from_micros(500);

/// How a connection came to its end.
enum End {
    /// The client said goodbye, or broke the protocol: the link ends too.
    Link(LinkClose, String),
    /// The connection is lost or slow: the link is kept.
    Dropped,
    /// The client gave the connection up with this code, and will come back on another: the link is
    /// kept.
    Away(u16),
    /// Another connection has the link.
    TakenOver,
    /// The gateway ends.
    Draining,
}

/// Serves a connection to its end.
pub(crate) async fn serve(mut carrier: Carrier, fresh: Fresh) {
    let (link, links) = (fresh.link.clone(), fresh.links.clone());
    let mut connection = Connection::new(link, links.clone());
    drop(fresh);
    let Err(end) = connection.run(&mut carrier).await;
    // Nothing comes after a goodbye.
    connection.link.opens(&connection.mine, None);
    let close = match end {
        End::Link(close, detail) => {
            links.end(&connection.link);
            if close != LinkClose::Normal {
                links.core.metrics.refuse("protocol");
                tracing::info!(code = close.code(), detail = %detail.escape_debug(), "link closed");
            }
            Some((close.code(), detail))
        }
        End::Dropped | End::Away(_) => {
            // Nobody could come for it any more; or nobody has said that he will.
            match links.core.tasks.is_draining() || !connection.greeted {
                true => links.end(&connection.link),
                false => links.keep(&connection.link, &connection.mine),
            }
            match end {
                End::Away(code) => Some((code, String::new())),
                _ => None,
            }
        }
        End::TakenOver => Some(told(LinkClose::TakenOver)),
        End::Draining => {
            links.end(&connection.link);
            Some(told(LinkClose::Restart))
        }
    };
    if let Some((code, detail)) = close {
        carrier.close(&links.core.timers, code, &detail).await;
    }
}

/// A close as it is said.
fn told(close: LinkClose) -> (u16, String) {
    (close.code(), close.sentence().to_owned())
}

/// What comes from outside of a connection.
enum Outside {
    /// Its link has something to send that could not be written at once, or is full.
    Woken,
    /// Another connection has the link.
    TakenOver,
    /// The link has ended.
    Ended,
    /// The gateway ends, and this link's time has come.
    Drained,
}

/// What the client said.
enum Said {
    /// A data frame, which was taken.
    Data,
    Message(ClientMessage),
    /// A ping was answered by the WebSocket itself.
    SignOfLife,
    /// With its code.
    Goodbye(Option<u16>),
}

struct Connection {
    link: Arc<Link>,
    links: Arc<Links>,
    core: Arc<Core>,
    /// Cancelled when another connection takes the link.
    mine: CancellationToken,
    /// The last of the client's messages that the client knows to be taken.
    acked: u64,
    ack_at: Option<Instant>,
    began_at: Instant,
    /// The client spoke last at this time.
    heard_at: Instant,
    /// A ping is out since this time.
    pinged_at: Option<Instant>,
    /// Whether the client has said anything yet.
    greeted: bool,
    control: Bucket,
    /// Of its room's events, once it asked for them.
    reader: Option<Reader>,
}

impl Connection {
    fn new(link: Arc<Link>, links: Arc<Links>) -> Self {
        let core = links.core.clone();
        let mine = CancellationToken::new();
        link.attach(mine.clone(), 0);
        let now = Instant::now();
        let rate = core.config.limits.control_per_second;
        Connection {
            link,
            mine,
            acked: 0,
            ack_at: None,
            began_at: now,
            heard_at: now,
            pinged_at: None,
            greeted: false,
            control: Bucket::new(rate.saturating_mul(2), rate, now.into_std()),
            reader: None,
            links,
            core,
        }
    }

    async fn run(&mut self, carrier: &mut Carrier) -> Result<Infallible, End> {
        let welcome = self.core.welcome(self.link.token.clone());
        self.send(carrier, Message::text(welcome.encode())).await?;
        // Links close over the drain time, not all at one moment: they come back somewhere.
        let draining = self.core.tasks.draining().clone();
        let spread = self.core.spread(self.core.config.limits.drain / 2);
        let due = self.core.timers.sleep_until(self.next_due());
        tokio::pin!(due);
        // Kept from one message to the next; anew where a resumed link takes the new one's place.
        loop {
            self.link.opens(&self.mine, carrier.outlet());
            self.pass_on(carrier).await?;
            let (link, mine) = (self.link.clone(), self.mine.clone());
            // Not with each message.
            let woken = || link.wake.notified().map(|()| Outside::Woken);
            let mut outside = Seldom::new(woken());
            outside.push(mine.cancelled().map(|()| Outside::TakenOver));
            outside.push(link.ended.cancelled().map(|()| Outside::Ended));
            outside.push(async {
                draining.cancelled().await;
                tokio::time::sleep(spread).await;
                Outside::Drained
            });
            while Arc::ptr_eq(&link, &self.link) {
                // What is due later than that is looked at when it is over.
                if self.next_due() < due.deadline() {
                    due.as_mut().reset(self.next_due());
                }
                // recv is cancel-safe, and the others go on where they were; nothing is sent inside of
                // the select.
                tokio::select! {
                    biased;
                    it = outside.next() => match it {
                        // However much a client says: it is not heard while it does not read.
                        Outside::Woken => {
                            outside.push(woken());
                            self.pass_on(carrier).await?;
                        }
                        Outside::TakenOver => return Err(End::TakenOver),
                        Outside::Ended => return Err(End::Draining),
                        Outside::Drained => return Err(self.say_goodbye(carrier).await),
                    },
                    said = carrier.recv(|incoming| hear(&link, incoming)) => {
                        let (heard_at, said) = said.ok_or(End::Dropped)?.map_err(end_of)?;
                        self.take(carrier, heard_at, said?).await?;
                        // Its room's pages have their turn, too.
                        if let Some(text) = next_page(&mut self.reader).now_or_never() {
                            self.send_page(carrier, text).await?;
                        }
                    }
                    text = next_page(&mut self.reader) => self.send_page(carrier, text).await?,
                    () = &mut due => {
                        self.due(carrier).await?;
                        due.as_mut().reset(self.next_due());
                    }
                }
                self.reader.take_if(|reader| reader.is_over());
            }
        }
    }

    async fn say_goodbye(&mut self, carrier: &mut Carrier) -> End {
        let detail = LinkClose::Restart.sentence().to_owned();
        let kind = NoticeKind::Draining;
        self.link.push(|seq| GatewayMessage::Notice {
            seq,
            socket: None,
            kind,
            detail,
        });
        match self.pass_on(carrier).await {
            Ok(()) => End::Draining,
            Err(end) => end,
        }
    }

    /// Takes what the client said at this time.
    async fn take(&mut self, carrier: &mut Carrier, now: Instant, said: Said) -> Result<(), End> {
        self.heard_at = now;
        self.pinged_at = None;
        if !matches!(said, Said::Data) && !self.control.take(now.into_std()) {
            let detail = "too many messages in too short a time".to_owned();
            return Err(End::Link(LinkClose::Policy, detail));
        }
        match said {
            Said::Data => {}
            Said::Message(ClientMessage::Ping { id }) => {
                self.greeted = true;
                let clock_us = self.core.clock.now_us();
                let pong = GatewayMessage::Pong { id, clock_us };
                return self.send(carrier, Message::text(pong.encode())).await;
            }
            Said::Message(ClientMessage::Subscribe { epoch, offset }) => {
                self.greeted = true;
                self.reader = self.link.seat().map(|seat| seat.read(epoch, offset));
                return Ok(());
            }
            Said::Message(ClientMessage::Resume { token, seen }) if !self.greeted => {
                self.greeted = true;
                return self.resume(carrier, &token, seen).await;
            }
            Said::Message(message) => self.link.take_message(message).map_err(end_of)?,
            Said::SignOfLife => return Ok(()),
            Said::Goodbye(code) => return Err(goodbye(code)),
        }
        self.greeted = true;
        if now.elapsed() > LONG {
            tokio::task::yield_now().await;
        }
        let behind = self.link.taken() - self.acked;
        if behind >= ACK_MESSAGES {
            return self.acknowledge(carrier).await;
        }
        if behind > 0 && self.ack_at.is_none() {
            self.ack_at = Some(now + ACK_AFTER);
        }
        Ok(())
    }

    /// The client asks for a link of before.
    async fn resume(
        &mut self,
        carrier: &mut Carrier,
        token: &chalkwire_shared::id::Token,
        seen: u64,
    ) -> Result<(), End> {
        let found = self.links.get(token).ok_or_else(|| {
            "The link of before is gone: it was away for too long, or the gateway was started anew. \
             Its sockets are closed."
                .to_owned()
        });
        let found = found.and_then(|link| match link.resume(seen) {
            Some(taken) => Ok((taken, link)),
            None => {
                self.links.end(&link);
                Err(format!(
                    "The link of before can't go on after message {seen}: those that follow it are \
                     not there. Its sockets are closed."
                ))
            }
        });
        let (taken, link) = match found {
            Ok(found) => found,
            Err(detail) => {
                let answer = GatewayMessage::ResumeFailed { detail };
                return self.send(carrier, Message::text(answer.encode())).await;
            }
        };
        // The link that this connection began with was never used.
        let before = std::mem::replace(&mut self.link, link);
        if !Arc::ptr_eq(&before, &self.link) {
            self.link.called_by(before.caller());
            self.links.end(&before);
            self.mine = CancellationToken::new();
            self.link.attach(self.mine.clone(), seen);
        }
        self.acked = taken;
        self.core.metrics.resumed.inc();
        tracing::debug!("link resumed");
        let answer = GatewayMessage::Resumed { seen: taken };
        self.send(carrier, Message::text(answer.encode())).await
    }

    /// Sends what waits for the client.
    async fn pass_on(&self, carrier: &mut Carrier) -> Result<(), End> {
        loop {
            match self.link.pass_on(&self.mine) {
                Passed::All => return Ok(()),
                Passed::Waits(outlet) => {
                    let flushed = async { outlet.flush().await.is_ok() };
                    self.patiently(flushed).await?;
                }
                Passed::Next(item) => self.send(carrier, item.into()).await?,
                Passed::TooMuch => {
                    let detail = "too much waits for this client to read or acknowledge it";
                    return Err(End::Link(LinkClose::Slow, detail.to_owned()));
                }
                Passed::Gone => return Err(End::Dropped),
            }
        }
    }

    /// Sends a page of the room's events, after what the link itself had to say.
    async fn send_page(&mut self, carrier: &mut Carrier, text: Bytes) -> Result<(), End> {
        self.pass_on(carrier).await?;
        match Utf8Bytes::try_from(text) {
            Ok(text) => self.send(carrier, Message::Text(text)).await,
            // It was a text when it was made.
            Err(_) => Ok(()),
        }
    }

    async fn acknowledge(&mut self, carrier: &mut Carrier) -> Result<(), End> {
        self.ack_at = None;
        self.acked = self.link.taken();
        let ack = GatewayMessage::Ack { seen: self.acked };
        self.send(carrier, Message::text(ack.encode())).await
    }

    /// When something is due next, if the client stays silent.
    fn next_due(&self) -> Instant {
        let limits = &self.core.config.limits;
        let life = match self.pinged_at {
            // Not from the last sign of life: WebSocket pings would put it off for ever.
            _ if !self.greeted => self.began_at + limits.hello,
            Some(at) => at + limits.pong,
            None => self.heard_at + limits.ping,
        };
        self.ack_at.map_or(life, |ack_at| ack_at.min(life))
    }

    async fn due(&mut self, carrier: &mut Carrier) -> Result<(), End> {
        let now = Instant::now();
        if self.ack_at.is_some_and(|at| at <= now) {
            return self.acknowledge(carrier).await;
        }
        if self.next_due() > now {
            return Ok(());
        }
        if !self.greeted {
            let detail = "the client said nothing".to_owned();
            return Err(End::Link(LinkClose::Policy, detail));
        }
        if self.pinged_at.is_some() {
            return Err(End::Dropped);
        }
        self.pinged_at = Some(now);
        self.send(carrier, Message::Ping).await
    }

    async fn send(&self, carrier: &mut Carrier, message: Message) -> Result<(), End> {
        self.patiently(carrier.send(message)).await
    }

    /// Waits for a client to take something: one that does not in time is taken for gone.
    async fn patiently(&self, taken: impl Future<Output = bool>) -> Result<(), End> {
        let patience = self.core.config.limits.ping + self.core.config.limits.pong;
        tokio::pin!(taken);
        // Mostly the kernel has it at once, and no timer is wanted.
        let taken = match poll!(&mut taken) {
            Poll::Ready(taken) => taken,
            // Whoever waits for this connection to end does not wait for its client.
            Poll::Pending => tokio::select! {
                taken = timeout(patience, taken) => matches!(taken, Ok(true)),
                () = self.mine.cancelled() => return Err(End::TakenOver),
                () = self.link.ended.cancelled() => return Err(End::Draining),
            },
        };
        match taken {
            true => Ok(()),
            false => Err(End::Dropped),
        }
    }
}

/// Takes what can be taken where it lies, and says at what time.
fn hear(link: &Link, incoming: Incoming<'_>) -> (Instant, Result<Said, End>) {
    let now = Instant::now();
    let said = match incoming {
        Incoming::Binary(bytes) => link.take_data(bytes).map(|()| Said::Data),
        Incoming::Text(text) => message_of(text).map(Said::Message),
        Incoming::Ping(_) | Incoming::Pong => Ok(Said::SignOfLife),
        Incoming::Close(code) => Ok(Said::Goodbye(code)),
    };
    (now, said.map_err(end_of))
}

/// The next page of the room's events. Cancel-safe.
async fn next_page(reader: &mut Option<Reader>) -> Bytes {
    match reader {
        Some(reader) => reader.next().await,
        None => std::future::pending().await,
    }
}

fn end_of(broken: Broken) -> End {
    End::Link(broken.close, broken.detail)
}

/// A client says 1000, or nothing, when it closes the link, and a browser 1001 when the page is left
/// or reloaded: then nobody will come back. Any other code gives up the connection alone.
fn goodbye(code: Option<u16>) -> End {
    match code {
        None | Some(1000 | 1001 | 1005) => End::Link(LinkClose::Normal, String::new()),
        Some(code) => End::Away(code),
    }
}

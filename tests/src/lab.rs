//! The page's own runner of experiments, over a real WebSocket.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_web::experiment::run::Run;
use chalkwire_web::experiment::runner::{Action, Effect, Runner, Timer};
use chalkwire_web::experiment::{Experiment, Settings};
use chalkwire_web::wire::Now;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::websocket::{self, WebSocket};

/// No run takes longer: the runner itself gives up before.
const LONGEST: Duration = Duration::from_secs(120);

/// The page's part in an experiment: the runner, and the shell around it.
#[derive(Debug)]
pub struct Lab {
    address: SocketAddr,
    /// The runner.
    pub runner: Runner,
    socket: Option<WebSocket>,
    wakes: HashMap<Timer, Instant>,
}

impl Lab {
    /// Connects to a gateway.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut lab = Lab {
            address,
            runner: Runner::default(),
            socket: None,
            wakes: HashMap::new(),
        };
        lab.act(Action::Start).await;
        lab
    }

    /// Runs an experiment to its end, whatever that is.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn run(&mut self, experiment: &'static Experiment, settings: Settings) -> Run {
        self.start(experiment, settings).await;
        let running = async {
            while self.runner.is_running() {
                self.step().await;
            }
        };
        timeout(LONGEST, running).await.expect("a run that ends");
        self.runner.run().expect("a run").clone()
    }

    /// Begins to run an experiment.
    pub async fn start(&mut self, experiment: &'static Experiment, settings: Settings) {
        self.act(Action::Run(experiment, settings)).await;
    }

    /// Loses the connection, as when a cable is pulled.
    pub async fn drop_link(&mut self) {
        if let Some(socket) = self.socket.take() {
            websocket::abort(socket);
        }
        self.act(Action::Dropped(1006)).await;
    }

    /// Takes one thing in: a message, or the end of a wait.
    pub async fn step(&mut self) {
        let next = self.wakes.iter().min_by_key(|(_, at)| **at);
        let (timer, at) = next.map(|(timer, at)| (*timer, *at)).expect("a wait");
        let action = tokio::select! {
            came = next_message(&mut self.socket) => match came {
                Some(Message::Text(text)) => Action::Text(text.to_string()),
                Some(Message::Binary(bytes)) => Action::Bytes(bytes),
                Some(_) => return,
                None => {
                    self.socket = None;
                    Action::Dropped(1006)
                }
            },
            () = sleep_until(at) => {
                self.wakes.remove(&timer);
                Action::Wake(timer)
            }
        };
        self.act(action).await;
    }

    async fn act(&mut self, action: Action) {
        let mut actions = vec![action];
        while let Some(action) = actions.pop() {
            for effect in self.runner.apply(action, now()) {
                if self.perform(effect).await.is_err() {
                    self.socket = None;
                    actions.push(Action::Dropped(1006));
                }
            }
        }
    }

    /// Does what the runner asks for; an error is a WebSocket that is gone.
    async fn perform(&mut self, effect: Effect) -> Result<(), ()> {
        match effect {
            // The runner in a test has none to fear who blocks WebSockets.
            Effect::Connect(_) => {
                let opened = websocket::connect(self.address, "/ws", Some(SUBPROTOCOL)).await;
                self.socket = Some(opened.map_err(|_| ())?.0);
            }
            Effect::Drop => self.socket = None,
            Effect::Text(text) => self.send(Message::text(text)).await?,
            Effect::Bytes(bytes) => self.send(Message::binary(bytes)).await?,
            Effect::Wake(timer, ms) => {
                let wait = Duration::from_secs_f64(ms / 1_000.0);
                self.wakes.insert(timer, Instant::now() + wait);
            }
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), ()> {
        match &mut self.socket {
            Some(socket) => socket.send(message).await.map_err(|_| ()),
            // Into a WebSocket that is no longer open: nothing, as in a browser.
            None => Ok(()),
        }
    }
}

/// The next message; `None` where the WebSocket has ended.
async fn next_message(socket: &mut Option<WebSocket>) -> Option<Message> {
    match socket {
        Some(socket) => socket.next().await?.ok(),
        None => std::future::pending().await,
    }
}

fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Now {
        ms: since.expect("a clock after 1970").as_secs_f64() * 1_000.0,
        random: 0.5,
    }
}

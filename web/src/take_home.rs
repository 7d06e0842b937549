//! What was seen here as short, complete programs for the learner's own machine.
//!
//! [`exchange`] writes one exchange as a client; a [`Recipe`] is a whole experiment, which
//! [`python`], [`shell`] and [`rust`] write as a client and a server.

pub mod exchange;
pub mod python;
pub mod recipe;
pub mod rust;
pub mod shell;

mod literal;
mod template;

pub use exchange::{Language, program};
pub use recipe::Recipe;

/// A program of a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// Python 3.
    PythonClient,
    /// Python 3, in the model that ran.
    PythonServer,
    /// Lines for a shell.
    SocatClient,
    /// Lines for a shell.
    SocatServer,
    /// Rust, nothing but std.
    RustClient,
    /// Rust, nothing but std.
    RustServer,
}

impl Program {
    /// Every program, in the order in which they are offered.
    pub const ALL: [Program; 6] = [
        Program::PythonClient,
        Program::PythonServer,
        Program::SocatClient,
        Program::SocatServer,
        Program::RustClient,
        Program::RustServer,
    ];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Program::PythonClient => "Python client",
            Program::PythonServer => "Python server",
            Program::SocatClient => "socat client",
            Program::SocatServer => "socat server",
            Program::RustClient => "Rust client",
            Program::RustServer => "Rust server",
        }
    }

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Program::PythonClient => "client.py",
            Program::PythonServer => "server.py",
            Program::SocatClient => "client.sh",
            Program::SocatServer => "server.sh",
            Program::RustClient => "client.rs",
            Program::RustServer => "server.rs",
        }
    }

    /// How it is run.
    pub fn run(self) -> &'static str {
        match self {
            Program::PythonClient => "python3 client.py",
            Program::PythonServer => "python3 server.py",
            Program::SocatClient => "sh client.sh",
            Program::SocatServer => "sh server.sh",
            Program::RustClient => "rustc --edition 2024 client.rs && ./client",
            Program::RustServer => "rustc --edition 2024 server.rs && ./server",
        }
    }

    /// The program; `None` for a server where nothing is to listen.
    pub fn text(self, recipe: &Recipe) -> Option<String> {
        match self {
            Program::PythonClient => Some(python::client(recipe)),
            Program::PythonServer => python::server(recipe),
            Program::SocatClient => Some(shell::client(recipe)),
            Program::SocatServer => shell::server(recipe),
            Program::RustClient => Some(rust::client(recipe)),
            Program::RustServer => rust::server(recipe),
        }
    }
}

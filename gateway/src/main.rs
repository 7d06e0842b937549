//! The program `chalkwire`.

use std::process::ExitCode;

fn main() -> ExitCode {
    chalkwire_gateway::cli::main()
}

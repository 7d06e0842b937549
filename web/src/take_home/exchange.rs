//! One exchange as short, complete programs: Python 3 (the server, too), shell, curl, Rust.

use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::{Kind, TargetUrl};

use super::literal::{
    bracketed, one_line, printf, python_bytes, python_text, quote, rust_bytes, rust_text,
    socat_path,
};
use super::python::blocking;
use super::recipe::{Client, Recipe};

/// In what a program is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// `printf` into `nc` or `socat`, in any POSIX shell.
    Shell,
    /// Python 3, nothing but its own library.
    Python,
    /// A server like the target, in Python 3.
    PythonServer,
    /// `curl` against the gateway's `POST /api/targets/NAME/exchange`.
    Curl,
    /// Rust, nothing but std.
    Rust,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Language; 5] = [
        Language::Shell,
        Language::Python,
        Language::PythonServer,
        Language::Curl,
        Language::Rust,
    ];

    /// The language's name on a button; that of the program it uses for the shell.
    pub fn label(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Language::Shell, Kind::Tcp) => "nc",
            (Language::Shell, _) => "socat",
            (Language::Python, _) => "Python",
            (Language::PythonServer, _) => "Python server",
            (Language::Curl, _) => "curl",
            (Language::Rust, _) => "Rust",
        }
    }
}

/// What a pipe hands over in one piece from `printf`, in bytes; a longer datagram would be cut.
const PIPE_BYTES: usize = 4096;

/// The program for an exchange: `bytes` to the target `name` of this kind, at `url` where that is
/// known.
///
/// `base` is the page's address, with which every path of the gateway begins. `None` where the
/// target's address is not shown, and the program would need it.
pub fn program(
    language: Language,
    (name, kind): (&str, Kind),
    url: Option<&TargetUrl>,
    base: &str,
    bytes: &[u8],
) -> Option<String> {
    Some(match language {
        Language::Curl => curl(base, name, bytes),
        Language::Shell => shell(url?, bytes),
        Language::Python => python(url?, bytes),
        Language::PythonServer => blocking(&like(name, kind))?,
        Language::Rust => rust(url?, bytes),
    })
}

/// A server like the target: of a built-in one the name says how it serves, of another nothing does.
/// Whatever serves many at once is a thread a client here; the experiments have the other ways.
fn like(name: &str, kind: Kind) -> Recipe {
    let protocol = match name {
        "line" => Protocol::Line,
        "session" => Protocol::Session,
        _ => Protocol::Basic,
    };
    let model = match name {
        "iterative" => Model::Iterative,
        "process" => Model::Process,
        _ => Model::Threaded,
    };
    let slow = matches!(
        name,
        "iterative" | "threaded" | "process" | "select" | "evented"
    );
    let options = ServerOptions {
        kind,
        protocol,
        model,
        // What the built-in ones of these names wait, so that waiting can be seen.
        delay_ms: if slow { 50 } else { 0 },
        ..ServerOptions::default()
    };
    Recipe {
        title: "A timestamp server of your own".to_owned(),
        name: String::new(),
        address: Recipe::usual_address(kind),
        server: Some(options),
        client: Client::Steps(Vec::new()),
        faults: Vec::new(),
        seed: 0,
    }
}

/// The program as a client in Python 3.
pub fn python(url: &TargetUrl, bytes: &[u8]) -> String {
    let message = python_bytes(bytes);
    let head = |imports: &str| {
        format!("# {url}, as the gateway's machine sees it\n{imports}\n\nmessage = {message}\n\n")
    };
    const STREAM: &str = "    s.settimeout(2)              # done when nothing came for 2 s
    s.sendall(message)
    try:
        while data := s.recv(1024):  # b'' means: the server closed its side
            print(data)
    except socket.timeout:
        pass
";
    const DATAGRAM: &str = "s.settimeout(2)
    s.send(message)              # one send, one datagram
    try:
        print(s.recv(65535))
    except socket.timeout:
        print('no answer within 2 s')
";
    match url {
        TargetUrl::Inet {
            kind: Kind::Udp,
            host,
            port,
        } => {
            let family = if host.contains(':') {
                "AF_INET6"
            } else {
                "AF_INET"
            };
            let host = python_text(host);
            head("import socket")
                + &format!(
                    "with socket.socket(socket.{family}, socket.SOCK_DGRAM) as s:\n    s.connect(({host}, {port}))     # sends nothing yet\n    "
                )
                + DATAGRAM
        }
        TargetUrl::Inet { host, port, .. } => {
            let host = python_text(host);
            head("import socket")
                + &format!("with socket.create_connection(({host}, {port}), timeout=5) as s:\n")
                + STREAM
        }
        TargetUrl::Path {
            kind: Kind::Unixgram,
            path,
        } => {
            let path = python_text(path);
            head("import os, socket, tempfile")
                + "with tempfile.TemporaryDirectory() as here, \\\n        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:\n"
                + "    s.bind(os.path.join(here, 'me'))  # without a name nobody can answer us\n"
                + &format!("    s.connect({path})\n    ")
                + DATAGRAM
        }
        TargetUrl::Path { path, .. } => {
            let path = python_text(path);
            head("import socket")
                + &format!(
                    "with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:\n    s.connect({path})\n"
                )
                + STREAM
        }
    }
}

/// The exchange as a line for a POSIX shell.
pub fn shell(url: &TargetUrl, bytes: &[u8]) -> String {
    let head = format!(
        "# {}, as the gateway's machine sees it\n",
        one_line(&url.to_string())
    );
    let printf = printf(bytes);
    if url.kind().is_datagram() {
        let short = match bytes.len() {
            0 => Some("A pipe carries no empty datagram: take the Python program."),
            n if n > PIPE_BYTES => {
                Some("A pipe would cut so long a datagram: take the Python program.")
            }
            _ => None,
        };
        if let Some(why) = short {
            return head + "# " + why + "\n";
        }
    }
    // The pause holds our side open: many servers drop their reply when they see our FIN.
    let hold = format!("{{ {printf}; sleep 1; }}");
    head + &match url {
        TargetUrl::Inet {
            kind: Kind::Udp,
            host,
            port,
        } => {
            // -t 2: two seconds for the answer.
            format!(
                "{printf} | socat -t 2 - {}\n",
                quote(&format!("UDP:{}:{port}", bracketed(host)))
            )
        }
        TargetUrl::Inet { host, port, .. } => format!("{hold} | nc -w 2 {} {port}\n", quote(host)),
        TargetUrl::Path {
            kind: Kind::Unixgram,
            path,
        } => {
            let peer = quote(&format!("UNIX-SENDTO:{}", socat_path(path)));
            format!("{printf} | socat -t 2 - {peer},bind=/tmp/me.$$\n")
        }
        TargetUrl::Path { path, .. } => {
            format!(
                "{hold} | socat -t 2 - {}\n",
                quote(&format!("UNIX-CONNECT:{}", socat_path(path)))
            )
        }
    }
}

/// The exchange through the gateway, by curl.
pub fn curl(base: &str, name: &str, bytes: &[u8]) -> String {
    let base = base.split(['?', '#']).next().unwrap_or_default();
    let base = base.rsplit_once('/').map_or(base, |(dir, _)| dir);
    let url = quote(&format!("{base}/api/targets/{name}/exchange"));
    format!(
        "{} | curl -sS --data-binary @- \\\n  -H 'Content-Type: application/octet-stream' {url}\n",
        printf(bytes)
    )
}

/// The program as a client in Rust.
pub fn rust(url: &TargetUrl, bytes: &[u8]) -> String {
    let message = rust_bytes(bytes);
    let head = format!("// {url}, as the gateway's machine sees it\n");
    let stream = |using: &str, connect: &str| {
        format!(
            "use std::io::{{ErrorKind, Read, Write}};
{using}
use std::time::Duration;

fn main() -> std::io::Result<()> {{
    let mut socket = {connect}?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    socket.write_all({message})?;
    let mut buffer = [0; 1024];
    loop {{
        match socket.read(&mut buffer) {{
            Ok(0) => return Ok(()), // the server closed its side
            Ok(n) => println!(\"{{}}\", buffer[..n].escape_ascii()),
            // Done when nothing came for 2 s.
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(()),
            Err(e) => return Err(e),
        }}
    }}
}}
"
        )
    };
    const ANSWER: &str = "    let mut buffer = [0; 65535];
    let n = socket.recv(&mut buffer)?;
    println!(\"{}\", buffer[..n].escape_ascii());
";
    head + &match url {
        TargetUrl::Inet {
            kind: Kind::Udp,
            host,
            port,
        } => {
            let any = if host.contains(':') {
                "[::]:0"
            } else {
                "0.0.0.0:0"
            };
            let peer = rust_text(&format!("{}:{port}", bracketed(host)));
            format!(
                "use std::net::UdpSocket;
use std::time::Duration;

fn main() -> std::io::Result<()> {{
    let socket = UdpSocket::bind(\"{any}\")?;
    socket.connect({peer})?; // sends nothing yet
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    socket.send({message})?; // one send, one datagram
{ANSWER}    Ok(())
}}
"
            )
        }
        TargetUrl::Inet { host, port, .. } => {
            let peer = rust_text(&format!("{}:{port}", bracketed(host)));
            stream(
                "use std::net::TcpStream;",
                &format!("TcpStream::connect({peer})"),
            )
        }
        TargetUrl::Path {
            kind: Kind::Unixgram,
            path,
        } => {
            let path = rust_text(path);
            format!(
                "use std::os::unix::net::UnixDatagram;
use std::time::Duration;

fn main() -> std::io::Result<()> {{
    // Without a name nobody can answer us.
    let me = std::env::temp_dir().join(format!(\"me.{{}}\", std::process::id()));
    let socket = UnixDatagram::bind(&me)?;
    socket.connect({path})?;
    socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    socket.send({message})?; // one send, one datagram
{ANSWER}    std::fs::remove_file(me)
}}
"
            )
        }
        TargetUrl::Path { path, .. } => stream(
            "use std::os::unix::net::UnixStream;",
            &format!("UnixStream::connect({})", rust_text(path)),
        ),
    }
}

#[cfg(test)]
mod tests;

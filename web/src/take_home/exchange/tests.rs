use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::take_home::literal::LINE_BYTES;

/// What breaks careless quoting.
const NASTY: [&[u8]; 12] = [
    b"hello\r\n",
    b"it's \"quoted\"\n",
    b"\\n is not \n, \\\\ and \\x41 and \\101\n",
    b"100%s %d %% %\n",
    b"\x00nul\x00\x001\x007\n",
    b"-n\n",
    b"--version",
    b"\xff\xfe\x80 not UTF-8 \xc3\n",
    "grüß € 🎉\n".as_bytes(),
    b"$HOME `id` $(id) !! ~ * & ; | > < #\n",
    b"'; rm -rf nothing; '\n",
    b"\t\x1b[31m\x7f\x0b\x08\n",
];

/// All 256 bytes, and a text over many lines with blanks where lines break.
fn long() -> Vec<u8> {
    let mut out: Vec<u8> = (0..=255).collect();
    out.extend(b" a".repeat(LINE_BYTES * 3));
    out.extend(b"\n\t  ".repeat(40));
    out
}

fn payloads() -> impl Iterator<Item = Vec<u8>> {
    NASTY.iter().map(|bytes| bytes.to_vec()).chain([long()])
}

/// Whether a program is there; says so if it is not.
fn have(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// Runs a program's text by an interpreter, to its end; gives what it printed.
fn run(interpreter: &[&str], text: &str) -> String {
    let out = Command::new(interpreter[0])
        .args(&interpreter[1..])
        .arg(text)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{text}\n{error}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Serves one client of a stream: reads `expected` bytes, answers, closes; gives what it read.
fn serve<S: Read + Write>(mut client: S, expected: usize) -> Vec<u8> {
    let mut got = vec![0; expected];
    client.read_exact(&mut got).unwrap();
    client.write_all(b"[stamp]").unwrap();
    got
}

/// Runs `act` against a stream server of `kind` that waits for `bytes`, and compares.
fn against_stream(
    kind: Kind,
    dir: &Path,
    bytes: &[u8],
    act: impl FnOnce(&TargetUrl) -> String,
) -> String {
    let n = bytes.len();
    let (url, server): (String, std::thread::JoinHandle<Vec<u8>>) = if kind == Kind::Tcp {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            client
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            serve(client, n)
        });
        (url, server)
    } else {
        let path = dir.join("it's, a \"sock\"");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            client
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            serve(client, n)
        });
        (format!("unix://{}", path.display()), server)
    };
    let printed = act(&url.parse().unwrap());
    assert_eq!(server.join().unwrap(), bytes, "{kind}");
    printed
}

/// The same for a server of datagrams.
fn against_datagram(
    kind: Kind,
    dir: &Path,
    bytes: &[u8],
    act: impl FnOnce(&TargetUrl) -> String,
) -> String {
    let mut buffer = vec![0; 70_000];
    let timeout = Some(Duration::from_secs(10));
    let (url, server): (String, std::thread::JoinHandle<Vec<u8>>) = if kind == Kind::Udp {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(timeout).unwrap();
        let url = format!("udp://{}", socket.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (n, peer) = socket.recv_from(&mut buffer).unwrap();
            socket.send_to(b"[stamp]", peer).unwrap();
            buffer[..n].to_vec()
        });
        (url, server)
    } else {
        let path = dir.join("gram");
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(timeout).unwrap();
        let server = std::thread::spawn(move || {
            let (n, peer) = socket.recv_from(&mut buffer).unwrap();
            socket
                .send_to(b"[stamp]", peer.as_pathname().unwrap())
                .unwrap();
            buffer[..n].to_vec()
        });
        (format!("unixgram://{}", path.display()), server)
    };
    let printed = act(&url.parse().unwrap());
    assert_eq!(server.join().unwrap(), bytes, "{kind}");
    printed
}

fn against(kind: Kind, dir: &Path, bytes: &[u8], act: impl FnOnce(&TargetUrl) -> String) -> String {
    if kind.is_datagram() {
        against_datagram(kind, dir, bytes, act)
    } else {
        against_stream(kind, dir, bytes, act)
    }
}

const KINDS: [Kind; 4] = [Kind::Tcp, Kind::Udp, Kind::Unix, Kind::Unixgram];

#[test]
fn the_python_program_sends_every_byte_as_it_was_and_prints_the_reply() {
    if !have("python3") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for kind in KINDS {
        for bytes in payloads().chain(kind.is_datagram().then(Vec::new)) {
            let printed = against(kind, dir.path(), &bytes, |url| {
                run(&["python3", "-c"], &python(url, &bytes))
            });
            assert_eq!(printed, "b'[stamp]'\n", "{kind}");
        }
    }
}

#[test]
fn the_shell_line_sends_every_byte_as_it_was_and_prints_the_reply() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, program) in [
        (Kind::Tcp, "nc"),
        (Kind::Udp, "socat"),
        (Kind::Unix, "socat"),
        (Kind::Unixgram, "socat"),
    ] {
        if !have(program) {
            continue;
        }
        // One after another would wait a second each.
        std::thread::scope(|scope| {
            for (i, bytes) in payloads().enumerate() {
                let dir = dir.path().join(format!("{kind}{i}"));
                std::fs::create_dir(&dir).unwrap();
                scope.spawn(move || {
                    let printed = against(kind, &dir, &bytes, |url| {
                        run(&["sh", "-c"], &shell(url, &bytes))
                    });
                    assert_eq!(printed, "[stamp]", "{kind}");
                });
            }
        });
    }
}

#[test]
fn printf_writes_every_byte_as_it_was_in_every_shell_there_is() {
    for shell in ["sh", "bash", "dash", "busybox sh", "zsh"] {
        let words: Vec<_> = shell.split(' ').collect();
        if !have(words[0]) {
            continue;
        }
        for bytes in payloads() {
            let out = Command::new(words[0])
                .args(&words[1..])
                .args(["-c", &printf(&bytes)])
                .output()
                .unwrap();
            assert_eq!(out.stdout, bytes, "{shell}: {}", printf(&bytes));
        }
    }
}

#[test]
fn the_rust_program_compiles_sends_every_byte_as_it_was_and_prints_the_reply() {
    if !have("rustc") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // One program a kind: the compiler takes its time.
    let bytes: Vec<u8> = NASTY.concat().into_iter().chain(long()).collect();
    for kind in KINDS {
        let printed = against(kind, dir.path(), &bytes, |url| {
            let (source, program) = (dir.path().join("main.rs"), dir.path().join("main"));
            std::fs::write(&source, rust(url, &bytes)).unwrap();
            let out = Command::new("rustc")
                .args(["--edition", "2021", "-D", "warnings", "-o"])
                .arg(&program)
                .arg(&source)
                .output()
                .unwrap();
            assert!(
                out.status.success(),
                "{}",
                String::from_utf8_lossy(&out.stderr)
            );
            let out = Command::new(&program).output().unwrap();
            assert!(
                out.status.success(),
                "{}",
                String::from_utf8_lossy(&out.stderr)
            );
            String::from_utf8(out.stdout).unwrap()
        });
        assert_eq!(printed, "[stamp]\n", "{kind}");
    }
}

#[test]
fn the_curl_line_posts_every_byte_as_it_was() {
    if !have("curl") {
        return;
    }
    for bytes in payloads() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!(
            "http://{}/class/?target=line#x",
            listener.local_addr().unwrap()
        );
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            client
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            let mut got = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let n = client.read(&mut buffer).unwrap();
                got.extend_from_slice(&buffer[..n]);
                let Some(end) = got.windows(4).position(|w| w == b"\r\n\r\n") else {
                    continue;
                };
                let head = String::from_utf8_lossy(&got[..end]).to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap();
                let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
                if got.len() >= end + 4 + length {
                    let reply =
                        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n[stamp]";
                    client.write_all(reply).unwrap();
                    return (head, got[end + 4..].to_vec());
                }
            }
        });
        assert_eq!(run(&["sh", "-c"], &curl(&base, "line", &bytes)), "[stamp]");
        let (head, body) = server.join().unwrap();
        assert_eq!(body, bytes);
        assert!(
            head.starts_with("post /class/api/targets/line/exchange http/1.1"),
            "{head}"
        );
    }
}

#[test]
fn programs_are_short_enough_to_read() {
    let url: TargetUrl = "tcp://127.0.0.1:21567".parse().unwrap();
    assert_eq!(
        shell(&url, b"hello\r\n"),
        "# tcp://127.0.0.1:21567, as the gateway's machine sees it\n\
         { printf 'hello\\r\\n'; sleep 1; } | nc -w 2 127.0.0.1 21567\n"
    );
    assert!(python(&url, b"hello\r\n").lines().count() <= 14);
    assert!(rust(&url, b"hello\r\n").lines().count() <= 22);
    assert_eq!(
        program(
            Language::Python,
            ("line", Kind::Tcp),
            None,
            "http://h/",
            b"x"
        ),
        None
    );
    assert!(program(Language::Curl, ("line", Kind::Tcp), None, "http://h/", b"x").is_some());
}

#[test]
fn a_datagram_that_a_pipe_cannot_carry_is_said_to_be_one() {
    let url: TargetUrl = "udp://[::1]:7".parse().unwrap();
    assert!(shell(&url, b"").contains("no empty datagram"));
    assert!(shell(&url, &[0; 5000]).contains("would cut"));
    assert!(shell(&url, b"x").contains("socat -t 2 - 'UDP:[::1]:7'"));
}

proptest! {
    #[test]
    fn no_payload_and_no_host_breaks_out_of_its_quotes(bytes: Vec<u8>, host in "[!-~&&[^/@?#\\[\\]:]]{1,12}") {
        let Ok(url) = format!("tcp://{host}:80").parse::<TargetUrl>() else { return Ok(()) };
        // In single quotes a shell knows nothing but the next quote.
        prop_assert!(!printf(&bytes)["printf '".len()..].trim_end_matches('\'').contains('\''));
        let line = shell(&url, &bytes);
        prop_assert_eq!(line.lines().count(), 2);
        prop_assert!(line.is_ascii());
        prop_assert!(python(&url, &bytes).is_ascii() && rust(&url, &bytes).is_ascii());
    }
}

#[test]
fn a_server_like_the_target_serves_as_its_name_says() {
    let write = |name, kind| program(Language::PythonServer, (name, kind), None, "", b"x").unwrap();
    let iterative = write("iterative", Kind::Tcp);
    assert!(iterative.contains("time.sleep(0.05)"), "{iterative}");
    assert!(!iterative.contains("threading"), "{iterative}");
    assert!(write("process", Kind::Tcp).contains("os.fork"));
    assert!(write("basic", Kind::Tcp).contains("threading"));
    assert!(write("udp", Kind::Udp).contains("SOCK_DGRAM"));
    assert!(write("unix", Kind::Unix).contains("AF_UNIX"));
}

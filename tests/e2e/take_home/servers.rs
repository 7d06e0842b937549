//! The servers, against our client and a plain socket.

use chalkwire_shared::server::{Model, Protocol, ServerOptions};
use chalkwire_shared::target::{Kind, TargetUrl};
use chalkwire_tests::deadline::within;
use chalkwire_tests::peer::run;
use chalkwire_tests::program::chalkwire;
use chalkwire_tests::timestamp::assert_stamp;
use chalkwire_web::take_home::recipe::{Client, Recipe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::Command;

use super::{Bench, By, recipe};

/// Sends `bytes` and our FIN: all that came back.
async fn talk(address: &TargetUrl, bytes: &[u8]) -> Vec<u8> {
    let mut reply = Vec::new();
    within("the reply to the end", async {
        match address {
            TargetUrl::Inet { host, port, .. } => {
                let mut socket = TcpStream::connect((host.as_str(), *port)).await.unwrap();
                socket.write_all(bytes).await.unwrap();
                socket.shutdown().await.unwrap();
                socket.read_to_end(&mut reply).await.unwrap();
            }
            TargetUrl::Path { path, .. } => {
                let mut socket = UnixStream::connect(path).await.unwrap();
                socket.write_all(bytes).await.unwrap();
                socket.shutdown().await.unwrap();
                socket.read_to_end(&mut reply).await.unwrap();
            }
        }
    })
    .await;
    reply
}

/// Our client with one message: the reply that it printed.
async fn ours(address: &TargetUrl, message: &str) -> String {
    let mut client = Command::new(chalkwire());
    client.args(["send", &address.to_string(), message]);
    run(client, "").await
}

/// Checks that the server at the recipe's address answers as its protocol says.
async fn check(recipe: &Recipe, options: &ServerOptions) {
    let what = format!("{options:?}");
    let reply = ours(&recipe.address, "hello").await;
    assert_stamp(reply.trim_end().as_bytes(), b"hello");
    if options.kind.is_datagram() {
        return;
    }
    let reply = talk(&recipe.address, b"one\r\ntwo\nrest").await;
    let data: Vec<&[u8]> = match options.protocol {
        Protocol::Basic => vec![b"one\r\ntwo\nrest"],
        Protocol::Line => vec![b"one\r\n"],
        Protocol::Session => vec![b"one\r\n", b"two\n", b"rest"],
    };
    let mut rest = &reply[..];
    for data in data {
        assert!(
            rest.len() >= 26 + data.len(),
            "{what}: {}",
            reply.escape_ascii()
        );
        let (stamp, after) = rest.split_at(26 + data.len());
        assert_stamp(stamp, data);
        rest = after;
    }
    assert!(rest.is_empty(), "{what}: {}", reply.escape_ascii());
    // Nothing but the end: answered where a request is whatever there is.
    let reply = talk(&recipe.address, b"").await;
    match options.protocol {
        Protocol::Session => assert!(reply.is_empty(), "{what}"),
        _ => assert_stamp(&reply, b""),
    }
}

const MODELS: [Model; 5] = [
    Model::Iterative,
    Model::Threaded,
    Model::Process,
    Model::Select,
    Model::Evented,
];

const PROTOCOLS: [Protocol; 3] = [Protocol::Basic, Protocol::Line, Protocol::Session];

#[tokio::test]
async fn each_python_server_answers_as_the_built_in_one_of_its_model_and_protocol() {
    for model in MODELS {
        for protocol in PROTOCOLS {
            for kind in [Kind::Tcp, Kind::Unix] {
                let options = ServerOptions {
                    kind,
                    protocol,
                    model,
                    delay_ms: 5,
                    block_ms: 5,
                    late_ms: 5,
                    accept_after_ms: 5,
                    ..ServerOptions::default()
                };
                let bench = Bench::new();
                let mut recipe = recipe(options.clone(), Client::Steps(Vec::new()));
                let _server = bench.serve(By::Python, &mut recipe).await;
                check(&recipe, &options).await;
            }
        }
    }
}

#[tokio::test]
async fn each_rust_server_answers_as_the_built_in_one_of_its_model_and_protocol() {
    for (at, model) in MODELS.into_iter().enumerate() {
        for kind in [Kind::Tcp, Kind::Unix] {
            // The compiler takes its time: each model with every protocol, but not every kind twice.
            let protocols = match (kind, model) {
                (_, Model::Iterative | Model::Select) => PROTOCOLS.to_vec(),
                _ => vec![PROTOCOLS[at % 3]],
            };
            for protocol in protocols {
                let options = ServerOptions {
                    kind,
                    protocol,
                    model,
                    delay_ms: if kind == Kind::Tcp { 5 } else { 0 },
                    late_ms: if kind == Kind::Unix { 5 } else { 0 },
                    ..ServerOptions::default()
                };
                let bench = Bench::new();
                let mut recipe = recipe(options.clone(), Client::Steps(Vec::new()));
                let _server = bench.serve(By::Rust, &mut recipe).await;
                check(&recipe, &options).await;
            }
        }
    }
}

#[tokio::test]
async fn socat_serves_each_protocol_by_a_process_or_one_client_at_a_time() {
    for model in [Model::Iterative, Model::Process] {
        for protocol in PROTOCOLS {
            for kind in [Kind::Tcp, Kind::Unix] {
                let options = ServerOptions {
                    kind,
                    protocol,
                    model,
                    delay_ms: 10,
                    ..ServerOptions::default()
                };
                let bench = Bench::new();
                let mut recipe = recipe(options, Client::Steps(Vec::new()));
                let _server = bench.serve(By::Shell, &mut recipe).await;
                let reply = ours(&recipe.address, "hello").await;
                assert_stamp(reply.trim_end().as_bytes(), b"hello");
                let reply = talk(&recipe.address, b"one\ntwo\n").await;
                let stamps = reply.iter().filter(|byte| **byte == b'[').count();
                let expected = if protocol == Protocol::Session { 2 } else { 1 };
                assert_eq!(stamps, expected, "{}", reply.escape_ascii());
            }
        }
    }
}

#[tokio::test]
async fn datagram_servers_answer_each_datagram() {
    for kind in [Kind::Udp, Kind::Unixgram] {
        for by in super::ALL {
            for delay_ms in [0, 5] {
                let options = ServerOptions {
                    kind,
                    delay_ms,
                    ..ServerOptions::default()
                };
                let bench = Bench::new();
                let mut recipe = recipe(options.clone(), Client::Steps(Vec::new()));
                let _server = bench.serve(by, &mut recipe).await;
                check(&recipe, &options).await;
            }
        }
    }
}

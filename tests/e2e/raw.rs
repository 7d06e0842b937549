//! `/raw`: a WebSocket whose messages are a socket's bytes, and `/diag/echo`.

use std::sync::Arc;
use std::time::Duration;

use chalkwire_tests::deadline::within;
use chalkwire_tests::gateway::{Gateway, Setup};
use chalkwire_tests::target::{Target, assert_numbered, closed_port, numbered};
use chalkwire_tests::websocket::{self, Ended};
use futures_util::{SinkExt, StreamExt};
use rustix::process::Signal;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

#[tokio::test]
async fn the_subprotocol_binary_is_echoed_if_it_is_offered() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let path = "/raw/t";
    for (offered, chosen) in [
        (None, None),
        (Some("binary"), Some("binary")),
        (Some("base64, binary"), Some("binary")),
    ] {
        let connected = websocket::connect(gateway.address(), path, offered).await;
        let (mut raw, got) = connected.unwrap();
        assert_eq!(got.as_deref(), chosen, "{offered:?}");
        raw.send(Message::text("text is bytes: é")).await.unwrap();
        let reply = websocket::next(&mut raw).await.unwrap();
        assert_eq!(reply, Message::binary("text is bytes: é".as_bytes()));
    }
}

#[tokio::test]
async fn a_mebibyte_goes_there_and_back() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
    let (mut send, mut receive) = connected.unwrap().0.split();
    let write = async {
        for piece in numbered(0, 131_072).chunks(10_007) {
            send.send(Message::binary(piece.to_vec())).await.unwrap();
        }
    };
    let read = async {
        let mut all = Vec::new();
        while all.len() < 1 << 20 {
            all.extend_from_slice(&receive.next().await.unwrap().unwrap().into_data());
        }
        all
    };
    let (all, ()) =
        chalkwire_tests::deadline::within("the echo", async { tokio::join!(read, write) }).await;
    assert_numbered(&all);
}

#[tokio::test]
async fn an_unknown_target_is_not_found_before_the_upgrade() {
    let gateway = Setup::default().start().await;
    match websocket::connect(gateway.address(), "/raw/none", None).await {
        Err(error) => match *error {
            Error::Http(response) => assert_eq!(response.status(), 404),
            other => panic!("{other}"),
        },
        Ok(_) => panic!("a target that does not exist was opened"),
    }
}

#[tokio::test]
async fn how_the_target_ended_is_in_the_close_frame() {
    let resets = Target::tcp(|mut stream| async move {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        SockRef::from(&stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    })
    .await;
    let finishes = Target::tcp(|mut stream| async move {
        stream.write_all(b"bye").await.unwrap();
    })
    .await;
    let silent = Target::silent().await;
    let setup = Setup::default()
        .target("resets", &resets.url)
        .target("finishes", &finishes.url)
        .target("silent", &silent.url)
        .target("refuses", &format!("tcp://{}", closed_port()))
        .target("nobody", &format!("udp://{}", closed_port()))
        .target("nowhere", "unix:///no/such/path")
        .limit("idle", "300ms");
    let gateway = setup.start().await;
    for (name, code, start) in [
        ("finishes", 1000, ""),
        ("resets", 1011, "reset: "),
        ("refuses", 1011, "refused: "),
        ("nobody", 1011, "refused: "),
        ("nowhere", 1011, "no_such_path: "),
        ("silent", 1011, "idle: "),
    ] {
        let path = format!("/raw/{name}");
        let connected = websocket::connect(gateway.address(), &path, None).await;
        let (mut raw, _) = connected.unwrap();
        // What it had not read would turn its end into a reset.
        if name != "finishes" {
            let _ = raw.send(Message::binary(b"x".to_vec())).await;
        }
        let (bytes, ended) = websocket::drain(&mut raw).await;
        assert_eq!(bytes, if name == "finishes" { &b"bye"[..] } else { b"" });
        match ended {
            Ended::Closed(got, reason) => {
                assert_eq!(got, code, "{name}: {reason}");
                assert!(reason.starts_with(start), "{name}: {reason}");
            }
            Ended::Lost => panic!("{name}: ended without a word"),
        }
    }
}

#[tokio::test]
async fn what_the_client_sent_before_its_close_reaches_the_target() {
    let (heard, mut hear) = mpsc::channel(1);
    let target = Target::tcp(move |mut stream| {
        let heard = heard.clone();
        async move {
            // A reply that nobody reads must not cost what was sent.
            stream.write_all(&[0; 1_000]).await.unwrap();
            let mut all = Vec::new();
            let read = stream.read_to_end(&mut all).await;
            heard.send((all, read.is_ok())).await.unwrap();
        }
    })
    .await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
    let (mut raw, _) = connected.unwrap();
    for piece in numbered(0, 8_192).chunks(4_096) {
        raw.send(Message::binary(piece.to_vec())).await.unwrap();
    }
    raw.close(None::<CloseFrame>).await.unwrap();
    let (all, whole) = hear.recv().await.unwrap();
    assert!(whole, "a FIN, no reset");
    assert_numbered(&all);
    assert_eq!(all.len(), 65_536);
}

#[tokio::test]
async fn a_goodbye_is_answered_before_the_target_has_come_to_its_end() {
    let answered = Arc::new(Notify::new());
    let (heard, mut hear) = mpsc::channel(1);
    let told = answered.clone();
    let target = Target::tcp(move |mut stream| {
        let (told, heard) = (told.clone(), heard.clone());
        async move {
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            told.notified().await;
            // A socket that is closed already would answer the first of these by a reset.
            let first = stream.write_all(b"I am").await;
            let second = stream.write_all(b" still here").await;
            heard.send(first.and(second).is_ok()).await.unwrap();
        }
    })
    .await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
    let (mut raw, _) = connected.unwrap();
    raw.close(None::<CloseFrame>).await.unwrap();
    websocket::drain(&mut raw).await;
    answered.notify_one();
    assert!(hear.recv().await.unwrap(), "the target was not waited for");
}

#[tokio::test]
async fn an_oversize_message_ends_it_as_too_big() {
    let target = Target::echo().await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
    let (mut raw, _) = connected.unwrap();
    raw.send(Message::binary(vec![0; 65_537])).await.unwrap();
    let (_, ended) = websocket::drain(&mut raw).await;
    assert!(matches!(ended, Ended::Closed(1009, _)), "{ended:?}");
}

#[tokio::test]
async fn the_echo_sends_each_message_back_as_it_came() {
    let gateway = Setup::default().start().await;
    let connected = websocket::connect(gateway.address(), "/diag/echo", None).await;
    let (mut echo, _) = connected.unwrap();
    for message in [
        Message::text("text"),
        Message::binary(vec![0, 255]),
        Message::text(""),
        Message::binary(Vec::new()),
        Message::binary(vec![7; 60_000]),
    ] {
        echo.send(message.clone()).await.unwrap();
        assert_eq!(websocket::next(&mut echo).await.unwrap(), message);
    }
}

#[tokio::test]
async fn a_reset_is_told_even_where_a_write_meets_it_first() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let target = Target::tcp(move |stream| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
    })
    .await;
    let gateway = Gateway::with_target("t", &target.url).await;
    let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
    let (mut raw, _) = connected.unwrap();
    gateway.metric_is("sockets{target=\"t\"}", 1).await;
    // It finds both when it goes on.
    gateway.program.signal(Signal::STOP);
    go.send(true).unwrap();
    raw.send(Message::binary(&b"x"[..])).await.unwrap();
    drop(target);
    gateway.program.signal(Signal::CONT);
    match websocket::drain(&mut raw).await.1 {
        Ended::Closed(1011, reason) => assert!(reason.starts_with("reset: "), "{reason}"),
        ended => panic!("{ended:?}"),
    }
}

#[tokio::test]
async fn a_client_is_not_taken_for_gone_while_its_target_does_not_read() {
    const WORDS: usize = 4 << 20;
    let (go, wait) = tokio::sync::watch::channel(false);
    let (heard, mut hear) = mpsc::channel(1);
    let target = Target::tcp(move |mut stream| {
        let (mut wait, heard) = (wait.clone(), heard.clone());
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            heard.send(all).await.unwrap();
        }
    })
    .await;
    let setup = Setup::default()
        .target("t", &target.url)
        .limit("ping", "300ms")
        .limit("pong", "300ms");
    let gateway = setup.start().await;
    let connected = websocket::connect(gateway.address(), "/raw/t", None).await;
    let (mut send, mut recv) = connected.unwrap().0.split();
    let sending = tokio::spawn(async move {
        for piece in numbered(0, WORDS).chunks(32_768) {
            send.send(Message::binary(piece.to_vec())).await.unwrap();
        }
        send.send(Message::Close(None)).await.unwrap();
    });
    // It answers pings all the while, as far as it is asked.
    let waits = tokio::time::timeout(Duration::from_secs(3), recv.next()).await;
    assert!(
        !matches!(waits, Ok(None | Some(Err(_) | Ok(Message::Close(_))))),
        "{waits:?}"
    );
    go.send(true).unwrap();
    let all = within("what was sent", hear.recv()).await.unwrap();
    sending.await.unwrap();
    assert_numbered(&all);
    assert_eq!(all.len(), 8 * WORDS);
}

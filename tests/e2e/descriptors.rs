//! More clients than the system gives the gateway file descriptors for.

use chalkwire_tests::deadline::eventually;
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::http;
use chalkwire_tests::target::Target;
use chalkwire_tests::websocket::{self, WebSocket};
use futures_util::SinkExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

async fn exchange(raw: &mut WebSocket) {
    raw.send(Message::binary(&b"well?"[..])).await.unwrap();
    let reply = websocket::next(raw).await.unwrap();
    assert_eq!(reply, Message::binary(&b"well?"[..]));
}

#[tokio::test]
async fn without_descriptors_those_who_are_served_stay_and_others_come_in_when_some_leave() {
    let echo = Target::echo().await;
    let setup = Setup::default()
        .target("t", &echo.url)
        // They are to leave by themselves.
        .limit("header", "1h")
        .descriptors(256);
    let gateway = setup.start().await;
    let address = gateway.address();
    let mut served = Vec::new();
    for _ in 0..5 {
        served.push(websocket::connect(address, "/raw/t", None).await.unwrap().0);
    }
    let mut idle = Vec::new();
    for _ in 0..240 {
        idle.push(TcpStream::connect(address).await.unwrap());
    }
    // Whoever asks for something is told why not.
    let refused = http::get(address, "/healthz").await;
    assert_eq!(refused.status, 503);
    let says = "accept: waiting a little";
    eventually(says, async || gateway.program.log().contains(says)).await;
    for raw in &mut served {
        exchange(raw).await;
    }
    drop(idle);
    // Whoever comes now waits behind those who have left, and not for long.
    let mut next = websocket::connect(address, "/raw/t", None).await.unwrap().0;
    exchange(&mut next).await;
    for raw in &mut served {
        exchange(raw).await;
    }
    let counted = gateway.metric("refusals_total{reason=\"accept\"}").await;
    assert!(counted > 0, "nothing is counted");
}

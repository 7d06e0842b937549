//! Clients that are there no more and have not said so: they are noticed by their silence.

use chalkwire_shared::message::GatewayMessage;
use chalkwire_tests::deadline::{eventually, within};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::link::{Event, Link};
use chalkwire_tests::peer::{Peer, python};
use chalkwire_tests::target::{Target, echo};
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_client_that_is_stopped_is_noticed_by_its_silence_and_its_link_is_kept() {
    let (ended, mut ends) = mpsc::channel(4);
    let target = Target::tcp(move |stream| {
        let ended = ended.clone();
        async move {
            echo(stream).await;
            let _ = ended.send(()).await;
        }
    })
    .await;
    let setup = Setup::default()
        .target("t", &target.url)
        .set("LOG", "debug")
        .limit("ping", "200ms")
        .limit("pong", "1s");
    let gateway = setup.start().await;
    let address = gateway.address();
    let mut peers = Vec::new();
    for (way, path) in [("raw", "/raw/t"), ("link", "/ws")] {
        let mut command = python("stopped_client.py");
        command.args([way, &format!("ws://{address}{path}")]);
        peers.push(Peer::start(command, |line| line.starts_with("ready")).await);
    }
    gateway.metric_is("sockets{target=\"t\"}", 2).await;
    for peer in &peers {
        peer.signal(Signal::STOP);
    }
    // The raw socket ends with its client.
    within("the end of the raw socket", ends.recv()).await;
    let by_client = "sockets_closed_total{target=\"t\",outcome=\"closed_by_client\"}";
    gateway.metric_is(by_client, 1).await;
    // The link's stays, for whoever takes it up again.
    let dropped = "link dropped: kept for a while";
    eventually(dropped, async || gateway.program.log().contains(dropped)).await;
    assert_eq!(gateway.metric("sockets{target=\"t\"}").await, 1);
    assert!(ends.try_recv().is_err(), "the link's socket has ended");
    let [_, token, seen] = peers[1].said.split(' ').collect::<Vec<_>>()[..] else {
        panic!("no token in {:?}", peers[1].said);
    };
    let mut link = Link::connect(address).await;
    let resume = format!(r#"{{"type":"resume","token":"{token}","seen":{seen}}}"#);
    link.write(Message::text(resume)).await;
    let resumed = |event: &Event| matches!(event, Event::Told(GatewayMessage::Resumed { seen: 2 }));
    link.event_that(resumed).await;
}

//! Every target that is built in, from the message box to its reply.

use chalkwire_tests::browser::{Size, browse};
use chalkwire_tests::gateway::Setup;

use super::url;

#[tokio::test]
async fn every_transport_and_model_answers_what_is_typed() {
    let gateway = Setup::default().builtin().start().await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        for target in [
            "basic",
            "line",
            "session",
            "udp",
            "unix",
            "unixgram",
            "iterative",
            "threaded",
            "process",
            "select",
            "evented",
        ] {
            page.choose("Target", target).await;
            page.send(&format!("to {target}")).await;
            let reply = page.row("received", &format!("]to {target}")).await;
            assert!(reply.what.starts_with('['), "{reply:?}");
            assert!(
                reply.what.ends_with("CRLF"),
                "the line end comes back: {reply:?}"
            );
            let sent = page.row("sent", &format!("to {target}")).await;
            assert_eq!(sent.figure, format!("{} B", "to ".len() + target.len() + 2));
        }
    })
    .await;
}

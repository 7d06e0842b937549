//! Transcripts: what happened, for the teacher alone.

use chalkwire_shared::room::{Command, RoomEvent};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::http::{self, Response};
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::guest::Guest;
use std::net::SocketAddr;

async fn transcript(address: SocketAddr, opened: &OpenRoom, query: &str) -> Response {
    let path = format!("/api/rooms/{}/transcript{query}", opened.room);
    let bearer = format!("Bearer {}", opened.teach_secret());
    http::request(address, "GET", &path, &[("Authorization", &bearer)], b"").await
}

#[tokio::test]
async fn a_teacher_fetches_what_happened_with_and_without_names() {
    let gateway = Setup::default().builtin().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let mut teacher = Guest::teacher(address, &opened, "Ms Otter").await;
    let mut heron = Guest::student(address, &opened, "=heron()").await;
    let mut grebe = Guest::student(address, &opened, "grebe").await;
    let socket = heron.link.opened("line").await;
    heron.link.send(socket, b"=1+1,\"x\"\r\n").await;
    heron.link.shutdown(socket).await;
    heron.link.rest(socket).await;
    let exchanged = |guest: &Guest| guest.state().members.values().any(|it| it.exchanges > 0);
    teacher.until("the exchange", exchanged).await;
    let member = grebe.member();
    grebe.does(Command::Forget { member }).await.unwrap();
    teacher.does(Command::Lock { on: true }).await.unwrap();

    let lines = transcript(address, &opened, "").await;
    assert_eq!(
        (lines.status, lines.header("content-type")),
        (200, Some("application/x-ndjson"))
    );
    let text = unchunked(&lines);
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<RoomEvent>(line).unwrap());
    let events: Vec<RoomEvent> = events.collect();
    assert!(events.windows(2).all(|two| two[0].offset == two[1].prev));
    assert_eq!(events.len(), 7, "{text}");
    assert!(text.contains("Ms Otter") && text.contains("=heron()"));
    assert!(
        !text.contains("grebe") && text.contains("member 3"),
        "{text}"
    );

    let table = transcript(address, &opened, "?format=csv").await;
    assert_eq!(
        table.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let attached = format!("attachment; filename=\"chalkwire-{}.csv\"", opened.room);
    assert_eq!(table.header("content-disposition"), Some(&*attached));
    let text = unchunked(&table);
    assert!(
        text.contains("\"'=heron()\"") && text.contains("\"'=1+1,\"\"x\"\"\r\n\""),
        "{text}"
    );

    for format in ["?names=no", "?format=csv&names=no"] {
        let text = unchunked(&transcript(address, &opened, format).await);
        assert!(!text.contains("Otter") && !text.contains("heron"), "{text}");
        assert!(text.contains("member 2") && text.contains("1+1"), "{text}");
    }
}

#[tokio::test]
async fn nobody_else_fetches_it() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let opened = OpenRoom::open(address).await;
    let path = format!("/api/rooms/{}/transcript", opened.room);
    let nowhere = "/api/rooms/0123456789abcdef/transcript";
    let mut answers = Vec::new();
    for (path, secret) in [
        (&*path, Some("Bearer 234567")),
        (&*path, Some(opened.teach_secret())),
        (&*path, None),
        (nowhere, Some(&*format!("Bearer {}", opened.teach_secret()))),
        ("/api/rooms/../transcript", None),
    ] {
        let headers = secret.map(|secret| ("Authorization", secret));
        let response = http::request(address, "GET", path, headers.as_slice(), b"").await;
        assert_eq!(response.status, 401, "{path}");
        answers.push(response.text());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let wrong = transcript(address, &opened, "?format=xml").await;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
}

/// A body that came in chunks (RFC 9112, section 7.1).
fn unchunked(response: &Response) -> String {
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    let (mut rest, mut body) = (&response.body[..], Vec::new());
    loop {
        let end = rest
            .windows(2)
            .position(|two| two == b"\r\n")
            .expect("a size");
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).expect("a size");
        if size == 0 {
            return String::from_utf8(body).unwrap();
        }
        body.extend(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}

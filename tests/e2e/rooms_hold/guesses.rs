//! Guessing codes gets nobody anywhere, and keeps no class out that knows its own.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chalkwire_shared::limits::SUBPROTOCOL;
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::room::{Command, Key, NotEntered};
use chalkwire_tests::browser::measured;
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::room::guest::Guest;
use chalkwire_tests::room::page::Page;
use chalkwire_tests::room::{OpenRoom, token};
use chalkwire_tests::websocket::{self, WebSocket};
use futures_util::SinkExt;
use futures_util::future::join_all;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// Wrong codes, and how many are tried on a link before the answers take a second.
const GUESSES: u32 = 10_000;
const ON_A_LINK: u32 = 5;

/// A link of somebody whose address a proxy of the operator's says.
struct Stranger {
    socket: WebSocket,
    seq: u64,
}

impl Stranger {
    async fn connect(gateway: SocketAddr, address: &str) -> Self {
        let stream = TcpStream::connect(gateway).await.unwrap();
        let says = [
            ("x-forwarded-for", address),
            ("sec-websocket-protocol", SUBPROTOCOL),
        ];
        let connected = websocket::connect_with(stream, "/ws", &says).await;
        let (socket, _) = connected.unwrap_or_else(|error| panic!("{address}: {error}"));
        Stranger { socket, seq: 0 }
    }

    /// The answer to a key, as text, but for its place in the sequence; and whether it opened.
    async fn tries(&mut self, key: Key) -> Result<(), (NotEntered, String)> {
        self.seq += 1;
        let enter = ClientMessage::Enter {
            seq: self.seq,
            key,
            name: "otter".to_owned(),
            client: 7,
        };
        self.socket
            .send(Message::text(enter.encode()))
            .await
            .unwrap();
        loop {
            let message = websocket::next(&mut self.socket).await.expect("an answer");
            match GatewayMessage::decode(&message.into_text().unwrap()).unwrap() {
                GatewayMessage::RoomEntered { .. } => return Ok(()),
                GatewayMessage::RoomNotEntered { reason, detail, .. } => {
                    return Err((reason, detail));
                }
                _ => {}
            }
        }
    }
}

/// A code that no room has, as good as certainly: there are 148 million.
fn wrong(n: u32) -> Key {
    let letters = b"BCDFGHJKMNPQRSTVWXYZ";
    let mut left = n as usize;
    let code = (0..6).map(|_| {
        let letter = letters[left % letters.len()];
        left /= letters.len();
        char::from(letter)
    });
    let code: String = code.collect();
    Key::Code { code: token(&code) }
}

#[tokio::test]
async fn ten_thousand_guesses_get_nowhere_while_a_class_behind_one_address_comes_in() {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).unwrap();
    let setup = Setup::default().set("PROXIES", r#"["127.0.0.1/32"]"#);
    let gateway = setup.start().await;
    let address = gateway.address();
    let room = OpenRoom::open(address).await;
    let nowhere = Err((NotEntered::NoRoom, NotEntered::NoRoom.sentence().to_owned()));
    let began = Instant::now();
    let guessing = async {
        let links = GUESSES / ON_A_LINK;
        for wave in 0..4 {
            let guessers = (0..links / 4).map(|link| {
                let nowhere = nowhere.clone();
                async move {
                    let mut stranger = Stranger::connect(address, "203.0.113.66").await;
                    for n in 0..ON_A_LINK {
                        let key = wrong((wave * links / 4 + link) * ON_A_LINK + n);
                        assert_eq!(stranger.tries(key).await, nowhere);
                    }
                    stranger.socket.close(None).await.unwrap();
                }
            });
            join_all(guessers).await;
        }
        began.elapsed()
    };
    let joining = async {
        let members = (0..200).map(|_| async {
            let mut member = Stranger::connect(address, "198.51.100.9").await;
            assert_eq!(member.tries(room.code()).await, Ok(()));
            member
        });
        let class = join_all(members).await;
        (class, began.elapsed())
    };
    let (guessed, (class, joined)) = tokio::join!(guessing, joining);
    measured(&format!(
        "{GUESSES} guesses in {} ms, meanwhile 200 members from one address in {} ms",
        guessed.as_millis(),
        joined.as_millis()
    ));
    assert!(joined < Duration::from_secs(60), "{joined:?}");
    assert_eq!(class.len(), 200);
    let looked_up = gateway.metric(r#"refusals_total{reason="room_key"}"#).await;
    let not = gateway.metric(r#"refusals_total{reason="guesses"}"#).await;
    assert!(
        looked_up <= 60 + guessed.as_secs() + 1,
        "{looked_up} were looked up"
    );
    assert_eq!(looked_up + not, u64::from(GUESSES));
}

/// Tries so many keys at once, five on a link, from one address: none opens.
async fn in_vain(gateway: SocketAddr, from: &str, keys: Vec<Key>) {
    let links = keys.chunks(ON_A_LINK as usize).map(async |keys| {
        let mut stranger = Stranger::connect(gateway, from).await;
        for key in keys {
            assert!(stranger.tries(key.clone()).await.is_err());
        }
    });
    join_all(links).await;
}

#[tokio::test]
async fn wrong_codes_hold_up_nobody_who_has_a_link_or_was_in() {
    let setup = Setup::default().set("PROXIES", r#"["127.0.0.1/32"]"#);
    let gateway = setup.start().await;
    let address = gateway.address();
    let room = OpenRoom::open(address).await;
    let member = Guest::student(address, &room, "heron").await;
    let from = "203.0.113.66";
    // What nobody can guess uses nothing up.
    let tokens = (0..100).map(|n| Key::Member {
        room: room.room.clone(),
        member: member.member(),
        token: token(&format!("{n:032x}")),
    });
    in_vain(address, from, tokens.collect()).await;
    let mut stranger = Stranger::connect(address, from).await;
    assert_eq!(stranger.tries(room.code()).await, Ok(()));
    // Codes do.
    in_vain(address, from, (0..100).map(wrong).collect()).await;
    let mut newcomer = Stranger::connect(address, from).await;
    assert!(newcomer.tries(room.code()).await.is_err());
    for key in [room.teach(), room.view(), member.by_token()] {
        let mut known = Stranger::connect(address, from).await;
        assert_eq!(known.tries(key).await, Ok(()));
    }
}

/// Mann and Whitney's statistic of two samples of equal size, in standard deviations: whether one is
/// later than the other, however the times are spread.
fn apart(a: &[Duration], b: &[Duration]) -> f64 {
    let n = a.len() as f64;
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
    let later: f64 = pairs
        .map(|(a, b)| match a.cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    (later - n * n / 2.0) / (n * n * (2.0 * n + 1.0) / 12.0).sqrt()
}

#[tokio::test]
async fn wrong_locked_and_over_are_one_answer_after_one_time() {
    let gateway = Setup::default().start().await;
    let address = gateway.address();
    let [locked, over, open] = [
        OpenRoom::open(address).await,
        OpenRoom::open(address).await,
        OpenRoom::open(address).await,
    ];
    let ends = [(&locked, Command::Lock { on: true }), (&over, Command::End)];
    for (room, command) in ends {
        let mut teacher = Page::enter(address, &room.room, room.teach(), "Ms Gray", 1).await;
        teacher.does(command).await;
    }
    let teach = Key::Teach {
        room: open.room.clone(),
        secret: token(&"0".repeat(32)),
    };
    let keys = [wrong(1), locked.code(), over.code(), over.teach(), teach];
    // Those of one round share whatever else the machine does, and each is first in its turn. They
    // come one after the other, so that one that takes long holds up no other.
    let mut times = vec![Vec::new(); keys.len()];
    for round in 0..25 {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.rotate_left(round % keys.len());
        let answers = (0u32..).zip(&order).map(|(turn, n)| {
            let key = keys[*n].clone();
            async move {
                let mut stranger = Stranger::connect(address, "192.0.2.1").await;
                tokio::time::sleep(Duration::from_millis(10) * (turn + 1)).await;
                let asked = Instant::now();
                let answer = stranger.tries(key).await;
                (*n, asked.elapsed(), answer)
            }
        });
        for (n, time, answer) in join_all(answers).await {
            let sentence = NotEntered::NoRoom.sentence().to_owned();
            assert_eq!(answer, Err((NotEntered::NoRoom, sentence)));
            times[n].push(time);
        }
    }
    for (n, others) in times.iter().enumerate().skip(1) {
        let apart = apart(&times[0], others);
        assert!(
            apart.abs() < 4.0,
            "{:?}: {apart} standard deviations",
            keys[n]
        );
    }
}

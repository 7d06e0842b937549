//! Real sockets of this machine, as the kernel has them.

use super::*;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

fn state(view: Option<View>) -> Option<State> {
    view.map(|view| view.state)
}

#[test]
fn a_tcp_sockets_life_is_seen_from_listen_to_time_wait() {
    let mut diag = Diag::open().unwrap();
    assert!(diag.tells(Kind::Tcp).unwrap());
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).unwrap();
        let at = listener.local_addr().unwrap();
        let mut look = |local, peer| diag.inet(Kind::Tcp, local, peer).unwrap();
        let client = TcpStream::connect(at).unwrap();
        let from = client.local_addr().unwrap();

        let waiting = look(at, None).unwrap();
        assert_eq!(
            (waiting.state, waiting.recv_queue),
            (State::Listen, Some(1))
        );
        assert_eq!(
            waiting.send_queue,
            Some(128),
            "std listens with a backlog of 128"
        );
        let (mut server, _) = listener.accept().unwrap();
        assert_eq!(look(at, None).unwrap().recv_queue, Some(0));

        let ours = look(from, Some(at)).unwrap();
        assert_eq!(ours.state, State::Established);
        assert!(ours.rtt_us.is_some_and(|us| us > 0), "{ours:?}");
        assert_eq!(ours.retransmits, Some(0));
        server.write_all(b"seven b").unwrap();
        assert_eq!(look(from, Some(at)).unwrap().recv_queue, Some(7));

        client.shutdown(Shutdown::Write).unwrap();
        // The acknowledgement of a FIN may be delayed: some 40 ms.
        let started = std::time::Instant::now();
        while state(look(from, Some(at))) == Some(State::FinWait1) {
            assert!(started.elapsed() < Duration::from_secs(10));
            std::thread::yield_now();
        }
        assert_eq!(state(look(from, Some(at))), Some(State::FinWait2));
        assert_eq!(state(look(at, Some(from))), Some(State::CloseWait));
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut { &server }, &mut rest).unwrap();
        drop(server);
        std::io::Read::read_to_end(&mut { &client }, &mut rest).unwrap();
        drop(client);
        assert_eq!(state(look(from, Some(at))), Some(State::TimeWait));
        assert_eq!(look(at, Some(from)), None, "the listener is not its answer");
        drop(listener);
        assert_eq!(look(at, None), None);
    }
}

#[test]
fn a_connect_that_nobody_answers_is_syn_sent() {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let listener = listener.unwrap();
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let at = listener.local_addr().unwrap().as_socket().unwrap();
    // One finishes with nobody accepting; what comes after it is dropped.
    let _first = TcpStream::connect(at).unwrap();
    let second = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let second = second.unwrap();
    second.set_nonblocking(true).unwrap();
    second.connect(&at.into()).unwrap_err();
    let from = second.local_addr().unwrap().as_socket().unwrap();
    let mut diag = Diag::open().unwrap();
    let view = diag.inet(Kind::Tcp, from, Some(at)).unwrap().unwrap();
    assert_eq!(view.state, State::SynSent);
    assert_eq!(view.rtt_us, None);
}

#[test]
fn udp_sockets_are_told_apart_by_their_peers() {
    let mut diag = Diag::open().unwrap();
    assert!(diag.tells(Kind::Udp).unwrap());
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (at, from) = (server.local_addr().unwrap(), client.local_addr().unwrap());
    client.connect(at).unwrap();
    client.send(b"five!").unwrap();
    let figures = |view: Option<View>| view.map(|it| (it.recv_queue, it.send_queue));
    let mut look = |local, peer| diag.inet(Kind::Udp, local, peer).unwrap();
    assert_eq!(state(look(from, Some(at))), Some(State::Established));
    assert_eq!(state(look(at, None)), Some(State::Close));
    // The kernel's figure is what the datagram takes in memory: hundreds of bytes.
    assert_eq!(figures(look(at, None)), Some((None, None)));
    assert_eq!(figures(look(from, Some(at))), Some((None, None)));
    drop(client);
    assert_eq!(look(from, Some(at)), None);
}

#[test]
fn unix_sockets_are_found_by_path_and_then_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (at, from, gram) = (path("server"), path("client"), path("gram"));
    let mut diag = Diag::open().unwrap();
    let listener = UnixListener::bind(&at).unwrap();
    assert!(diag.tells(Kind::Unix).unwrap());
    let client = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
    let client = client.unwrap();
    let address = |path: &str| socket2::SockAddr::unix(path).unwrap();
    client.bind(&address(&from)).unwrap();
    client.connect(&address(&at)).unwrap();
    let found = diag.path(&at).unwrap().unwrap();
    assert_eq!(
        (found.view.state, found.view.recv_queue),
        (State::Listen, Some(1))
    );
    assert_eq!(diag.path(&from).unwrap().unwrap().peer, None);

    let (mut server, _): (UnixStream, _) = listener.accept().unwrap();
    server.write_all(b"seven b").unwrap();
    let ours = diag.path(&from).unwrap().unwrap();
    assert_eq!(ours.view.state, State::Established);
    assert_eq!(
        (ours.view.recv_queue, ours.view.send_queue),
        (Some(7), None)
    );
    let theirs = diag.inode(ours.peer.unwrap(), &at).unwrap().unwrap();
    assert_eq!(theirs.view.state, State::Established);
    // The listener, though the accepted one has the same name.
    assert_eq!(diag.path(&at).unwrap().unwrap().view.state, State::Listen);
    assert!(diag.inode(ours.inode, &at).unwrap().is_none());
    drop(client);
    assert!(diag.inode(ours.inode, &from).unwrap().is_none());

    let datagrams = UnixDatagram::bind(&gram).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(b"seven b", &gram).unwrap();
    let view = diag.path(&gram).unwrap().unwrap().view;
    assert_eq!(view.state, State::Close);
    assert_eq!((view.recv_queue, view.send_queue), (None, None));
    drop(datagrams);
}

//! nginx before a gateway, with the very lines of `docs/proxy.md`.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::browser::tools;
use crate::deadline::eventually;
use crate::gateway::{Gateway, Setup};
use crate::program::{Program, root};
use crate::target::closed_port;

/// What becomes of the path's prefix on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// The gateway sees `/ws`.
    TakenOff,
    /// The gateway sees `/wire/ws`.
    LeftOn,
}

/// nginx, with a gateway behind it at `/wire/`. Dropped, it ends.
#[derive(Debug)]
pub struct Nginx {
    /// Where nginx listens.
    pub address: SocketAddr,
    /// What is behind it.
    pub gateway: Gateway,
    _program: Program,
}

impl Nginx {
    /// Starts a gateway, and nginx before it.
    ///
    /// # Panics
    /// When either does not.
    pub async fn before(setup: Setup, prefix: Prefix) -> Self {
        // Just free, and nobody else on this machine is told of it.
        let address = closed_port();
        let public_url = format!("http://{address}/wire/");
        let gateway = setup
            .set("PUBLIC_URL", &public_url)
            .set("PROXIES", r#"["127.0.0.1/32"]"#)
            .start()
            .await;
        let program = tools().join("nginx/usr/sbin/nginx");
        assert!(
            program.exists(),
            "NO NGINX: {} is not there. Run `make test`, which fetches it, or \
             `scripts/setup.sh tests` once and set TOOLS.",
            program.display()
        );
        let folder = gateway.program.folder().join("nginx");
        std::fs::create_dir(&folder).expect("a folder for nginx");
        let written = configuration(address, gateway.address(), prefix);
        std::fs::write(folder.join("nginx.conf"), written).expect("nginx.conf");
        let program = Program::start(&program, |command| {
            command
                .args(["-e", "stderr", "-c", "nginx.conf", "-p"])
                .arg(&folder);
        });
        let listens = || async { TcpStream::connect(address).await.is_ok() };
        eventually("nginx to listen", listens).await;
        Nginx {
            address,
            gateway,
            _program: program,
        }
    }
}

/// `docs/proxy.md`'s lines, with the addresses of a test, and in one process without a log or a
/// file elsewhere.
fn configuration(address: SocketAddr, gateway: SocketAddr, prefix: Prefix) -> String {
    let text = std::fs::read_to_string(root().join("docs/proxy.md")).expect("docs/proxy.md");
    let mut blocks = text
        .split("```nginx\n")
        .skip(1)
        .filter_map(|block| Some(block.split_once("```")?.0));
    let (Some(main), Some(site), None) = (blocks.next(), blocks.next(), blocks.next()) else {
        panic!("docs/proxy.md has no two blocks of nginx's configuration")
    };
    let passed_to = match prefix {
        Prefix::TakenOff => format!("{gateway}/;"),
        Prefix::LeftOn => format!("{gateway};"),
    };
    let mut site = site
        .lines()
        .filter(|line| !line.trim_start().starts_with("ssl_"))
        .collect::<Vec<_>>()
        .join("\n");
    for (written, here) in [
        ("443 ssl;", format!("{address};")),
        ("127.0.0.1:8000/;", passed_to),
    ] {
        assert!(site.contains(written), "docs/proxy.md has no {written}");
        site = site.replace(written, &here);
    }
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places = places.map(|it| format!("{it}_temp_path {it};\n")).concat();
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\n{main}\n\
         http {{\naccess_log off;\n{places}{site}\n}}\n"
    )
}

//! The configuration's tests.

use std::time::Duration;

use super::*;

fn from_text(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Some(&path), [], Flags::default())
}

#[test]
fn the_example_file_is_what_runs_without_one() {
    let example = include_str!("../../../chalkwire.example.toml");
    let loaded = from_text(example).unwrap();
    let default = Config::load(None, [], Flags::default()).unwrap();
    assert_eq!(
        format!("{:?}", loaded.limits),
        format!("{:?}", default.limits)
    );
    assert_eq!(loaded.listen, default.listen);
    assert_eq!(loaded.builtin, default.builtin);
}

#[test]
fn every_key_stands_in_the_example_file() {
    let example = include_str!("../../../chalkwire.example.toml");
    let limits = format!("{:?}", Limits::default());
    let limit_keys = limits
        .split(['{', ',', '}'])
        .filter_map(|part| part.split_once(':'))
        .map(|(key, _)| key.trim());
    for key in KEYS.into_iter().chain(limit_keys) {
        let written = example.lines().any(|line| {
            let line = line.trim_start_matches(['#', ' ']);
            line.starts_with(&format!("{key} =")) || line.starts_with(&format!("[{key}"))
        });
        assert!(written, "{key} is missing from chalkwire.example.toml");
    }
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    for (text, name) in [
        ("lisen = '127.0.0.1:1'", "lisen"),
        ("[limits]\nlinkz = 3", "linkz"),
        ("[targets.x]\nurl = 'tcp://h:1'\nabuot = 'x'", "abuot"),
    ] {
        let error = from_text(text).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    std::fs::write(
        &path,
        "listen = 'a:1'\ndata = '/file'\n[limits]\nidle = '1s'",
    )
    .unwrap();
    let environment = [
        ("CHALKWIRE_LISTEN".to_owned(), "b:2".to_owned()),
        ("CHALKWIRE_DATA".to_owned(), "/env".to_owned()),
        ("CHALKWIRE_LIMITS__IDLE".to_owned(), "7s".to_owned()),
        ("CHALKWIRE_LIMITS__LINKS".to_owned(), "9".to_owned()),
        (
            "CHALKWIRE_TARGETS__ECHO__URL".to_owned(),
            "tcp://h:7".to_owned(),
        ),
        ("CHALKWIRE_LOG".to_owned(), "debug".to_owned()),
    ];
    let flags = Flags {
        listen: Some("c:3".to_owned()),
        ..Flags::default()
    };
    let config = Config::load(Some(&path), environment, flags).unwrap();
    assert_eq!(config.listen, "c:3");
    assert_eq!(config.data.as_deref(), Some(Path::new("/env")));
    assert_eq!(config.limits.idle, Duration::from_secs(7));
    assert_eq!(config.limits.links, 9);
    assert_eq!(config.targets[0].name, "echo");
}

#[test]
fn a_bad_target_is_told_by_name() {
    for (name, url, part) in [
        ("a b", "tcp://h:1", "'a b' can't name a target"),
        ("x", "h:1", "target x: 'h:1' is no target URL"),
        ("x", "tcp://h:0", "its port is 0"),
    ] {
        let flags = Flags {
            targets: vec![(name.to_owned(), url.to_owned())],
            ..Flags::default()
        };
        let error = Config::load(None, [], flags).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_targets_faults_are_read_and_a_wrong_one_is_told_with_the_targets_name() {
    let with = |url: &str, faults: &str| {
        from_text(&format!(
            "[targets.far]\nurl = '{url}'\nfaults = {faults}\nseed = 7"
        ))
    };
    let config = with("tcp://h:7", "['latency,ms=200', 'reset']").unwrap();
    let target = &config.targets[0];
    assert_eq!(target.seed, 7);
    assert_eq!(target.faults.len(), 2);
    assert_eq!(
        target.faults[0],
        Fault::from_text("latency,ms=200").unwrap()
    );
    for (url, faults, part) in [
        ("tcp://h:7", "['flood']", "no fault named 'flood'"),
        ("tcp://h:7", "['loss,percent=5']", "TCP hides loss"),
        (
            "udp://h:7",
            "['slice,bytes=5']",
            "no fault slice for datagrams",
        ),
    ] {
        let error = with(url, faults).unwrap_err().to_string();
        assert!(
            error.starts_with("target far: ") && error.contains(part),
            "{error}"
        );
    }
}

#[test]
fn the_public_url_is_an_origin_of_ours() {
    let config = from_text("public_url = 'https://demo.example.org/lab/'").unwrap();
    assert!(
        config
            .origins
            .allows_origin(Some("https://demo.example.org"), "10.0.0.1")
    );
    assert!(config.origins.allows_host("demo.example.org"));
}

#[test]
fn a_wrong_public_url_is_told_with_what_is_wrong() {
    let flags = Flags {
        public_url: Some("demo.example.org".to_owned()),
        ..Flags::default()
    };
    // The flag comes before the file.
    let error = Config::load(None, [], flags).unwrap_err().to_string();
    assert!(error.contains("public_url 'demo.example.org'"), "{error}");
    assert!(error.contains("must begin with https://"), "{error}");
}

#[test]
fn proxies_are_read_from_the_file_and_the_environment() {
    let proxy = "10.0.0.9".parse().unwrap();
    assert!(!from_text("").unwrap().proxies.trust(proxy));
    let config = from_text("proxies = ['10.0.0.9/32']").unwrap();
    assert!(config.proxies.trust(proxy));
    assert_eq!(config.proxies.header(), ProxyHeader::XForwardedFor);
    let environment = [
        ("CHALKWIRE_PROXIES", r#"["10.0.0.0/8"]"#),
        ("CHALKWIRE_PROXY_HEADER", "forwarded"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load(None, environment, Flags::default()).unwrap();
    assert!(config.proxies.trust(proxy));
    assert_eq!(config.proxies.header(), ProxyHeader::Forwarded);
    for (text, part) in [
        ("proxies = ['0.0.0.0/0']", "0.0.0.0/0 is everybody"),
        ("proxies = ['nginx']", "invalid IP address"),
        ("proxy_header = 'x-real-ip'", "`x-forwarded-for`"),
    ] {
        let error = from_text(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_is_wrong_is_told_in_one_line_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chalkwire.toml");
    let error = |text: &str, environment: &[(&str, &str)]| {
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter();
        let environment =
            environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let error = Config::load(Some(&path), environment, Flags::default()).unwrap_err();
        error.to_string()
    };
    let variable = [("CHALKWIRE_LIMITS__IDLE", "5")];
    let hosts = r#"hosts = ["demo.example.org:8443"]"#;
    let origins = r#"origins = ["demo.example.org"]"#;
    for (error, part) in [
        (
            error("listen = \"127.0.0.1:0\"\nnosuch = 1\n", &[]),
            ".toml:2:1 is wrong: unknown field",
        ),
        (error("listen = \n", &[]), ".toml:1:"),
        (error("", &variable), "CHALKWIRE_LIMITS__IDLE"),
        (error(hosts, &[]), "hosts: 'demo.example.org:8443'"),
        (error(origins, &[]), "origins: 'demo.example.org'"),
    ] {
        assert!(error.contains(part), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

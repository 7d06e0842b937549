//! The configuration: a TOML file, then the environment, then flags; what runs holds no loose ends.

mod limits;
mod public_url;
mod rooms;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chalkwire_shared::fault::{Fault, FaultError, check_list};
use chalkwire_shared::room::MAX_MEMBERS;
use chalkwire_shared::target::{TargetUrl, is_target_name};
use ipnet::IpNet;
use serde::Deserialize;

use crate::policy::embed::Embedders;
use crate::policy::origin::{Origins, is_host, is_origin};
use crate::policy::proxies::{Proxies, ProxyHeader};
pub use limits::Limits;
pub use public_url::{PublicUrl, PublicUrlError};
pub use rooms::Rooms;

/// What the gateway runs with, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `HOST:PORT` to listen on; port 0 picks a free one.
    pub listen: String,
    /// Where sockets of built-in Unix targets (and later, rooms) live; a temporary directory if none.
    pub data: Option<PathBuf>,
    /// Whether the built-in targets run.
    pub builtin: bool,
    /// The operator's targets, by name.
    pub targets: Vec<Target>,
    /// The address that people type, where it is another than the one they reach.
    pub public_url: Option<PublicUrl>,
    /// The proxies that may say whom they speak for.
    pub proxies: Proxies,
    /// Hosts and origins that may talk to the gateway.
    pub origins: Origins,
    /// Pages that may show ours in a frame.
    pub embed: Embedders,
    /// Networks that a target's *name* may resolve to besides the public Internet.
    pub allow: Vec<IpNet>,
    /// Caps, sizes and times.
    pub limits: Limits,
    /// Rooms for classes.
    pub rooms: Rooms,
}

/// A target as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The name that browsers use.
    pub name: String,
    /// Where it is.
    pub url: TargetUrl,
    /// One sentence for the page.
    pub about: String,
    /// Whether browsers may see the URL.
    pub show_url: bool,
    /// Wrongs that are done to each of its sockets, before those that a client asks for.
    pub faults: Vec<Fault>,
    /// Where their chance begins.
    pub seed: u32,
}

/// Why a configuration can't be used; each says where and what.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("the configuration {path} can't be read: {error}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file or the environment holds something else than it should.
    #[error("the configuration {place} is wrong: {detail}")]
    Wrong {
        /// The file, or the environment.
        place: String,
        /// What is wrong.
        detail: String,
    },
    /// A target is named badly.
    #[error(
        "'{0}' can't name a target: 1 to 64 letters, digits, '-', '_' or '.', as in --target \
         echo=tcp://127.0.0.1:7"
    )]
    TargetName(String),
    /// A target's URL is bad.
    #[error("target {name}: {error}")]
    TargetUrl {
        /// The target.
        name: String,
        /// What is wrong with the URL.
        error: chalkwire_shared::target::UrlError,
    },
    /// A target that can't be dialled.
    #[error("target {0}: its port is 0, which nobody can be reached at")]
    TargetPort(String),
    /// A fault of a target that is none, or does not fit it.
    #[error("target {name}: {error}")]
    TargetFault {
        /// The target.
        name: String,
        /// What is wrong with the fault.
        error: FaultError,
    },
    /// What is no name of a host.
    #[error(
        "hosts: '{0}' is no name of a host: write it without a scheme, a port and a path, as in \
         demo.example.org"
    )]
    Host(String),
    /// What is no origin, where one is trusted.
    #[error(
        "origins: '{0}' is no origin of a page: write it as https://demo.example.org, with its port if \
         it has one, and no path"
    )]
    Origin(String),
    /// What is no origin of a page.
    #[error(
        "embed: '{0}' is no origin of a page: write it as https://lms.example, with its port if it has \
         one, and no path"
    )]
    Embed(String),
    /// What is no address that people could type.
    #[error("public_url '{url}': {error}, as in https://demo.example.org/wire/")]
    PublicUrl {
        /// As it was written.
        url: String,
        /// What is wrong with it.
        error: PublicUrlError,
    },
    /// A network of proxies that holds every client.
    #[error(
        "proxies: {0} is everybody, and clients could choose their address: name the proxies' own, \
         such as 127.0.0.1/32"
    )]
    Everybody(IpNet),
    /// A limit that makes no sense.
    #[error("limits.{0} must be at least {1}")]
    Limit(&'static str, usize),
    /// A number for rooms that makes no sense.
    #[error("rooms.{0} must be from {1} to {2}")]
    Rooms(&'static str, usize, usize),
}

/// The file as it is written. Keys are explained in `chalkwire.example.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<String>,
    data: Option<PathBuf>,
    builtin: Option<bool>,
    public_url: Option<String>,
    proxies: Vec<IpNet>,
    proxy_header: ProxyHeader,
    hosts: Vec<String>,
    origins: Vec<String>,
    embed: Vec<String>,
    allow: Vec<IpNet>,
    targets: BTreeMap<String, FileTarget>,
    limits: Limits,
    rooms: Rooms,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTarget {
    url: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    show_url: bool,
    #[serde(default)]
    faults: Vec<String>,
    #[serde(default)]
    seed: u32,
}

/// What the command line sets; it comes last.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen`
    pub listen: Option<String>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--target NAME=URL`, each with its two sides.
    pub targets: Vec<(String, String)>,
    /// `--public-url`
    pub public_url: Option<String>,
}

/// Top-level keys of the file, which the environment may set too.
const KEYS: [&str; 13] = [
    "listen",
    "data",
    "builtin",
    "public_url",
    "proxies",
    "proxy_header",
    "hosts",
    "origins",
    "embed",
    "allow",
    "targets",
    "limits",
    "rooms",
];

impl Config {
    /// Reads `file` (if any), then `environment` (all of it; only ours counts), then `flags`.
    ///
    /// # Errors
    /// [`ConfigError`] names the place and the key.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => {
                let place = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read {
                    path: place.clone(),
                    error,
                })?;
                // Once by itself, so that an error can point at the line.
                let wrong = |error: toml::de::Error| wrong_in_file(&place, &text, &error);
                toml::from_str::<File>(&text).map_err(wrong)?;
                toml::from_str(&text).map_err(wrong)?
            }
            None => toml::Table::new(),
        };
        for (name, value) in environment {
            set_from_environment(&mut table, &name, &value);
        }
        let file: File = table
            .try_into()
            .map_err(|error| wrong_in_environment(&error))?;
        check(file, flags)
    }
}

/// Where in the file, in one line.
fn wrong_in_file(place: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let place = match before {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|it| *it != '\n').count() + 1;
            format!("{place}:{line}:{column}")
        }
        None => place.to_owned(),
    };
    let detail = one_line(error.message());
    ConfigError::Wrong { place, detail }
}

/// In which variable: toml tells the key's path in a line of its own, and nowhere else.
fn wrong_in_environment(error: &toml::de::Error) -> ConfigError {
    let text = error.to_string();
    let path = |line: &str| Some(line.strip_prefix("in `")?.strip_suffix('`')?.to_owned());
    let variable = match text.lines().find_map(path) {
        Some(path) => path.replace('.', "__").to_ascii_uppercase(),
        None => "…".to_owned(),
    };
    ConfigError::Wrong {
        place: format!("environment (CHALKWIRE_{variable})"),
        detail: one_line(error.message()),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sets `a.b` from `CHALKWIRE_A__B`. The value is TOML where it reads as such, or else a text.
fn set_from_environment(table: &mut toml::Table, name: &str, value: &str) {
    let Some(path) = name.strip_prefix("CHALKWIRE_") else {
        return;
    };
    let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    // Others may use the prefix too, as our own CHALKWIRE_LOG and CHALKWIRE_CONFIG do.
    if !path
        .first()
        .is_some_and(|first| KEYS.contains(&first.as_str()))
    {
        return;
    }
    let value = toml::from_str::<toml::Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()));
    let mut table = table;
    for parent in parents {
        let next = table
            .entry(parent.as_str())
            .or_insert_with(|| toml::Value::Table(toml::Table::new()));
        match next {
            toml::Value::Table(next) => table = next,
            // A scalar where a section belongs: the typed reading will say so.
            _ => return,
        }
    }
    table.insert(last.clone(), value);
}

fn check(file: File, flags: Flags) -> Result<Config, ConfigError> {
    let mut targets = Vec::new();
    for (name, target) in file.targets {
        let mut own = target_of(name, &target.url, target.about, target.show_url)?;
        own.faults = match faults_of(&target.faults, own.url.kind().is_datagram()) {
            Ok(faults) => faults,
            Err(error) => {
                let name = own.name;
                return Err(ConfigError::TargetFault { name, error });
            }
        };
        own.seed = target.seed;
        targets.push(own);
    }
    for (name, url) in flags.targets {
        let target = target_of(name, &url, String::new(), false)?;
        targets.retain(|other: &Target| other.name != target.name);
        targets.push(target);
    }
    let limits = file.limits;
    for (name, value, least) in [
        ("connections", limits.connections, 1),
        ("links", limits.links, 1),
        ("links_per_address", limits.links_per_address, 1),
        ("sockets", limits.sockets, 1),
        ("sockets_per_link", limits.sockets_per_link, 1),
        ("workers", limits.workers, 1),
        // One frame of the largest size must fit, or it could never be sent.
        ("window_bytes", limits.window_bytes as usize, 65_536),
        ("link_queue_bytes", limits.link_queue_bytes, 262_144),
        ("control_per_second", limits.control_per_second as usize, 1),
        // A timer is late by 1 or 2 ms wherever it runs.
        ("late (in ms)", limits.late.as_millis() as usize, 5),
    ] {
        if value < least {
            return Err(ConfigError::Limit(name, least));
        }
    }
    let rooms = &file.rooms;
    for (name, value, least, most) in [
        ("rooms", rooms.rooms, 1, 10_000),
        ("members", rooms.members, 1, MAX_MEMBERS),
    ] {
        if !(least..=most).contains(&value) {
            return Err(ConfigError::Rooms(name, least, most));
        }
    }
    let public_url = match flags.public_url.or(file.public_url) {
        Some(url) => Some(public_url_of(&url)?),
        None => None,
    };
    let own = public_url.as_ref().map(|url| url.origin().to_owned());
    if let Some(bad) = file.hosts.iter().find(|host| !is_host(host)) {
        return Err(ConfigError::Host(bad.clone()));
    }
    if let Some(bad) = file.origins.iter().find(|origin| !is_origin(origin)) {
        return Err(ConfigError::Origin(bad.clone()));
    }
    let origins = file.origins.into_iter().chain(own);
    Ok(Config {
        listen: flags
            .listen
            .or(file.listen)
            .unwrap_or_else(|| "127.0.0.1:8000".to_owned()),
        data: flags.data.or(file.data),
        builtin: file.builtin.unwrap_or(true),
        targets,
        public_url,
        proxies: Proxies::new(file.proxies, file.proxy_header).map_err(ConfigError::Everybody)?,
        origins: Origins::new(file.hosts, origins),
        embed: Embedders::new(file.embed).map_err(ConfigError::Embed)?,
        allow: file.allow,
        limits,
        rooms: file.rooms,
    })
}

/// A target of a name and a URL as somebody wrote them.
pub(crate) fn target_of(
    name: String,
    url: &str,
    about: String,
    show_url: bool,
) -> Result<Target, ConfigError> {
    if !is_target_name(&name) {
        return Err(ConfigError::TargetName(name));
    }
    let url: TargetUrl = match url.parse() {
        Ok(url) => url,
        Err(error) => return Err(ConfigError::TargetUrl { name, error }),
    };
    if matches!(url, TargetUrl::Inet { port: 0, .. }) {
        return Err(ConfigError::TargetPort(name));
    }
    Ok(Target {
        name,
        url,
        about,
        show_url,
        faults: Vec::new(),
        seed: 0,
    })
}

fn faults_of(texts: &[String], datagram: bool) -> Result<Vec<Fault>, FaultError> {
    let faults = texts
        .iter()
        .map(|text| Fault::from_text(text))
        .collect::<Result<Vec<_>, _>>()?;
    check_list(&faults, datagram)?;
    Ok(faults)
}

/// A public URL as somebody wrote it.
pub(crate) fn public_url_of(url: &str) -> Result<PublicUrl, ConfigError> {
    url.parse().map_err(|error| ConfigError::PublicUrl {
        url: url.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests;

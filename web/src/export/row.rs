//! An entry of the log as a flat row, for JSON and for CSV.

use std::borrow::Cow;

use chalkwire_shared::fault::{Direction, FaultDid};
use chalkwire_shared::kernel::{End, View};
use chalkwire_shared::server::ServerDid;
use serde::Serialize;

use super::iso;
use crate::bytes::escape;
use crate::model::{Entry, What};
use crate::words;

/// One entry, flat: what JSON leaves out where it is `None` is an empty field in CSV.
#[derive(Default, Serialize)]
pub(super) struct Row<'a> {
    pub(super) no: u32,
    pub(super) at: String,
    pub(super) socket: Option<u32>,
    pub(super) target: Option<&'a str>,
    pub(super) kind: Option<&'static str>,
    pub(super) what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip)]
    pub(super) escaped: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wrote_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unknown: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) datagram: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) truncated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) local: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) connect_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clock_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<Did<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<&'a View>,
}

/// What somebody did, as the link's messages have it.
#[derive(Serialize)]
#[serde(untagged)]
enum Did<'a> {
    Server(&'a ServerDid),
    Fault(&'a FaultDid),
}

/// Two digits a byte, as Python's `bytes.fromhex` reads them.
fn hex(bytes: &[u8]) -> String {
    crate::bytes::hex(bytes).replace(' ', "")
}

impl<'a> Row<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        let mut row = Row {
            no: entry.no,
            at: iso(entry.at_ms),
            socket: entry.socket.map(|socket| socket.0),
            target: Some(entry.target.as_str()).filter(|name| !name.is_empty()),
            kind: entry.kind.map(|kind| kind.as_str()),
            ..Row::default()
        };
        match &entry.what {
            What::Connecting => row.what = "connecting",
            What::Connected {
                local,
                peer,
                connect_us,
                clock_us,
            } => {
                row.what = "connected";
                row.local = Some(local);
                row.peer = Some(peer);
                row.connect_us = Some(*connect_us);
                row.clock_us = Some(*clock_us);
            }
            What::Sent {
                bytes,
                wrote_us,
                unknown,
            } => {
                row.what = "sent";
                row.payload(bytes);
                row.wrote_us = *wrote_us;
                row.unknown = Some(*unknown);
            }
            What::Received {
                bytes,
                datagram,
                truncated,
                clock_us,
            } => {
                row.what = "received";
                row.payload(bytes);
                row.datagram = Some(*datagram);
                row.truncated = Some(*truncated);
                row.clock_us = Some(*clock_us);
            }
            What::ShutDown => row.what = "shut_down",
            What::Eof { clock_us } => {
                row.what = "eof";
                row.clock_us = Some(*clock_us);
            }
            What::Closed {
                reason,
                detail,
                clock_us,
            } => {
                row.what = "closed";
                row.reason = Some(reason.as_str());
                row.detail = Some(detail.into());
                row.clock_us = Some(*clock_us);
            }
            What::Server { did, clock_us } => {
                row.what = "server";
                row.did = Some(Did::Server(did));
                row.detail = Some(words::sentence(entry));
                row.clock_us = Some(*clock_us);
            }
            What::Fault {
                direction,
                did,
                clock_us,
            } => {
                row.what = "made";
                row.direction = Some(*direction);
                row.did = Some(Did::Fault(did));
                row.detail = Some(words::sentence(entry));
                row.clock_us = Some(*clock_us);
            }
            What::Kernel {
                end,
                view,
                clock_us,
            } => {
                row.what = "kernel";
                row.end = Some(*end);
                row.view = view.as_ref();
                row.detail = Some(words::sentence(entry));
                row.clock_us = Some(*clock_us);
            }
            What::Notice(text) => {
                row.what = "notice";
                row.detail = Some(text.into());
            }
            What::Trouble(text) => {
                row.what = "trouble";
                row.detail = Some(text.into());
            }
        }
        row
    }

    fn payload(&mut self, bytes: &'a [u8]) {
        self.size_bytes = Some(bytes.len());
        self.hex = Some(hex(bytes));
        self.text = std::str::from_utf8(bytes).ok();
        self.escaped = Some(escape(bytes));
    }
}

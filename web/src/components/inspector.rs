//! The selected entry, taken apart: bytes, fields, legs of time, its socket, programs to take home.

use std::rc::Rc;

use bytes::Bytes;
use chalkwire_shared::fault::Direction;
use yew::prelude::*;

use super::hex_view::HexView;
use super::legs::Legs;
use super::payload::{Payload, piece};
use super::programs::Programs;
use crate::bytes::{Shown, escape, head, pieces};
use crate::fields::{Fields, difference_words, fields};
use crate::legs::{exchange, held_ms};
use crate::model::{ClockMap, Entry, SocketView, What, bytes_text, ms_text};
use crate::words;

/// Bytes that the text and escaped views show at most.
const TEXT_BYTES: usize = 8192;

/// What the inspector needs.
#[derive(Properties, PartialEq)]
pub struct InspectorProps {
    /// The selected entry.
    pub entry: Entry,
    /// The entries of the same socket, in order.
    pub entries: Rc<Vec<Entry>>,
    /// How the clocks are related.
    #[prop_or_default]
    pub clock: Option<ClockMap>,
    /// The entry's socket, while it is known.
    #[prop_or_default]
    pub socket: Option<SocketView>,
    /// The target's URL, where the operator shows it.
    #[prop_or_default]
    pub target_url: Option<AttrValue>,
    /// The page's address, with which the gateway's paths begin.
    pub base: AttrValue,
    /// By how many minutes the browser's local time is ahead of UTC.
    #[prop_or_default]
    pub offset_min: i32,
    /// Sends bytes once more.
    #[prop_or_default]
    pub on_send_again: Option<Callback<Bytes>>,
}

/// What of the bytes is shown.
#[derive(Clone, Copy, PartialEq)]
enum Tab {
    Text,
    Hex,
    Escaped,
    Fields,
}

impl Tab {
    const ALL: [(Tab, &'static str); 4] = [
        (Tab::Text, "Text"),
        (Tab::Hex, "Hex"),
        (Tab::Escaped, "Escaped"),
        (Tab::Fields, "Fields"),
    ];
}

/// The heading of an entry.
fn title(entry: &Entry) -> String {
    let word = match &entry.what {
        What::Connecting => "Connecting",
        What::Connected { .. } => "Connected",
        What::Sent { .. } => "Sent",
        What::Received { .. } => "Received",
        What::ShutDown => "Shut down",
        What::Eof { .. } => "End of data",
        What::Closed { .. } => "Closed",
        What::Server { .. } => "What the server saw",
        What::Fault { .. } => "Made on purpose",
        What::Kernel { .. } => "The kernel's view",
        What::Notice(_) => "Notice",
        What::Trouble(_) => "Trouble",
    };
    format!("{word} · no. {}", entry.no)
}

/// The selected entry.
#[component]
pub fn Inspector(props: &InspectorProps) -> Html {
    let tab = use_state_eq(|| Tab::Hex);
    let entry = &props.entry;
    let bytes = match &entry.what {
        What::Sent { bytes, .. } | What::Received { bytes, .. } => Some(bytes),
        _ => None,
    };
    let around = exchange(&props.entries, entry.no);
    let stamp = match &entry.what {
        What::Received {
            bytes, clock_us, ..
        } => fields(bytes, entry.at_ms, props.offset_min).map(|stamp| Fields {
            difference_s: stamp
                .difference_s
                .filter(|_| held_ms(around, Direction::FromTarget, *clock_us) < 1.0),
            ..stamp
        }),
        _ => None,
    };
    let sent = around.iter().find_map(|entry| match &entry.what {
        What::Sent { bytes, .. } => Some(bytes.clone()),
        _ => None,
    });
    html! {
        <section class="inspector" aria-label="Inspector">
            <h2>{ title(entry) }</h2>
            if let Some(bytes) = bytes {
                <div class="switch" role="group" aria-label="View of the bytes">
                    { for Tab::ALL.into_iter().map(|(this, label)| {
                        let set = tab.clone();
                        html! {
                            <button type="button" aria-pressed={(*tab == this).to_string()}
                                onclick={Callback::from(move |_| set.set(this))}>{ label }</button>
                        }
                    }) }
                </div>
                { self::bytes(*tab, bytes, stamp.as_ref()) }
            }
            { said(entry) }
            if sent.is_some() {
                <h2>{ "Where the time went" }</h2>
                <Legs entries={Rc::new(around.to_vec())} clock={props.clock} />
            }
            if let (Some(stamp), Some(bytes)) = (&stamp, bytes) {
                <h2>{ "Stamp" }</h2>
                { stamp_list(stamp, bytes) }
            }
            if let Some(bytes) = sent {
                if let Some(kind) = entry.kind {
                    <h2>{ "Take it home" }</h2>
                    <Programs target={entry.target.clone()} {kind} url={props.target_url.clone()}
                        base={props.base.clone()} bytes={bytes.clone()} />
                }
                if let Some(again) = &props.on_send_again {
                    { send_again(again, bytes) }
                }
            }
            if let Some(socket) = &props.socket {
                <h2>{ format!("Socket {}", socket.id) }</h2>
                { socket_list(socket) }
            }
        </section>
    }
}

fn send_again(again: &Callback<Bytes>, bytes: Bytes) -> Html {
    let again = again.clone();
    // Not twice at a double click.
    let onclick = move |event: MouseEvent| {
        if event.detail() < 2 {
            again.emit(bytes.clone());
        }
    };
    html! {
        <button type="button" class="again" {onclick}>
            { "Send again" }
        </button>
    }
}

fn bytes(tab: Tab, bytes: &Bytes, stamp: Option<&Fields>) -> Html {
    let ranges = stamp
        .map(|stamp| {
            vec![
                (stamp.ctime_at.clone(), "f-ctime"),
                (stamp.data_at.clone(), "f-data"),
            ]
        })
        .unwrap_or_default();
    let rest = |shown: usize| {
        let more = bytes.len() - shown;
        html! {
            if more > 0 { <p class="note">{ format!("{} more in the hex view", bytes_text(more)) }</p> }
        }
    };
    match tab {
        Tab::Hex => html! { <HexView bytes={bytes.clone()} {ranges} /> },
        Tab::Text => {
            let shown = head(bytes, TEXT_BYTES);
            let runs = pieces(shown);
            let text = runs.iter().map(|run| {
                html! {
                    <>
                        { piece(run) }
                        // The line ends where its end is, as in an editor.
                        if run.shown == Shown::Control(b'\n') { { "\n" } }
                    </>
                }
            });
            html! {
                <>
                    <pre class="bytes" dir="ltr" tabindex="0" role="group" aria-label="The bytes as text">{ for text }</pre>
                    { rest(shown.len()) }
                </>
            }
        }
        Tab::Escaped => {
            let shown = &bytes[..bytes.len().min(TEXT_BYTES)];
            html! {
                <>
                    <pre class="bytes" dir="ltr" tabindex="0" role="group" aria-label="The bytes escaped">
                        { format!("b'{}'", escape(shown).replace('\'', "\\'")) }
                    </pre>
                    { rest(shown.len()) }
                </>
            }
        }
        Tab::Fields => match stamp {
            Some(stamp) => stamp_list(stamp, bytes),
            None => html! {
                <p class="note">
                    { format!("{}, and no stamp: a stamp looks like [Sun Nov 22 12:04:05 2026]data.", bytes_text(bytes.len())) }
                </p>
            },
        },
    }
}

fn stamp_list(stamp: &Fields, bytes: &Bytes) -> Html {
    let data = bytes.slice(stamp.data_at.clone());
    let size = bytes_text(data.len());
    html! {
        <>
            <dl>
                <dt>{ "ctime" }</dt><dd>{ stamp.ctime.clone() }</dd>
                <dt>{ "data" }</dt><dd><Payload bytes={data} max={64} />{ format!(" · {size}") }</dd>
                <dt>{ "server’s clock − yours" }</dt><dd>{ difference_words(stamp.difference_s) }</dd>
            </dl>
            <p class="note">
                { "A ctime is the server’s local time, cut to the second, without its zone: the difference may be a second off." }
            </p>
        </>
    }
}

/// What an entry without bytes says.
fn said(entry: &Entry) -> Html {
    match &entry.what {
        What::Connected {
            local,
            peer,
            connect_us,
            ..
        } => html! {
            <dl>
                <dt>{ "gateway’s address" }</dt><dd>{ local.clone() }</dd>
                <dt>{ "target’s address" }</dt><dd>{ peer.clone() }</dd>
                <dt>{ "connecting took" }</dt>
                <dd>{ format!("{}, by the gateway’s clock", ms_text(*connect_us as f64 / 1000.0)) }</dd>
            </dl>
        },
        What::Sent { unknown: true, .. } => html! {
            <p class="note">
                { "The link dropped before the gateway said that it had these bytes. They may have arrived, or not; they are not sent twice." }
            </p>
        },
        What::Received {
            truncated: true, ..
        } => html! {
            <p class="note">{ "The datagram’s tail is cut off: no frame could carry it." }</p>
        },
        What::Connecting => html! { <p>{ "The page asked the gateway for a socket." }</p> },
        What::ShutDown => html! {
            <p>{ "You said that you are done (FIN). The other way is still open: a late reply may come." }</p>
        },
        What::Eof { .. } => html! {
            <p>{ "The server said that it is done (FIN): recv gives b'' from here on. You may still send." }</p>
        },
        What::Closed { reason, detail, .. } => html! {
            <>
                <p>{ reason.sentence() }</p>
                if !detail.is_empty() && detail != reason.sentence() { <p class="note">{ detail.clone() }</p> }
            </>
        },
        What::Server { .. } | What::Fault { .. } | What::Kernel { .. } => {
            html! { <p>{ words::sentence(entry).into_owned() }</p> }
        }
        What::Notice(text) | What::Trouble(text) => html! { <p>{ text.clone() }</p> },
        What::Sent { .. } | What::Received { .. } => Html::default(),
    }
}

fn socket_list(socket: &SocketView) -> Html {
    let address = |text: &str| {
        if text.is_empty() {
            "–".to_owned()
        } else {
            text.to_owned()
        }
    };
    html! {
        <dl>
            <dt>{ "target" }</dt><dd>{ format!("{} ({})", socket.target, socket.kind) }</dd>
            <dt>{ "state" }</dt><dd>{ socket.state.as_str() }</dd>
            <dt>{ "gateway’s address" }</dt><dd>{ address(&socket.local) }</dd>
            <dt>{ "target’s address" }</dt><dd>{ address(&socket.peer) }</dd>
            <dt>{ "sent" }</dt><dd>{ format!("{} × · {} B", socket.sent, socket.sent_bytes) }</dd>
            <dt>{ "received" }</dt><dd>{ format!("{} × · {} B", socket.received, socket.received_bytes) }</dd>
            <dt>{ "credit left" }</dt><dd>{ format!("{} B", socket.credit_bytes) }</dd>
            if socket.waiting_bytes > 0 {
                <dt>{ "waiting for credit" }</dt><dd>{ format!("{} B", socket.waiting_bytes) }</dd>
            }
        </dl>
    }
}

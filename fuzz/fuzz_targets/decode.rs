//! Arbitrary bytes, taken for everything that a peer may send: nothing panics, and what is read is
//! written again so that it reads the same.

#![no_main]

use bytes::Bytes;
use chalkwire_shared::fault::Fault;
use chalkwire_shared::frame::{ClientFrame, GatewayFrame};
use chalkwire_shared::message::{ClientMessage, GatewayMessage};
use chalkwire_shared::stamp::{self, ReplyFormat};
use chalkwire_shared::target::TargetUrl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(frame) = ClientFrame::decode(bytes.clone()) {
        assert_eq!(frame.encode(), bytes);
    }
    if let Ok(frame) = GatewayFrame::decode(bytes.clone()) {
        assert_eq!(frame.encode(), bytes);
    }
    if let Some(stamp) = stamp::read(data) {
        assert!(data.ends_with(stamp.data));
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(message) = ClientMessage::decode(text) {
        assert_eq!(ClientMessage::decode(&message.encode()).ok(), Some(message));
    }
    if let Ok(message) = GatewayMessage::decode(text) {
        assert_eq!(
            GatewayMessage::decode(&message.encode()).ok(),
            Some(message)
        );
    }
    if let Ok(url) = text.parse::<TargetUrl>() {
        assert_eq!(url.to_string().parse(), Ok(url));
    }
    if let Ok(fault) = Fault::from_text(text) {
        assert_eq!(Fault::from_text(&fault.to_text()), Ok(fault));
    }
    let _ = Fault::seed_from_text(text);
    let _ = text.parse::<ReplyFormat>();
});

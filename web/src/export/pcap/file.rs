//! Packets as a pcapng file: a section, an interface, a block for each packet.

use super::Packet;

/// Packets begin with their IP header (LINKTYPE_RAW).
const LINK_TYPE: u16 = 101;

const COMMENT: u16 = 1;
const NAME: u16 = 2;
const PROGRAM: u16 = 4;

/// The longest option that its length can tell, in bytes.
const OPTION_BYTES: usize = 65_535;

/// The file.
pub(super) fn write(packets: &[Packet], comment: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut section = Vec::new();
    section.extend(0x1A2B_3C4D_u32.to_le_bytes());
    section.extend(1_u16.to_le_bytes());
    section.extend(0_u16.to_le_bytes());
    // The section's length is not told.
    section.extend(u64::MAX.to_le_bytes());
    option(&mut section, COMMENT, comment);
    option(&mut section, PROGRAM, "Chalkwire");
    end_of_options(&mut section);
    block(&mut out, 0x0A0D_0D0A, &section);

    let mut interface = Vec::new();
    interface.extend(LINK_TYPE.to_le_bytes());
    interface.extend([0; 6]); // reserved, and no limit to what was kept of a packet
    option(&mut interface, NAME, "gateway to target, rebuilt");
    end_of_options(&mut interface);
    block(&mut out, 1, &interface);

    for packet in packets {
        let mut enhanced = Vec::with_capacity(packet.bytes.len() + 64);
        let length = packet.bytes.len() as u32;
        enhanced.extend(0_u32.to_le_bytes());
        // µs, the resolution where none is told.
        enhanced.extend(((packet.at_us >> 32) as u32).to_le_bytes());
        enhanced.extend((packet.at_us as u32).to_le_bytes());
        enhanced.extend(length.to_le_bytes());
        enhanced.extend(length.to_le_bytes());
        enhanced.extend(&packet.bytes);
        pad(&mut enhanced);
        if let Some(comment) = packet.comment {
            option(&mut enhanced, COMMENT, comment);
            end_of_options(&mut enhanced);
        }
        block(&mut out, 6, &enhanced);
    }
    out
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = body.len() as u32 + 12;
    out.extend(kind.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(body);
    out.extend(length.to_le_bytes());
}

fn option(out: &mut Vec<u8>, code: u16, text: &str) {
    let text = &text.as_bytes()[..text.len().min(OPTION_BYTES)];
    out.extend(code.to_le_bytes());
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text);
    pad(out);
}

fn end_of_options(out: &mut Vec<u8>) {
    out.extend([0; 4]);
}

/// To whole words of 32 bits.
fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

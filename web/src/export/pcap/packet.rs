//! IP, TCP and UDP headers (RFC 791, 8200, 9293, 768) with their checksums (RFC 1071).

use std::net::{IpAddr, SocketAddr};

/// What TCP's flags are called.
pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

/// The most payload of a segment or datagram, in bytes, that both IP versions can carry.
pub(super) const MAX_PAYLOAD: usize = 65_400;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// A TCP segment.
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) payload: &'a [u8],
}

impl Segment<'_> {
    /// The packet, from its IP header on.
    pub(super) fn packet(&self) -> Vec<u8> {
        // Of a handshake: the largest segment, and a window of 2^7 times what the field says.
        let options: &[u8] = if self.flags & SYN != 0 {
            &[2, 4, 0xff, 0x78, 1, 3, 3, 7]
        } else {
            &[]
        };
        let mut out = Vec::with_capacity(28 + self.payload.len());
        out.extend(self.from.port().to_be_bytes());
        out.extend(self.to.port().to_be_bytes());
        out.extend(self.seq.to_be_bytes());
        out.extend(self.ack.to_be_bytes());
        out.push(((20 + options.len()) as u8 / 4) << 4);
        out.push(self.flags);
        out.extend(u16::MAX.to_be_bytes());
        out.extend([0; 4]); // checksum, no urgent data
        out.extend(options);
        out.extend(self.payload);
        in_ip(self.from, self.to, TCP, out, 16)
    }
}

/// A UDP datagram, from its IP header on.
pub(super) fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + payload.len());
    out.extend(from.port().to_be_bytes());
    out.extend(to.port().to_be_bytes());
    out.extend(((8 + payload.len()) as u16).to_be_bytes());
    out.extend([0; 2]);
    out.extend(payload);
    in_ip(from, to, UDP, out, 6)
}

/// Puts the checksum at `place`, and the IP header in front.
fn in_ip(
    from: SocketAddr,
    to: SocketAddr,
    protocol: u8,
    mut body: Vec<u8>,
    place: usize,
) -> Vec<u8> {
    let length = body.len() as u32;
    let pseudo = Sum::default()
        .address(from.ip())
        .address(to.ip())
        .add(&length.to_be_bytes())
        .add(&[0, protocol]);
    let sum = match pseudo.add(&body).done() {
        // Of UDP 0 means that there is none.
        0 if protocol == UDP => u16::MAX,
        sum => sum,
    };
    body[place..place + 2].copy_from_slice(&sum.to_be_bytes());
    let mut out = Vec::with_capacity(40 + body.len());
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend([0x45, 0]);
            out.extend(((20 + length) as u16).to_be_bytes());
            out.extend([0, 0, 0x40, 0]); // not to be cut into fragments
            out.extend([64, protocol, 0, 0]);
            out.extend(from.octets());
            out.extend(to.octets());
            let sum = Sum::default().add(&out).done();
            out[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        (from, to) => {
            out.extend([0x60, 0, 0, 0]);
            out.extend((length as u16).to_be_bytes());
            out.extend([protocol, 64]);
            for address in [from, to] {
                match address {
                    IpAddr::V6(address) => out.extend(address.octets()),
                    IpAddr::V4(address) => out.extend(address.to_ipv6_mapped().octets()),
                }
            }
        }
    }
    out.extend(body);
    out
}

/// The Internet checksum: the sum of 16-bit words in ones' complement.
#[derive(Default)]
struct Sum(u64);

impl Sum {
    /// Adds bytes; only the last ones may be an odd number.
    fn add(mut self, bytes: &[u8]) -> Self {
        for pair in bytes.chunks(2) {
            let low = pair.get(1).copied().unwrap_or_default();
            self.0 += u64::from(u16::from_be_bytes([pair[0], low]));
        }
        self
    }

    fn address(self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => self.add(&address.octets()),
            IpAddr::V6(address) => self.add(&address.octets()),
        }
    }

    fn done(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

//! Which addresses a target's name may resolve to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Whether an address that a *name* resolved to may be dialled.
///
/// A name is under somebody else's control, so it may only lead to the public Internet or to what
/// the operator lists. An address written into the configuration is the operator's own word and
/// does not come here.
pub fn may_dial(address: IpAddr, allowed: &[IpNet]) -> bool {
    let address = unwrap_v4(address);
    allowed.iter().any(|net| net.contains(&address)) || is_public(address)
}

/// An IPv4 address that stands inside an IPv6 one: mapped (RFC 4291), NAT64 (RFC 6052),
/// 6to4 (RFC 3056). What is dialled in the end is the IPv4 address, so that is what is judged.
fn unwrap_v4(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let s = v6.segments();
    let low = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, h, l] => low(h, l),
        [0x64, 0xff9b, 0, 0, 0, 0, h, l] => low(h, l),
        [0x2002, h, l, ..] => low(h, l),
        _ => address,
    }
}

/// Whether an address is of the public Internet: the registries of RFC 6890 and its updates, as
/// far as they are stable in the standard library or plain to write.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let this_network = a == 0;
    let shared = a == 100 && (64..128).contains(&b); // carrier-grade NAT, RFC 6598
    let protocol_assignments = (a, b, c) == (192, 0, 0);
    let relay_anycast = (a, b, c) == (192, 88, 99);
    let benchmarking = a == 198 && (b == 18 || b == 19);
    let reserved = a >= 240;
    !(this_network
        || shared
        || protocol_assignments
        || relay_anycast
        || benchmarking
        || reserved
        || v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation())
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let s = v6.segments();
    let global_unicast = s[0] & 0xe000 == 0x2000; // 2000::/3
    let teredo_and_assignments = s[0] == 0x2001 && s[1] < 0x0200;
    let documentation = (s[0] == 0x2001 && s[1] == 0x0db8) || (s[0] == 0x3fff && s[1] < 0x1000);
    global_unicast && !teredo_and_assignments && !documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_may_be_dialled_by_name() {
        for public in [
            "93.184.215.14",
            "8.8.8.8",
            "2606:4700::1111",
            "64:ff9b::808:808",
        ] {
            assert!(may_dial(public.parse().unwrap(), &[]), "{public}");
        }
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.5",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!may_dial(inside.parse().unwrap(), &[]), "{inside}");
        }
    }

    #[test]
    fn what_the_operator_lists_may_be_dialled() {
        let allowed = ["10.0.0.0/8".parse().unwrap()];
        assert!(may_dial("10.1.2.3".parse().unwrap(), &allowed));
        assert!(may_dial("::ffff:10.1.2.3".parse().unwrap(), &allowed));
        assert!(!may_dial("192.168.0.1".parse().unwrap(), &allowed));
    }
}

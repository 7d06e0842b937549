//! Reads what proxies say of whom they speak for: `X-Forwarded-For`, and `Forwarded` (RFC 7239).
//!
//! Anybody can send these headers, and a proxy appends to what it got. So they are read from their
//! end, as bytes: nothing that a client wrote changes how what a proxy wrote behind it is read.

use std::net::{IpAddr, Ipv6Addr};

/// What one proxy says of who came to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The address that came; `None` where it is hidden, unknown or malformed.
    pub(super) address: Option<IpAddr>,
    /// The scheme that was used.
    pub(super) proto: Option<String>,
    /// The Host that was asked for.
    pub(super) host: Option<String>,
}

/// The elements of a list (RFC 9110, section 5.6.1), the last one first. A comma in a quoted text
/// separates nothing; a quote that was never closed does not reach over the comma after it.
pub(super) fn from_the_end(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(list);
    let next = move || {
        let list = rest?;
        let comma = last_comma(list);
        rest = comma.map(|at| &list[..at]);
        Some(list[comma.map_or(0, |at| at + 1)..].trim_ascii())
    };
    std::iter::from_fn(next).filter(|element| !element.is_empty())
}

fn last_comma(list: &[u8]) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in list.iter().enumerate().rev() {
        match byte {
            b'"' if quoted => {
                let backslashes = list[..at].iter().rev().take_while(|it| **it == b'\\');
                quoted = backslashes.count() % 2 == 1;
            }
            b'"' => quoted = true,
            b',' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// An element of `X-Forwarded-For`: an address, with or without a port.
pub(super) fn x_forwarded_for(element: &[u8]) -> Said {
    Said {
        address: std::str::from_utf8(element).ok().and_then(node),
        ..Said::default()
    }
}

/// An element of `Forwarded`; `None` where it is malformed.
pub(super) fn forwarded(element: &[u8]) -> Option<Said> {
    let mut rest = std::str::from_utf8(element).ok()?;
    let (mut node_name, mut proto, mut host) = (None, None, None);
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() {
            break;
        }
        let (name, value, after) = pair(rest)?;
        rest = after;
        let place = match name.to_ascii_lowercase().as_str() {
            "for" => &mut node_name,
            "proto" => &mut proto,
            "host" => &mut host,
            _ => continue,
        };
        // Each may be said once (RFC 7239, section 4).
        if place.replace(value).is_some() {
            return None;
        }
    }
    Some(Said {
        address: node_name.as_deref().and_then(node),
        proto,
        host,
    })
}

/// `name=value` at the start of a text, and what comes after it.
fn pair(text: &str) -> Option<(&str, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = rest.find([';', ' ', '\t']).unwrap_or(rest.len());
            let (value, rest) = rest.split_at(end);
            // More than a token may hold, as some proxies leave the quotes out.
            let plain = |it: u8| is_token(it) || b":[]".contains(&it);
            if value.is_empty() || !value.bytes().all(plain) {
                return None;
            }
            (value.to_owned(), rest)
        }
    };
    let rest = rest.trim_start_matches([' ', '\t']);
    (rest.is_empty() || rest.starts_with(';')).then_some((name, value, rest))
}

/// A quoted text without its first quote: its value, and what comes after it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            _ => value.push(letter),
        }
    }
    None
}

/// A letter of a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The address of a node: `192.0.2.43`, `192.0.2.43:47011`, `[2001:db8::17]`, `[2001:db8::17]:4711`,
/// and, as `X-Forwarded-For` has it, `2001:db8::17`. `unknown` and names such as `_hidden` have none.
fn node(text: &str) -> Option<IpAddr> {
    let (address, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, port) = bracketed.split_once(']')?;
            (IpAddr::V6(address.parse::<Ipv6Addr>().ok()?), port)
        }
        None => match text.parse::<IpAddr>() {
            Ok(address) => (address, ""),
            Err(_) => {
                let at = text.find(':')?;
                (IpAddr::V4(text[..at].parse().ok()?), &text[at..])
            }
        },
    };
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| address.to_canonical())
}

/// A port, or a name in its place (RFC 7239, section 6).
fn is_port(text: &str) -> bool {
    let name = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    match text.strip_prefix('_') {
        Some(hidden) => !hidden.is_empty() && hidden.bytes().all(name),
        None => text.parse::<u16>().is_ok() && text.bytes().all(|it| it.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(element: &str) -> Option<Said> {
        forwarded(element.as_bytes())
    }

    fn address(element: &str) -> Option<String> {
        said(element)?.address.map(|it| it.to_string())
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        for (element, expected) in [
            ("for=192.0.2.43", Some("192.0.2.43")),
            (r#"for="_gazonk""#, None),
            (
                r#"For="[2001:db8:cafe::17]:4711""#,
                Some("2001:db8:cafe::17"),
            ),
            (
                "for=192.0.2.60;proto=http;by=203.0.113.43",
                Some("192.0.2.60"),
            ),
            (r#"for="192.0.2.43:47011""#, Some("192.0.2.43")),
            (r#"for="[2001:db8:cafe::17]""#, Some("2001:db8:cafe::17")),
            ("for=unknown", None),
            (
                "for=_hidden, for=_SEVKISEK".split(',').next().unwrap(),
                None,
            ),
        ] {
            assert!(said(element).is_some(), "{element}");
            assert_eq!(address(element).as_deref(), expected, "{element}");
        }
        let all = said(r#"by=_x;FOR="192.0.2.60:_p";Proto=https; host="demo.example.org:8443""#);
        let all = all.unwrap();
        assert_eq!(all.address, Some([192, 0, 2, 60].into()));
        assert_eq!(all.proto.as_deref(), Some("https"));
        assert_eq!(all.host.as_deref(), Some("demo.example.org:8443"));
    }

    #[test]
    fn what_is_malformed_says_nothing() {
        for bad in [
            "for",
            "=192.0.2.1",
            "for=",
            "for=192.0.2.1;for=192.0.2.2",
            r#"for="192.0.2.1"#,
            r#"for="192.0.2.1" x"#,
            r#"for="192.0.2.1\"#,
            "for=192.0.2.1 proto=http",
            "fo r=192.0.2.1",
            "192.0.2.1",
        ] {
            assert_eq!(said(bad), None, "{bad}");
        }
        assert_eq!(forwarded(b"for=\xff"), None);
    }

    #[test]
    fn nodes_are_addresses_with_or_without_a_port_and_nothing_else() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:8080", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(node(text), Some(expected.parse().unwrap()), "{text}");
        }
        for none in [
            "",
            "unknown",
            "_hidden",
            "localhost",
            "192.0.2.01",
            "192.0.2",
            "192.0.2.1:",
            "192.0.2.1:99999",
            "192.0.2.1:+1",
            "192.0.2.1:80:80",
            "[192.0.2.1]",
            "[2001:db8::1",
            "[2001:db8::1]80",
            "fe80::1%eth0",
            "1.2.3.4 5",
        ] {
            assert_eq!(node(none), None, "{none}");
        }
    }

    #[test]
    fn a_list_is_taken_from_its_end_and_quotes_hold_together() {
        let split = |list: &'static [u8]| from_the_end(list).collect::<Vec<_>>();
        assert_eq!(split(b"a, b ,,\t c"), [b"c", b"b", b"a"]);
        assert_eq!(
            split(br#"x="a, \", b", y="," ,z"#),
            [&b"z"[..], br#"y=",""#, br#"x="a, \", b""#]
        );
        assert_eq!(split(b""), [b""; 0]);
        // A quote that a client opened ends where a proxy goes on.
        assert_eq!(
            split(br#"for="evil, for=192.0.2.1"#),
            [&b"for=192.0.2.1"[..], br#"for="evil"#]
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(list in any::<Vec<u8>>()) {
            for element in from_the_end(&list) {
                let _ = (forwarded(element), x_forwarded_for(element));
            }
        }

        #[test]
        fn arbitrary_texts_near_the_grammar_never_panic(list in r#"[for=\[\]:;,"\\ 0-9é]{0,60}"#) {
            for element in from_the_end(list.as_bytes()) {
                let _ = (forwarded(element), x_forwarded_for(element));
            }
        }

        #[test]
        fn what_a_proxy_appends_is_read_whatever_a_client_wrote(
            before in any::<Vec<u8>>(), address in any::<IpAddr>(), port in any::<u16>()
        ) {
            let node_name = std::net::SocketAddr::new(address, port).to_string();
            let appended = [&before[..], b", ", node_name.as_bytes()].concat();
            let last = from_the_end(&appended).next().unwrap();
            prop_assert_eq!(x_forwarded_for(last).address, Some(address.to_canonical()));

            let node_name = format!(r#", for="{node_name}";host="a,\"b";proto=https"#);
            let appended = [&before[..], node_name.as_bytes()].concat();
            let last = forwarded(from_the_end(&appended).next().unwrap()).unwrap();
            prop_assert_eq!(last.address, Some(address.to_canonical()));
            prop_assert_eq!(last.host.as_deref(), Some("a,\"b"));
        }
    }
}

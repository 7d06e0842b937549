use super::*;
use proptest::prelude::*;

fn shown(bytes: &[u8]) -> Vec<String> {
    pieces(bytes)
        .iter()
        .map(|piece| match piece.shown {
            Shown::Text(text) => text.to_owned(),
            badge => format!("<{}>", badge.label()),
        })
        .collect()
}

#[test]
fn control_bytes_and_bytes_that_are_no_text_are_badges() {
    assert_eq!(shown(b"hello\r\n"), ["hello", "<CR>", "<LF>"]);
    assert_eq!(shown(b"\0\x1b[1m\x7f"), ["<NUL>", "<ESC>", "[1m", "<DEL>"]);
    assert_eq!(shown(b"a\xff\xfeb"), ["a", "<\\xff>", "<\\xfe>", "b"]);
    assert_eq!(shown("grüß\u{85}".as_bytes()), ["grüß", "<U+0085>"]);
    // Half a letter: the first byte of é alone.
    assert_eq!(shown(b"caf\xc3"), ["caf", "<\\xc3>"]);
    assert_eq!(shown(b""), Vec::<String>::new());
}

#[test]
fn what_would_hide_or_turn_the_text_around_it_is_a_badge() {
    assert_eq!(
        shown("a\u{202e}b\u{2066}c\u{200b}d\u{feff}".as_bytes()),
        [
            "a", "<U+202E>", "b", "<U+2066>", "c", "<U+200B>", "d", "<U+FEFF>"
        ]
    );
    for c in ('\u{202a}'..='\u{202e}')
        .chain('\u{2066}'..='\u{2069}')
        .chain('\u{200b}'..='\u{200f}')
        .chain(['\u{ad}', '\u{61c}', '\u{3164}', '\u{e0041}', '\u{a0}'])
    {
        let text = c.to_string();
        assert_eq!(pieces(text.as_bytes())[0].shown, Shown::Invisible(c));
    }
}

#[test]
fn escapes_are_those_of_python() {
    assert_eq!(escape(b"hello\r\n"), "hello\\r\\n");
    assert_eq!(escape(b"\\ \t\0\xff~"), "\\\\ \\t\\x00\\xff~");
}

/// What Python makes of an escaped text.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'\\' => match rest.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'x') => {
                    let digits: Vec<u8> = rest.by_ref().take(2).collect();
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                same => same.unwrap(),
            },
            byte => byte,
        });
    }
    out
}

#[test]
fn hexadecimal_is_read_in_the_ways_in_which_people_type_it() {
    for text in [
        "68 65 6c6c 6f",
        "68656C6C6F",
        "0x68 0x65 0x6c 0x6c 0x6f",
        "68\n65\r\n6c\t6c 6f\n",
        "68:65:6c:6c:6f",
        "0x68, 0x65, 0x6c, 0x6c, 0x6f",
        "0x68656c6c6f",
    ] {
        assert_eq!(parse_hex(text).unwrap(), b"hello", "{text}");
    }
    assert_eq!(parse_hex(" \n ").unwrap(), b"");
    assert_eq!(parse_hex("00 0x00").unwrap(), b"\0\0");
}

#[test]
fn bad_hexadecimal_is_told_which_character_is_wrong() {
    for (text, error) in [
        (
            "68 6g",
            "Character 5: 'g' is no hexadecimal digit (0–9, a–f).",
        ),
        (
            "68 6 5",
            "Character 4: the digit '6' stands alone; a byte takes two, as in 06.",
        ),
        (
            "68\n6",
            "Line 2, character 1: the digit '6' stands alone; a byte takes two, as in 06.",
        ),
        (
            "0x",
            "Character 1: 0x needs two hexadecimal digits after it, as in 0x0a.",
        ),
        ("é", "Character 1: 'é' is no hexadecimal digit (0–9, a–f)."),
        (
            "68\u{202e}65",
            "Character 3: U+202E is no hexadecimal digit (0–9, a–f).",
        ),
    ] {
        assert_eq!(parse_hex(text).unwrap_err().to_string(), error, "{text:?}");
    }
}

#[test]
fn a_byte_is_described_with_the_character_that_it_is_a_part_of() {
    let bytes = "aé\r€\u{200b}".as_bytes();
    assert_eq!(describe(bytes, 0), "byte 1 of 10: 61 = 97, 'a'");
    assert_eq!(
        describe(bytes, 2),
        "byte 3 of 10: a9 = 169, second of the 2 bytes of 'é' (U+00E9)"
    );
    assert_eq!(describe(bytes, 3), "byte 4 of 10: 0d = 13, carriage return");
    assert_eq!(
        describe(bytes, 6),
        "byte 7 of 10: ac = 172, third of the 3 bytes of '€' (U+20AC)"
    );
    assert_eq!(
        describe(bytes, 7),
        "byte 8 of 10: e2 = 226, first of the 3 bytes of an invisible character (U+200B)"
    );
    assert_eq!(describe(b"\xff", 0), "byte 1 of 1: ff = 255, not UTF-8");
    assert_eq!(describe(b"", 0), "");
}

#[test]
fn the_head_of_a_text_does_not_end_in_half_a_letter() {
    let text = "aaé€".as_bytes();
    assert_eq!(head(text, 3), b"aa");
    assert_eq!(head(text, 4), "aaé".as_bytes());
    assert_eq!(head(text, 6), "aaé".as_bytes());
    assert_eq!(head(text, 99), text);
    assert_eq!(head(b"\x80\x80\x80\x80\x80\x80", 2), b"\x80\x80");
}

proptest! {
    #[test]
    fn pieces_put_together_are_the_bytes(bytes: Vec<u8>, text in "\\PC{0,9}.{0,9}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            let pieces = pieces(bytes);
            let mut at = 0;
            for piece in &pieces {
                prop_assert_eq!(piece.at, at);
                prop_assert!(!piece.bytes.is_empty());
                at += piece.bytes.len();
            }
            prop_assert_eq!(pieces.iter().flat_map(|p| p.bytes).copied().collect::<Vec<_>>(), bytes);
        }
    }

    #[test]
    fn an_escape_is_read_back(bytes: Vec<u8>) {
        let text = escape(&bytes);
        prop_assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)));
        prop_assert_eq!(unescaped(&text), bytes);
    }

    #[test]
    fn hexadecimal_is_read_back(bytes: Vec<u8>) {
        prop_assert_eq!(parse_hex(&hex(&bytes)).unwrap(), &bytes[..]);
        prop_assert_eq!(parse_hex(&hex(&bytes).replace(' ', "")).unwrap(), bytes);
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in ".{0,30}", at: usize, max in 0..9usize) {
        let _ = parse_hex(&text);
        let _ = describe(text.as_bytes(), at % (text.len() + 1));
        prop_assert!(head(text.as_bytes(), max).len() <= max);
    }
}

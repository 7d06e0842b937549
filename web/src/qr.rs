//! An address as a QR code, drawn by ourselves (ISO/IEC 18004).

use fast_qr::{ECL, QRBuilder};

/// The light edge that readers need around a code, in modules.
const QUIET: usize = 4;

/// A QR code as one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qr {
    /// The side with its quiet edge, in modules: one module is one unit of the path.
    pub side: usize,
    /// The dark modules, in SVG's letters.
    pub path: String,
}

/// The code of a text; `None` for one that is too long for any.
pub fn qr(text: &str) -> Option<Qr> {
    // Level M: a code on a wall is read at a slant, and a seventh of it may be in the sun.
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let mut path = String::new();
    for y in 0..code.size {
        let row = &code[y];
        let mut x = 0;
        while x < code.size {
            let run = row[x..].iter().take_while(|it| it.value()).count();
            if run > 0 {
                // Runs of dark modules as one rectangle: no hair lines between them.
                for (letter, number) in [("M", x + QUIET), (" ", y + QUIET), ("h", run)] {
                    path.push_str(letter);
                    path.push_str(&number.to_string());
                }
                path.push_str("v1h-");
                path.push_str(&run.to_string());
                path.push('z');
            }
            x += run.max(1);
        }
    }
    Some(Qr {
        side: code.size + 2 * QUIET,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader that is not ours sees of a drawn code, at so many pixels a module.
    fn read(qr: &Qr, pixels: usize, dark: u8, light: u8) -> String {
        let side = qr.side * pixels;
        let mut image = vec![light; side * side];
        for rect in qr.path.split('z').filter(|it| !it.is_empty()) {
            let numbers: Vec<usize> = rect
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|it| it.parse().ok())
                .collect();
            let [x, y, run, 1, back] = numbers[..] else {
                panic!("{rect}")
            };
            assert_eq!(run, back);
            for row in y * pixels..(y + 1) * pixels {
                image[row * side + x * pixels..row * side + (x + run) * pixels].fill(dark);
            }
        }
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| image[y * side + x]);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn every_address_is_read_as_it_was_written() {
        for address in [
            "http://127.0.0.1:8000/#/join/HKTPWN",
            "https://demo.example.org/#/join/ABCDEF",
            "https://netz.schule-am-fluß.example/unterricht/chalkwire/#/join/ZZZZZZ",
            "https://[2001:db8::1]:65535/a/very/long/prefix/behind/a/proxy/of/a/school/that/has/many/#/join/KMNPQR",
            "a",
            "",
        ] {
            let qr = qr(address).unwrap();
            for (pixels, dark, light) in [(3, 0, 255), (8, 17, 255), (4, 30, 251)] {
                assert_eq!(read(&qr, pixels, dark, light), address);
            }
        }
    }

    #[test]
    fn the_quiet_edge_stays_light_and_what_fits_no_code_is_none() {
        let it = qr("https://demo.example.org/#/join/ABCDEF").unwrap();
        // Size: version 3 with 29 modules, and four of quiet on each side.
        assert_eq!(it.side, 29 + 8);
        assert!(it.path.starts_with("M4 4h7v1h-7z"));
        assert!(qr(&"x".repeat(5000)).is_none());
    }
}

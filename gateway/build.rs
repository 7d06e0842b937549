//! Puts the page (`dist/`, built by trunk) into the binary, compressed ahead of time.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What stands in for the page where it has not been built, as under `cargo test` alone.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Chalkwire</title><p>The gateway runs, but this binary was built without the page. \
Run <code>make build</code>.</p></html>\n";

fn main() -> io::Result<()> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    // Cargo can only watch what exists.
    fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());

    let mut files = Vec::new();
    collect(&dist, &dist, &mut files)?;
    if !files.iter().any(|(path, _)| path == "index.html") {
        files = vec![("index.html".to_owned(), NOT_BUILT.as_bytes().to_vec())];
    }
    files.sort();
    let mut table = "static FILES: &[File] = &[\n".to_owned();
    for (i, (path, plain)) in files.iter().enumerate() {
        let gzip = write_if_smaller(&out, &format!("{i}.gz"), plain, gzip(plain)?)?;
        let brotli = write_if_smaller(&out, &format!("{i}.br"), plain, brotli(plain)?)?;
        fs::write(out.join(i.to_string()), plain)?;
        let plain = include_bytes(&i.to_string());
        let (mime, hashed) = (mime(path), is_hashed(path));
        writeln!(
            table,
            "File {{ path: {path:?}, mime: {mime:?}, hashed: {hashed}, plain: {plain}, \
             gzip: {gzip}, brotli: {brotli} }},"
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("page.rs"), table)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            // trunk's own working folder
            if !path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'))
            {
                collect(root, &path, files)?;
            }
            continue;
        }
        let name = path.strip_prefix(root).map_err(io::Error::other)?;
        files.push((name.to_string_lossy().replace('\\', "/"), fs::read(&path)?));
    }
    Ok(())
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

fn brotli(plain: &[u8]) -> io::Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &plain[..], &mut out, &params)?;
    Ok(out)
}

/// The expression for a compressed body, or for none where it saves nothing.
fn write_if_smaller(out: &Path, name: &str, plain: &[u8], packed: Vec<u8>) -> io::Result<String> {
    if packed.len() >= plain.len() {
        return Ok("None".to_owned());
    }
    fs::write(out.join(name), packed)?;
    Ok(format!("Some({})", include_bytes(name)))
}

fn include_bytes(name: &str) -> String {
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))")
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a name holds a hash, as trunk writes it: 16 hexadecimal digits after a dash.
fn is_hashed(path: &str) -> bool {
    path.split(['-', '.', '_'])
        .any(|part| (8..=20).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

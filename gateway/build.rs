//! Puts the page into the binary: `dist/`, as trunk built it and scripts/compress.mjs packed it.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What stands in for the page where it has not been built, as under `cargo test` alone.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Chalkwire</title><p>The gateway runs, but this binary was built without the page. \
Run <code>make build</code>.</p></html>\n";

/// The ends of a file's compressed forms, which lie beside it.
const GZIP: &str = ".gz";
const BROTLI: &str = ".br";

fn main() -> io::Result<()> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    // Cargo can only watch what exists.
    fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());

    let names = names(&dist)?;
    let mut table = "static FILES: &[File] = &[\n".to_owned();
    if names.iter().any(|name| name == "index.html") {
        let packed = |name: &str| name.ends_with(GZIP) || name.ends_with(BROTLI);
        for name in names.iter().filter(|name| !packed(name)) {
            let form = |end| {
                let path = format!("{name}{end}");
                match names.contains(&path) {
                    true => format!("Some({})", include_bytes(&path)),
                    false => "None".to_owned(),
                }
            };
            add(
                &mut table,
                name,
                &include_bytes(name),
                &form(GZIP),
                &form(BROTLI),
            )?;
        }
    } else {
        let page = format!("{NOT_BUILT:?}.as_bytes()");
        add(&mut table, "index.html", &page, "None", "None")?;
    }
    table.push_str("];\n");
    fs::write(out.join("page.rs"), table)
}

/// The names of the page's files, in their order. It has no folders but trunk's own.
fn names(dist: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dist)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Adds a row to the table; the last three are expressions.
fn add(table: &mut String, path: &str, plain: &str, gzip: &str, brotli: &str) -> io::Result<()> {
    let (mime, hashed) = (mime(path), is_hashed(path));
    writeln!(
        table,
        "File {{ path: {path:?}, mime: {mime:?}, hashed: {hashed}, plain: {plain}, \
         gzip: {gzip}, brotli: {brotli} }},"
    )
    .map_err(io::Error::other)
}

fn include_bytes(name: &str) -> String {
    let path = format!("/../dist/{name}");
    format!("include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))")
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

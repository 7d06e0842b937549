//! ARCHITECTURE.md's table of layers, held against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use chalkwire_tests::program::root;

/// The layer of each module, as ARCHITECTURE.md has it.
fn layers() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = text.split("## The gateway's layers").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let mut layers = BTreeMap::new();
    for row in table.lines().filter_map(|line| line.strip_prefix("| ")) {
        let Some((layer, modules)) = row.split_once(" | ") else {
            continue;
        };
        let Ok(layer) = layer.parse() else {
            continue;
        };
        // What stands in brackets or after a colon explains a module, and names none.
        let mut names = String::new();
        let mut depth = 0;
        for c in modules.split(':').next().unwrap().chars() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                c if depth == 0 => names.push(c),
                _ => {}
            }
        }
        for name in names.split('`').skip(1).step_by(2) {
            layers.insert(name.to_owned(), layer);
        }
    }
    layers
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top-level module that a file of `gateway/src` belongs to.
fn module_of(path: &Path, src: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().components().next();
    let first = first.unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of each module, without its comments.
fn modules() -> BTreeMap<String, String> {
    let src = root().join("gateway/src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut modules = BTreeMap::<String, String>::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = modules.entry(module_of(&file, &src)).or_default();
        for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
            code.push_str(line);
            code.push('\n');
        }
    }
    modules
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The top-level modules that code names: `crate::a::b`, `crate::{a, b::c}`, `crate::Gateway`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let mut names = Vec::new();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name_next = true;
            for (i, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => name_next = true,
                    c if depth == 0 && name_next && c.is_alphabetic() => {
                        names.push(word(&group[i..]));
                        name_next = false;
                    }
                    _ => {}
                }
            }
        } else {
            names.push(word(rest));
        }
        for name in names {
            // What begins with a capital is the facade's own.
            let own = name.starts_with(char::is_uppercase);
            found.insert(if own { "lib" } else { name }.to_owned());
        }
    }
    // The program names the library from outside.
    if code.contains("chalkwire_gateway::cli") {
        found.insert("cli".to_owned());
    }
    found
}

#[test]
fn imports_only_go_down() {
    let layers = layers();
    let modules = modules();
    let named: BTreeSet<&String> = layers.keys().collect();
    let there: BTreeSet<&String> = modules.keys().collect();
    assert_eq!(
        named, there,
        "ARCHITECTURE.md's layers and gateway/src differ"
    );
    for (module, code) in &modules {
        for import in imports(code).iter().filter(|import| *import != module) {
            assert!(
                layers[import] >= layers[module],
                "{module} (layer {}) imports {import} (layer {})",
                layers[module],
                layers[import]
            );
            assert!(
                import != "builtin" || module == "lib",
                "{module} imports builtin, which is the facade's alone"
            );
        }
    }
}

#[test]
fn no_two_modules_need_each_other() {
    let mut left: BTreeMap<String, BTreeSet<String>> = modules()
        .into_iter()
        .map(|(module, code)| {
            let mut imports = imports(&code);
            imports.remove(&module);
            (module, imports)
        })
        .collect();
    // Takes away what needs nothing that is left, until nothing is.
    while !left.is_empty() {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, imports)| imports.iter().all(|import| !left.contains_key(import)))
            .map(|(module, _)| module.clone())
            .collect();
        assert!(!free.is_empty(), "these need each other: {left:?}");
        for module in free {
            left.remove(&module);
        }
    }
}

#[test]
fn axum_stays_in_its_layer_and_clap_in_the_command_line() {
    let layers = layers();
    for (module, code) in modules() {
        if code.contains("axum::") {
            assert_eq!(layers[&module], 3, "{module} names axum");
        }
        if code.contains("clap::") {
            assert_eq!(module, "cli", "{module} names clap");
        }
    }
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&cargo.stderr);
    assert!(cargo.status.success(), "cargo {arguments:?}:\n{errors}");
    String::from_utf8(cargo.stdout).unwrap()
}

#[test]
fn shared_knows_neither_tokio_nor_axum() {
    let package = ["--package", "chalkwire-shared"];
    let tree = ["tree", "--offline", "--edges", "normal", "--prefix", "none"];
    let tree = cargo(&[&tree[..], &package].concat());
    assert!(tree.contains("serde "), "{tree}");
    for foreign in ["tokio", "axum", "hyper", "mio", "socket2", "getrandom"] {
        let depends = tree.lines().any(|line| word(line) == foreign);
        assert!(!depends, "shared depends on {foreign}:\n{tree}");
    }
}

#[test]
fn shared_builds_for_the_browser() {
    // A folder of its own, so that it does not wait for the other builds, or they for it.
    let folder = chalkwire_tests::program::chalkwire();
    let folder = folder.parent().unwrap().with_file_name("wasm-check");
    cargo(&[
        "check",
        "--quiet",
        "--package",
        "chalkwire-shared",
        "--target",
        "wasm32-unknown-unknown",
        "--target-dir",
        folder.to_str().unwrap(),
    ]);
}

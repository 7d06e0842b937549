#!/usr/bin/env bash
# Formatting, lints and documentation; a warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh page
echo "check: formatting …"
cargo fmt --all --check
echo "check: lints …"
cargo clippy --quiet --workspace --all-targets -- -D warnings
echo "check: lints of what runs in the browser …"
cargo clippy --quiet -p chalkwire-shared -p chalkwire-web --target wasm32-unknown-unknown -- -D warnings
echo "check: documentation …"
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps

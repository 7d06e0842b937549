#!/usr/bin/env bash
# Builds the page, then the program with the page inside: target/release/chalkwire.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/page.sh
echo "program: building target/release/chalkwire …"
cargo build --quiet --release -p chalkwire-gateway

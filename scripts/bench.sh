#!/usr/bin/env bash
# Measures the release program and writes BENCHMARKS.md. QUICK=1: two minutes, shown only.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh
echo "bench: building the load …"
cargo bench --quiet -p chalkwire-tests --bench bench
cargo bench --quiet -p chalkwire-tests --bench rooms
cargo bench --quiet -p chalkwire-tests --bench servers

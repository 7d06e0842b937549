#!/usr/bin/env bash
# Runs every test and ends with their number. Arguments go to cargo test.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.env
scripts/setup.sh tests
scripts/page.sh
echo "tests: building …"
cargo build --quiet -p chalkwire-gateway
log=$tools/tests.log
status=0
cargo test --workspace --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?
# One line for all: how many ran, over every test binary.
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, ignored }' "$log"
exit $status

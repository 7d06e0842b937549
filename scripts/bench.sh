#!/usr/bin/env bash
# Measures the release program beside other bridges and writes BENCHMARKS.md. QUICK=1: two minutes,
# shown only. BENCH=exchanges-64,one-shot WAYS=relay,raw ROUNDS=5 SECONDS=1: these alone, shown only.
# BUILD=0: the program as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.env
export PEERS=$peers websockify_version websocat_version node_websockify_version wisp_version wsproxy_version
scripts/setup.sh bench
if [ "${BUILD:-1}" = 1 ]; then scripts/build.sh; fi
echo "bench: building the load …"
cargo bench --quiet -p chalkwire-tests --bench '*' --no-run
cargo bench --quiet -p chalkwire-tests --bench bench
if [ -z "${BENCH:-}" ]; then
  cargo bench --quiet -p chalkwire-tests --bench rooms
fi

#!/usr/bin/env bash
# Builds the page into dist/, as small as it gets.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.env
scripts/setup.sh page
echo "page: building web/ into dist/ …"
trunk --quiet build --release --offline

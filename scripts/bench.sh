#!/usr/bin/env bash
# Measures ratios in one run (docs/performance.md). BENCH_ZIP may name a Takeout zip; a synthetic one is made otherwise.
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
exec "$bin/xtask" bench --glasshouse "$bin/glasshouse" --zip $zip ${alone:+--alone $alone} \
  ${BENCH_CHAT:+--chat-peers "$BENCH_CHAT"} "$@"

#!/usr/bin/env bash
# Builds the fuzz targets and runs them: fuzz.sh [SECONDS [TARGET…]]. What makes a target fail is kept in fuzz/artifacts.
set -eu
cd "$(dirname "$0")/../fuzz"
seconds="${1:-10}"
[ "$#" -gt 0 ] && shift
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(providers paths framing lens containers verify)

# The compiler's own coverage pass, on stable Rust. A target triple keeps the flags away from build scripts.
triple=$(rustc -vV | sed -n 's/^host: //p')
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=4"
out="${FUZZ_TARGET_DIR:-${CARGO_TARGET_DIR:-$HOME/.cache/glasshouse/target}/fuzz}"
RUSTFLAGS="$flags" CARGO_TARGET_DIR="$out" cargo build --locked --quiet --target "$triple" --bins

corpus="${FUZZ_CORPUS:-$out/corpus}"
for target in "${targets[@]}"; do
  bin="$out/$triple/debug/$target"
  mkdir -p "$corpus/$target" "artifacts"
  rm -rf "$corpus/$target-seeds"
  FUZZ_SEEDS="$corpus/$target-seeds" "$bin" >/dev/null
  printf '%-12s' "$target"
  log="$out/$target.log"
  if ! "$bin" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="artifacts/$target-" "$corpus/$target" "$corpus/$target-seeds" >"$log" 2>&1; then
    tail -40 "$log"
    echo "$target failed; the input is in fuzz/artifacts" >&2
    exit 1
  fi
  sed -n 's/^stat::number_of_executed_units: */inputs /p; s/^stat::peak_rss_mb: */, MB /p' "$log" | tr -d '\n'
  sed -n 's/.*\(cov: [0-9]*\).*/\1/p' "$log" | tail -1 | sed 's/^/, /'
done

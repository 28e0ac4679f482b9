#!/usr/bin/env bash
# Everything that CI checks, in the order that tells most first.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "format"
if cargo fmt --version >/dev/null 2>&1; then cargo fmt --all --check; else echo "rustfmt is not installed; skipped"; fi

step "tests"
# Tests alone build no program that has none of its own, and the last step wants one.
cargo build --locked --workspace
cargo test --locked --workspace --no-fail-fast

step "readers where there is no network at all"
if unshare -rn true 2>/dev/null; then
  unshare -rn cargo test --locked --offline --quiet --workspace --test registry --test same_records --test sheets \
    --test spine --test locate --test lens
else
  echo "this machine gives no network namespace; skipped"
fi

step "fuzz targets, a few seconds each"
./scripts/fuzz.sh 5

step "the page in a browser"
./scripts/web-check.sh

step "the interface against its document"
API_SECONDS="${API_SECONDS:-30}" ./scripts/api-check.sh

step "house rules"
"${CARGO_TARGET_DIR:-target}/debug/xtask" tidy

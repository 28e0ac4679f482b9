#!/usr/bin/env bash
# Installs, or names precisely, what a build needs on Debian or Ubuntu: C and C++ compilers, Python 3, and a Rust
# toolchain. C++ is for the fuzz targets alone.
set -eu

need() { command -v "$1" >/dev/null 2>&1; }

packages=()
need cc || packages+=(gcc libc6-dev)
need c++ || packages+=(g++)
need make || packages+=(make)
need python3 || packages+=(python3)
if [ "${#packages[@]}" -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && need apt-get; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
  else
    echo "Missing: ${packages[*]}. Install them with: sudo apt-get install ${packages[*]}" >&2
    exit 1
  fi
fi

if ! need cargo; then
  echo "Missing: a Rust toolchain, version 1.95 or newer. Get it from https://rustup.rs and run this again." >&2
  exit 1
fi
version=$(rustc --version | sed -E 's/^rustc ([0-9]+)\.([0-9]+).*/\1 \2/')
read -r major minor <<<"$version"
if [ "$major" -lt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -lt 95 ]; }; then
  echo "Rust $(rustc --version | cut -d' ' -f2) is too old: 1.95 or newer is needed. Run: rustup update stable" >&2
  exit 1
fi

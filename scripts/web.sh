#!/usr/bin/env bash
# Builds the review page into web/dist, and installs Node.js when it is missing (Debian and Ubuntu, as root).
# Does nothing when nothing changed since the last build; FORCE=1 builds all the same.
set -eu
cd "$(dirname "$0")/../web"

# Everything that the result depends on, and nothing that building writes.
inputs() { find src public index.html package.json package-lock.json vite.config.ts cities.ts svelte.config.js tsconfig.json -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; }
stamp=dist/.built-from
now=$(inputs | sha256sum | cut -d' ' -f1)
if [ -z "${FORCE:-}" ] && [ -f dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
  echo "web: unchanged"
  exit 0
fi

need() { command -v "$1" >/dev/null 2>&1; }
if ! need node || ! need npm; then
  if [ "$(id -u)" = 0 ] && need apt-get; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm ca-certificates
  else
    echo "Node.js and npm are needed to build the page. Install them: apt-get install nodejs npm" >&2
    exit 1
  fi
fi

# The build tool asks for Node.js 20.19 or newer. Where the distribution has an older one, a newer one comes from the
# npm registry into the cache, and the system's stays as it is.
recent() { "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; }
if ! recent node; then
  cache="${XDG_CACHE_HOME:-$HOME/.cache}/glasshouse/node"
  if ! { [ -x "$cache/node_modules/node/bin/node" ] && recent "$cache/node_modules/node/bin/node"; }; then
    mkdir -p "$cache"
    npm install --no-audit --no-fund --loglevel=error --prefix "$cache" node@22
  fi
  PATH="$cache/node_modules/node/bin:$PATH"
  export PATH
fi

npm ci --no-audit --no-fund --loglevel=error
npm run --silent build
echo "$now" >"$stamp"

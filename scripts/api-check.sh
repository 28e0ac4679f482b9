#!/usr/bin/env bash
# Sends the real server what its OpenAPI document allows, and what it does not: no answer is a fault of the server (5xx),
# and none is of a status, type or shape that the document does not name. API_SECONDS bounds the run.
set -eu
cd "$(dirname "$0")/.."

venv="${XDG_CACHE_HOME:-$HOME/.cache}/glasshouse/schemathesis-4.32.5"
if [ ! -x "$venv/bin/st" ]; then
  if ! python3 -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
    else
      echo "Missing: python3-venv. Install it with: sudo apt-get install python3-venv" >&2
      exit 1
    fi
  fi
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input schemathesis==4.32.5
fi

glasshouse="${GLASSHOUSE:-${CARGO_TARGET_DIR:-target}/debug/glasshouse}"
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
"$glasshouse" sample "$work/account" --scale 0.005 >"$work/said"
"$glasshouse" open --no-serve --yes --quiet --case "$work/case" "$work"/account/takeout-*.zip "$work/account/loose" >>"$work/said"
"$glasshouse" serve "$work/case" >"$work/link" &
server=$!
for _ in $(seq 100); do grep -q '^Open once' "$work/link" && break; sleep 0.1; done

# As a browser: the link once, then the cookie, and for changes what the session says. Ids of records are nothing that
# chance finds: the copy of the document that is tried names some of this case, and one of none.
python3 - "$(sed -n 's/^Open once: //p' "$work/link")" "$work" crates/glasshouse/openapi.json <<'PY'
import http.client, json, sys, urllib.parse
link = urllib.parse.urlsplit(sys.argv[1])
def ask(path, headers={}):
    to = http.client.HTTPConnection(link.netloc)
    to.request("GET", path, headers=headers)
    answer = to.getresponse()
    return answer, answer.read()
cookie = ask(f"{link.path}?{link.query}")[0].getheader("Set-Cookie").split(";")[0]
csrf = json.loads(ask("/api/session", {"Cookie": cookie})[1])["csrf"]
ids = ["0000000000000000"]
for query in ("family:mail", "has:attachment", "family:media", "family:location", "family:event"):
    rows = json.loads(ask(f"/api/list?limit=3&q={query}", {"Cookie": cookie})[1])["rows"]
    ids += [row["id"] for row in rows]
document = json.load(open(sys.argv[3]))
for path in document["paths"].values():
    for operation in path.values():
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "path" and parameter["name"] == "id":
                parameter["schema"]["enum"] = ids
json.dump(document, open(f"{sys.argv[2]}/openapi.json", "w"))
with open(f"{sys.argv[2]}/headers", "w") as headers:
    headers.write(f"Cookie: {cookie}\nX-Glasshouse: {csrf}\nhttp://{link.netloc}\n")
PY
{ read -r cookie; read -r csrf; read -r url; } <"$work/headers"

cd "$work"
"$venv/bin/st" run openapi.json --url "$url" --header "$cookie" --header "$csrf" --no-color \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
  --max-examples "${API_EXAMPLES:-15}" --max-time "${API_SECONDS:-60}" --seed 1 --continue-on-failure --warnings off
# Nothing of it ended the session or the server: what was tried was tried by somebody who is in.
python3 -c 'import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[2] + "/api/case", headers={"Cookie": sys.argv[1].removeprefix("Cookie: ")}))' "$cookie" "$url"

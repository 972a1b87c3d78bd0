#!/bin/sh
# usage: ui/build.sh [OUT_DIR]      (default build/ui)
# Builds the page, unless it is there from the same sources: hashed files and manifest.json, see build.mjs.
set -eu
out=${1:-$(dirname "$0")/../build/ui}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")"
../tools/npm_ci.sh ui
exec 9>"$out.lock"
flock 9 # several tests may ask at once
exec "$(../tools/node22.sh --path)" build.mjs "$out" --if-changed

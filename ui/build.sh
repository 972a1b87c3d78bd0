#!/bin/sh
# usage: ui/build.sh [OUT_DIR]      (default build/ui)
# Builds the page: hashed files and manifest.json, see build.mjs.
set -eu
out=${1:-$(dirname "$0")/../build/ui}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")"
../tools/npm_ci.sh ui
exec "$(../tools/node22.sh --path)" build.mjs "$out"

#!/bin/sh
# usage: ui/bench.sh      figures of the page as JSON, for build/bench.json
set -eu
cd "$(dirname "$0")"
../tools/npm_ci.sh ui
exec "$(../tools/node22.sh --path)" bench.mjs

#!/bin/sh
# usage: ui/test.sh [--long] [FILE...]
# Tests of the page, as TAP. --long, or PASSMESH_LONG=1, takes the full matrix of screens.
set -eu
cd "$(dirname "$0")"
../tools/npm_ci.sh ui
node=$(../tools/node22.sh --path)
long=${PASSMESH_LONG:-}
if [ "${1:-}" = --long ]; then
    long=1
    shift
fi
[ $# -gt 0 ] || set -- test/*.test.mjs
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$node" build.mjs "$out/page" >&2
"$node" build.mjs "$out/gallery" --gallery >&2
UI_LONG=$long UI_PAGE=$out/page UI_GALLERY=$out/gallery "$node" --test --test-concurrency=1 --test-reporter=../contracts/lib/tap.mjs "$@"

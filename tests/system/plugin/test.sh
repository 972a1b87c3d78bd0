#!/bin/sh
# usage: tests/system/plugin/test.sh FILE
# The server plugin in the page of a real Chromium, on a local network of its own; prints TAP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
"$root"/tools/npm_ci.sh tools/local contracts ui
"$root"/ui/build.sh "$root"/build/ui >&2
exec "$root"/tools/node22.sh --test --test-concurrency=1 --test-reporter="$root"/contracts/lib/tap.mjs "$1"

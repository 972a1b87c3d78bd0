#!/bin/sh
# usage: tests/system/kill/test.sh KILLS FILE
# Kills the built daemon again and again on a local network of its own; prints TAP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
"$root"/tools/npm_ci.sh tools/local contracts
"$root"/ui/build.sh "$root"/build/ui >&2
KILLS=$1
export KILLS
exec "$root"/tools/node22.sh --test --test-reporter="$(cd "$root" && pwd)"/contracts/lib/tap.mjs "$2"

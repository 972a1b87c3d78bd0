#!/bin/sh
# usage: tests/system/kill/test.sh [KILLS]      (PASSMESH_LONG=1: 100)
# Kills the built daemon again and again on a local network of its own; prints TAP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
"$root"/tools/local/prepare.sh
"$root"/contracts/prepare.sh
[ -f "$root"/build/ui/manifest.json ] || "$root"/ui/build.sh "$root"/build/ui >&2
KILLS=${1:-5}
export KILLS
exec "$root"/tools/node22.sh --test --test-reporter="$root"/contracts/lib/tap.mjs "$here"/kill.test.mjs

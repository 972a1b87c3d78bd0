#!/bin/sh
# usage: tests/system/vault/test.sh FILE [SCREENSHOTS]
# The vault and ordinary accounts with the built programs on a local network of their own; prints TAP.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
"$root"/tools/npm_ci.sh tools/local contracts ui
"$root"/ui/build.sh "$root"/build/ui >&2
SHOTS=${2:-$root/build/vault}
export SHOTS
exec "$root"/tools/node22.sh --test --test-reporter="$root"/contracts/lib/tap.mjs "$1"

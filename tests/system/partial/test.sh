#!/bin/sh
# usage: tests/system/partial/test.sh FILE
# One account whose owners have different wallets, with the built programs on a local network of their own; prints TAP.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
"$root"/tools/npm_ci.sh tools/local contracts
"$root"/ui/build.sh "$root"/build/ui >&2
exec "$root"/tools/node22.sh --test --test-reporter="$root"/contracts/lib/tap.mjs "$1"

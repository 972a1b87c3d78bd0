#!/bin/sh
# usage: contracts/test.sh [FILE...]
# Installs the pinned packages when needed, builds, and runs the tests on throw-away local nodes; prints TAP.
set -eu
cd "$(dirname "$0")"

../tools/npm_ci.sh contracts
node=$(../tools/node22.sh --path)
out=${PASSMESH_CONTRACTS_OUT:-$(cd .. && pwd)/build/contracts}
export PASSMESH_CONTRACTS_OUT="$out"

# A difference from deployments.json is reported by build.test.mjs, so that it is seen as a failed test.
"$node" build.mjs --check --out "$out" >&2 || [ -f "$out/deployments.json" ]

[ $# -gt 0 ] || set -- test/*.test.mjs
exec "$node" --test --test-concurrency=2 --test-reporter=./lib/tap.mjs "$@"

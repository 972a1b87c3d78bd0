#!/usr/bin/env bash
# test.sh BUILD GETH   fetches the pinned Lodestar when the lock file changed, then runs server and wallet on a chain of it and geth, as TAP
set -euo pipefail
build=$(realpath "$1") geth=$(realpath "$2")
cd "$(dirname "$0")"
../../../tools/npm_ci.sh tests/interop/chain tools/local contracts
../../../ui/build.sh "$build/ui" >&2
export GETH=$geth PASSMESH_PROGRAMS=${PASSMESH_PROGRAMS:-$build/apps}
exec ../../../tools/node22.sh --test --test-reporter=../../../contracts/lib/tap.mjs wallet_on_chain.mjs

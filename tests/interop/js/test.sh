#!/usr/bin/env bash
# test.sh P2P_NODE FILE [PASSMESH_SERVER]   fetches the pinned js-libp2p when the lock file changed, then runs the tests as TAP
set -euo pipefail
binary=$(realpath "$1")
server=${3:+$(realpath "$3")}
cd "$(dirname "$0")"
../../../tools/npm_ci.sh tests/interop/js
export P2P_NODE=$binary SERVER=$server
exec ../../../tools/node22.sh --test --test-concurrency=1 --test-reporter=../../../contracts/lib/tap.mjs "$2"

#!/usr/bin/env bash
# test.sh PASSMESH_SERVER FILE...   brings js-libp2p and the contracts, then runs the tests as TAP
set -euo pipefail
PASSMESH_SERVER=$(realpath "$1")
export PASSMESH_SERVER
shift
root=$(realpath "$(dirname "$0")"/../../..)
"$root"/tools/npm_ci.sh tests/interop/js
exec "$root"/contracts/test.sh "$@"

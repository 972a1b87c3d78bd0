#!/usr/bin/env bash
# autonat.sh P2P_NODE FILE   the test in a network namespace of its own, whose loopback has addresses of the public internet:
#                            AutoNAT dials no others. Nothing leaves the namespace.
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")"
if ! unshare -Urn true 2>/dev/null; then
    echo "1..0 # SKIP this system lets an ordinary user make no network namespace"
    exit 0
fi
../../../tools/npm_ci.sh tests/interop/js
../../../tools/node22.sh --version >/dev/null # fetched while there is a network
export P2P_NODE=$binary
exec unshare -Urn sh -c '
    ip link set lo up
    for a in 8.8.8.1/32 9.9.9.1/32 2606:4700::1/128; do ip addr add $a dev lo; done
    exec "$@"' sh ../../../tools/node22.sh --test --test-concurrency=1 --test-reporter=../../../contracts/lib/tap.mjs "$2"

#!/bin/sh
# usage: tests/system/disk/test.sh FILE...
# Tests on a disk of their own: in namespaces where we may mount a small file system and hold any port. $PASSMESH is the program.
set -eu
cd "$(dirname "$0")"
node=$(../../../tools/node22.sh --path)
if ! unshare -Urmn true 2>/dev/null; then
    echo "1..0 # SKIP this system lets nobody make a user namespace"
    exit 0
fi
../../../tools/npm_ci.sh tools/local contracts ui # while there is a network still
exec unshare -Urmn sh -c 'ip link set lo up && exec "$@"' sh \
    "$node" --test --test-concurrency=1 --test-reporter=../../../contracts/lib/tap.mjs "$@"

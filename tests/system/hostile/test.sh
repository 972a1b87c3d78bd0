#!/usr/bin/env bash
# test.sh FILE...   brings js-libp2p, the contracts and what the local network needs, then runs the tests as TAP
set -euo pipefail
root=$(realpath "$(dirname "$0")"/../../..)
"$root"/tools/npm_ci.sh tests/interop/js
"$root"/tools/npm_ci.sh tools/local contracts
"$root"/ui/build.sh "$root"/build/ui >&2
exec "$root"/tools/node22.sh --test --test-reporter="$root"/contracts/lib/tap.mjs "$@"

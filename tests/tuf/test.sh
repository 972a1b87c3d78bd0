#!/usr/bin/env bash
# test.sh PROGRAMS FILE   brings the pinned packages from npm when the lock file changed, then runs the tests as TAP
set -euo pipefail
programs=$(realpath "$1")
cd "$(dirname "$0")"
../../tools/npm_ci.sh tests/tuf
if [ "$2" = peers.test.mjs ]; then
    ../../tools/npm_ci.sh tests/interop/js
fi
export PASSMESH=$programs/passmesh PASSMESH_TUF=$programs/passmesh-tuf PASSMESH_REPO=$programs/passmesh-repo
exec ../../tools/node22.sh --test --test-concurrency=1 --test-reporter=../../contracts/lib/tap.mjs "$2"

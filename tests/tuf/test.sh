#!/usr/bin/env bash
# test.sh PROGRAMS FILE   brings the pinned packages from npm when the lock file changed, then runs the tests as TAP
set -euo pipefail
programs=$(realpath "$1")
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.installed-lock; then
    command -v npm >/dev/null || { echo "Bail out! npm is missing: run 'make deps'"; exit 1; }
    npm ci --silent >&2 || { echo "Bail out! npm could not fetch tests/tuf/package-lock.json"; exit 1; }
    cp package-lock.json node_modules/.installed-lock
fi
if [ "$2" = peers.test.mjs ]; then
    ../interop/js/prepare.sh
fi
export PASSMESH=$programs/passmesh PASSMESH_TUF=$programs/passmesh-tuf PASSMESH_REPO=$programs/passmesh-repo
exec ../../tools/node22.sh --test --test-concurrency=1 --test-reporter=../../contracts/lib/tap.mjs "$2"

#!/usr/bin/env bash
# prepare.sh   fetches the pinned js-libp2p when the lock file changed
set -euo pipefail
cd "$(dirname "$0")"
exec 9>.lock
flock 9 # two builds may test at once
if ! cmp -s package-lock.json node_modules/.installed-lock; then
    command -v npm >/dev/null || { echo "Bail out! npm is missing: run 'make deps'"; exit 1; }
    npm ci --silent >&2 || { echo "Bail out! npm could not fetch tests/interop/js/package-lock.json"; exit 1; }
    cp package-lock.json node_modules/.installed-lock
fi

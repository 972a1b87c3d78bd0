#!/usr/bin/env bash
# test.sh SCRIPT ARGUMENTS...   fetches the pinned npm packages when they changed, then runs the script
set -euo pipefail
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.installed-lock; then
    command -v npm >/dev/null || { echo "Bail out! npm is missing: run 'make deps'"; exit 1; }
    npm ci --silent >&2 || { echo "Bail out! npm could not fetch tests/differential/package-lock.json"; exit 1; }
    cp package-lock.json node_modules/.installed-lock
fi
exec ../../tools/node22.sh "$@"

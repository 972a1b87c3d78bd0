#!/bin/sh
# usage: contracts/prepare.sh
# Installs what package-lock.json names, unless it is there already.
set -eu
cd "$(dirname "$0")"

fresh() { cmp -s package-lock.json node_modules/.installed-lock.json; }

if ! fresh; then
    exec 9>.install.lock
    flock 9 # several programs may ask at once
    fresh || {
        echo "contracts: fetching the pinned compiler, libraries and node (about 130 MB, once) ..." >&2
        npm ci --silent --no-audit --no-fund >&2 ||
            { echo "contracts: npm could not fetch them: is the network there? (cd contracts && npm ci) shows why" >&2; exit 1; }
        cp package-lock.json node_modules/.installed-lock.json
    }
fi

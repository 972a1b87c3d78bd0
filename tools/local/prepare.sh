#!/bin/sh
# usage: tools/local/prepare.sh
# Installs what package-lock.json names, unless it is there already.
set -eu
cd "$(dirname "$0")"

fresh() { cmp -s package-lock.json node_modules/.installed-lock.json; }

if ! fresh; then
    exec 9>.install.lock
    flock 9 # several programs may ask at once
    fresh || {
        echo "local network: fetching what it is driven with (about 40 MB, once) ..." >&2
        npm ci --silent --no-audit --no-fund >&2 ||
            { echo "local network: npm could not fetch it: is the network there? (cd tools/local && npm ci) shows why" >&2; exit 1; }
        cp package-lock.json node_modules/.installed-lock.json
    }
fi

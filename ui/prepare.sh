#!/bin/sh
# usage: ui/prepare.sh
# Installs what package-lock.json names, unless it is there already.
set -eu
cd "$(dirname "$0")"

fresh() { cmp -s package-lock.json node_modules/.installed-lock.json; }

if ! fresh; then
    exec 9>.install.lock
    flock 9 # several programs may ask at once
    fresh || {
        echo "ui: fetching what the page is built with (about 60 MB, once) ..." >&2
        npm ci --silent --no-audit --no-fund >&2 ||
            { echo "ui: npm could not fetch it: is the network there? (cd ui && npm ci) shows why" >&2; exit 1; }
        cp package-lock.json node_modules/.installed-lock.json
    }
fi

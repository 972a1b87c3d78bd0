#!/bin/sh
# usage: tools/npm_ci.sh FOLDER...      (contracts, ui, tools/local, tests/differential, tests/interop/js, tests/interop/chain, tests/tuf, bench/tee)
# Installs what each folder's package-lock.json names, unless it is there already.
set -eu
cd "$(dirname "$0")/.."

fresh() { cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json"; }

for folder; do
    case $folder in
        contracts)   what='the pinned compiler, libraries and node (about 130 MB, once)' ;;
        ui)          what='what the page is built with (about 60 MB, once)' ;;
        tools/local) what='what the local network is driven with (about 40 MB, once)' ;;
        tests/interop/chain) what='the consensus client of a chain of our own (about 330 MB, once)' ;;
        tests/differential|tests/interop/js|tests/tuf|bench/tee) what='what our code is compared with' ;;
        *)           echo "npm_ci.sh: $folder is none of its folders" >&2; exit 2 ;;
    esac
    fresh "$folder" && continue
    (
        cd "$folder"
        exec 9>.install.lock
        flock 9 # several programs may ask at once
        fresh . && exit 0
        echo "$folder: fetching $what ..." >&2
        npm ci --silent --no-audit --no-fund >&2 ||
            { echo "$folder: npm could not fetch it: is the network there? (cd $folder && npm ci) shows why" >&2; exit 1; }
        cp package-lock.json node_modules/.installed-lock.json
    )
done

#!/bin/sh
# usage: contracts/prepare.sh
# Installs what package-lock.json names unless it is there already, and prints the path of the pinned Node 22.
set -eu
cd "$(dirname "$0")"

case $(uname -m) in
    aarch64) arch=arm64 ;;
    *) arch=x64 ;;
esac
node=$PWD/node_modules/node-linux-$arch/bin/node
if ! cmp -s package-lock.json node_modules/.installed-lock.json || [ ! -x "$node" ]; then
    # One at a time: several test programs may start together.
    exec 9>.install.lock
    flock 9
    if ! cmp -s package-lock.json node_modules/.installed-lock.json || [ ! -x "$node" ]; then
        echo "contracts: installing the pinned packages (about 330 MB, once)" >&2
        npm ci --no-audit --no-fund >&2
        cp package-lock.json node_modules/.installed-lock.json
    fi
fi
echo "$node"

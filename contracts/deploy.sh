#!/bin/sh
# usage: contracts/deploy.sh --rpc URL
# Puts what is missing of our contracts on a local network: installs and builds first when needed. Addresses go to stdout.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

"$here"/../tools/npm_ci.sh contracts
exec "$here"/../tools/node22.sh "$here"/deploy.mjs "$@"

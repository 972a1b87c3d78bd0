#!/bin/sh
# usage: bench/programs.sh BUILD OUT.json [--quick]      figures of the built programs; see programs.mjs
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here"/../tools/npm_ci.sh tools/local contracts
"$here"/../ui/build.sh "$1"/ui >&2
PASSMESH_PROGRAMS=$(cd "$1" && pwd)/apps
export PASSMESH_PROGRAMS
exec "$("$here"/../tools/node22.sh --path)" "$here"/programs.mjs "$@"

#!/bin/sh
# usage: tools/local/start.sh PROGRAM.mjs [ARGUMENTS...]
# Brings what is missing (Debian packages, the pinned Node, npm packages), then runs a program of this folder with it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here"/../deps.sh --check run >/dev/null || "$here"/../deps.sh run
"$here"/../npm_ci.sh tools/local contracts ui
node=$("$here"/../node22.sh --path)
program=$1
shift
exec "$node" "$here/$program" "$@"

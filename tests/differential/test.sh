#!/usr/bin/env bash
# test.sh SCRIPT ARGUMENTS...   fetches the pinned npm packages when they changed, then runs the script
set -euo pipefail
cd "$(dirname "$0")"
../../tools/npm_ci.sh tests/differential
exec ../../tools/node22.sh "$@"

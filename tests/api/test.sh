#!/bin/sh
# usage: tests/api/test.sh FILE...
# The local API of a real daemon under attack, as TAP. $PASSMESH is the program.
set -eu
cd "$(dirname "$0")"
exec "$(../../tools/node22.sh --path)" --test --test-concurrency=1 --test-reporter=../../contracts/lib/tap.mjs "$@"

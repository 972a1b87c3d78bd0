#!/usr/bin/env bash
# clang_tidy.sh BUILD: clang-tidy-19 with .clang-tidy over every C file that BUILD (configured for clang) compiles.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-tidy-19 >/dev/null || { echo "clang-tidy-19 is missing: make deps GROUP=dev" >&2; exit 1; }
files=$(git ls-files 'src/*.c' 'apps/*.c' 'fuzz/*.c' 'sim/*.c' 'bench/*.c')
# shellcheck disable=SC2086
if printf '%s\n' $files | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p "$1" --quiet --warnings-as-errors='*' 2>/dev/null; then
    echo "clang-tidy: clean"
else
    echo "clang-tidy: see above" >&2
    exit 1
fi

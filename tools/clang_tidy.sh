#!/usr/bin/env bash
# clang_tidy.sh BUILD: clang-tidy-19 with .clang-tidy over every C file of the product; BUILD is configured
# for clang. Tests are left out: they may do what the product may not.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-tidy-19 >/dev/null || { echo "clang-tidy-19 is missing: make deps GROUP=dev" >&2; exit 1; }
files=$(git ls-files 'src/*.c' 'apps/*.c' 'sim/*.c' | grep -vE '_test(_[a-z]+)?\.c$|^src/base/test\.c$')
# shellcheck disable=SC2086
if printf '%s\n' $files | xargs -P "$(nproc)" -n 4 clang-tidy-19 -p "$1" --quiet --warnings-as-errors='*' 2>/dev/null; then
    echo "clang-tidy: clean"
else
    echo "clang-tidy: see above" >&2
    exit 1
fi

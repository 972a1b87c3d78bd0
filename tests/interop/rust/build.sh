#!/usr/bin/env bash
# build.sh OUT   builds the peer into OUT/release/peer, with exactly the versions and checksums of Cargo.lock.in: that is cargo's lock
# file without the lines that say from where, which cargo puts into the one it makes itself.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
mkdir -p "$out/tree"
cp -r Cargo.toml src "$out/tree/"
cd "$out/tree"
[ -s source ] || { cargo generate-lockfile --quiet && grep -m1 '^source = ' Cargo.lock >source; }
awk -v source="$(cat source)" '/^checksum = / { print source } { print }' "$OLDPWD/Cargo.lock.in" >Cargo.lock
cargo build --quiet --locked --release --target-dir "$out"

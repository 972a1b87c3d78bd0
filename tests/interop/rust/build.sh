#!/usr/bin/env bash
# build.sh OUT [previous|dcap]   builds the peer into OUT/release/peer (of the release before, with "previous"; dcap_peer, of quotes, with "dcap"), with exactly the versions and
# checksums of Cargo.lock.in: that is cargo's lock file without the lines that say from where, which cargo puts into the one it makes.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
here=$PWD/${2:-}
mkdir -p "$out/tree"
[ -d "$here/src" ] && src=$here/src || src=src
cp -r "$here/Cargo.toml" "$src" "$out/tree/"
cd "$out/tree"
[ -s source ] || { cargo generate-lockfile --quiet && grep -m1 '^source = ' Cargo.lock >source; }
awk -v source="$(cat source)" '/^checksum = / { print source } { print }' "$here/Cargo.lock.in" >Cargo.lock
cargo build --quiet --locked --release --target-dir "$out"

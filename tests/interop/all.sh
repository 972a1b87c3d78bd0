#!/usr/bin/env bash
# all.sh BUILD   our node against every other libp2p for which there is a toolchain: js (npm), go, rust; then the demo's
# journey in Firefox ESR. TAP of each, then one line of counts. What is missing is said and skipped.
set -uo pipefail
build=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
ours=$build/tests/peers/p2p_node
out=$build/interop
mkdir -p "$out"
passed=0 failed=0 skipped=0

count()
{
    local skips
    skips=$(grep -c '^ok .*# SKIP' "$1")
    skipped=$((skipped + skips)) passed=$((passed + $(grep -c '^ok ' "$1") - skips)) failed=$((failed + $(grep -cE '^not ok |^Bail out' "$1")))
    grep -qE '^1\.\.|^ok ' "$1" || failed=$((failed + 1)) # it broke before its first case
}

skip()
{
    echo "skipped $1: $2"
    skipped=$((skipped + 1))
}

ninja -C "$build" tests/peers/p2p_node >"$out/ninja.log" || { cat "$out/ninja.log"; exit 1; }

echo "# js-libp2p"
"$here/js/test.sh" "$ours" interop.test.mjs | tee "$out/js.tap"
count "$out/js.tap"

if command -v go >/dev/null; then
    echo "# go-libp2p"
    if (cd "$here/go" && go build -mod=readonly -o "$out/go_peer" .); then
        "$here/pair.py" go-libp2p "$ours" "$out/go_peer" | tee "$out/go.tap"
        count "$out/go.tap"
    else
        echo "not ok - the go peer does not build"
        failed=$((failed + 1))
    fi
else
    skip go-libp2p "there is no go here (https://go.dev/dl)"
fi

if [ ! -f "$here/rust/Cargo.toml" ]; then
    : # no rust peer in this tree
elif command -v cargo >/dev/null; then
    echo "# rust-libp2p"
    if (cd "$here/rust" && cargo build --quiet --release --target-dir "$out/rust"); then
        "$here/pair.py" rust-libp2p "$ours" "$out/rust/release/peer" | tee "$out/rust.tap"
        count "$out/rust.tap"
    else
        echo "not ok - the rust peer does not build"
        failed=$((failed + 1))
    fi
else
    skip rust-libp2p "there is no cargo here (https://rustup.rs)"
fi

echo "# Firefox ESR"
"$here/../../tools/local/start.sh" firefox.mjs | tee "$out/firefox.tap"
count "$out/firefox.tap"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

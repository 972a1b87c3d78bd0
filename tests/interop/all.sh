#!/usr/bin/env bash
# all.sh BUILD   our node against every other libp2p for which there is a toolchain: js (npm), go, rust, and how fast each is;
# our verifier of quotes beside dcap-qvl; then server and wallet in a public DHT of kubo's nodes, and on a chain of geth and Lodestar, the demo's journey in Firefox ESR, the Debian packages in a virtual machine, the portable floors on 64-bit Arm. TAP of each, then one line of counts. What is missing is said and skipped.
set -uo pipefail
build=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
ours=$build/tests/peers/p2p_node
out=$build/interop
mkdir -p "$out"
passed=0 failed=0 skipped=0
peers=()

# count FILE   adds the cases of a TAP file. One that does not end with the number of its cases broke on the way: that is a failure.
count()
{
    local ok not_ok skips plan
    ok=$(grep -c '^ok ' "$1") not_ok=$(grep -cE '^not ok |^Bail out' "$1") skips=$(grep -c '^ok .*# SKIP' "$1")
    plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | tail -1)
    skipped=$((skipped + skips)) passed=$((passed + ok - skips)) failed=$((failed + not_ok))
    if [ "$not_ok" = 0 ] && [ "${plan:-none}" != "$ok" ]; then
        echo "not ok - $1: $ok cases, ${plan:-no number} announced"
        failed=$((failed + 1))
    fi
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

# pair TITLE ROWS PEER BUILD...   builds the peer with the command, then runs it against ours in each row
pair()
{
    local title=$1 rows=$2 peer=$3 file=$out/${1// /-} row
    shift 3
    echo "# $title"
    [ -e "$peer" ] || echo "# building it: the first time this takes minutes"
    if "$@" >"$file.log" 2>&1; then
        for row in $rows; do
            "$here/pair.py" --row "$row" "$title" "$ours" "$peer" | tee "$file-$row.tap"
            count "$file-$row.tap"
        done
    else
        cat "$file.log"
        echo "not ok - $title: the peer does not build"
        failed=$((failed + 1))
        return 1
    fi
}

# together TITLE NAME PEER   networks of ours and theirs, and how either reaches the other
together()
{
    local file=$out/${1// /-}
    echo "# $1: gossipsub and the DHT"
    "$here/mesh.py" "$ours" "$2=$3" | tee "$file-mesh.tap"
    count "$file-mesh.tap"
    echo "# $1: AutoNAT, relays, DCUtR and mDNS"
    "$here/reach.sh" "$ours" "$1" "$3" | tee "$file-reach.tap"
    count "$file-reach.tap"
}

if command -v go >/dev/null; then
    pair go-libp2p "noise tls quic ws wss" "$out/go_peer" go -C "$here/go" build -mod=readonly -o "$out/go_peer" . && peers+=(--go "$out/go_peer") &&
        together go-libp2p go "$out/go_peer"
    pair "go-libp2p previous" "noise tls quic ws wss" "$out/go_peer_previous" \
        go -C "$here/go" build -modfile=previous.mod -tags previous -mod=readonly -o "$out/go_peer_previous" . &&
        together "go-libp2p previous" go "$out/go_peer_previous"
else
    skip go-libp2p "there is no go here (https://go.dev/dl)"
fi
if command -v cargo >/dev/null; then
    pair rust-libp2p noise "$out/rust/release/peer" "$here/rust/build.sh" "$out/rust" && peers+=(--rust "$out/rust/release/peer")
    pair "rust-libp2p previous" noise "$out/rust_previous/release/peer" "$here/rust/build.sh" "$out/rust_previous" previous
else
    skip rust-libp2p "there is no cargo here (https://rustup.rs)"
fi

if [ ${#peers[@]} -gt 0 ]; then
    echo "# throughput, also in $build/interop_bench.json"
    "$here/speed.py" "$build" "${peers[@]}" || { echo "not ok - throughput"; failed=$((failed + 1)); }
fi

echo "# dcap-qvl, quotes a second also in $build/interop_bench.json"
dcap=$out/rust_dcap
if command -v cargo >/dev/null; then
    [ -e "$dcap/release/dcap_peer" ] || echo "# building it: the first time this takes minutes"
    if { ninja -C "$build" tests/peers/quote_judge && "$here/rust/build.sh" "$dcap" dcap; } >"$out/dcap.log" 2>&1; then
        "$here/quotes.py" "$build" "$dcap/release/dcap_peer" | tee "$out/dcap.tap"
        count "$out/dcap.tap"
    else
        cat "$out/dcap.log"
        echo "not ok - dcap-qvl: the peer does not build"
        failed=$((failed + 1))
    fi
else
    skip dcap-qvl "there is no cargo here (https://rustup.rs)"
fi

echo "# kubo"
kubo=$out/kubo
if command -v go >/dev/null; then
    [ -e "$kubo" ] || echo "# building kubo: the first time this takes minutes"
    if go -C "$here/kubo" build -mod=readonly -o "$kubo" github.com/ipfs/kubo/cmd/ipfs >"$out/kubo.log" 2>&1; then
        "$here/kubo/kubo.py" "$build/apps/passmesh" "$build/apps/passmesh-server" "$ours" "$kubo" | tee "$out/kubo.tap"
        count "$out/kubo.tap"
    else
        cat "$out/kubo.log"
        echo "not ok - kubo does not build"
        failed=$((failed + 1))
    fi
else
    skip kubo "there is no go here to build it with (https://go.dev/dl)"
fi

echo "# geth and Lodestar"
geth=$out/geth
if command -v go >/dev/null; then
    [ -e "$geth" ] || echo "# building geth: the first time this takes minutes"
    if go -C "$here/chain/geth" build -mod=readonly -o "$geth" github.com/ethereum/go-ethereum/cmd/geth >"$out/geth.log" 2>&1; then
        "$here/chain/test.sh" "$build" "$geth" | tee "$out/chain.tap"
        count "$out/chain.tap"
    else
        cat "$out/geth.log"
        echo "not ok - geth does not build"
        failed=$((failed + 1))
    fi
else
    skip "geth and Lodestar" "there is no go here to build geth with (https://go.dev/dl)"
fi

echo "# Firefox ESR"
"$here/../../tools/local/start.sh" firefox.mjs | tee "$out/firefox.tap"
count "$out/firefox.tap"

echo "# Debian 12 in a virtual machine"
ninja -C "$build" tests/system/intruder.so tests/landlock_abi >"$out/ninja.log" || { cat "$out/ninja.log"; exit 1; }
"$here/vm/vm.py" "$build" | tee "$out/vm.tap"
count "$out/vm.tap"

echo "# 64-bit Arm"
"$here/arm64/arm64.py" "$build" | tee "$out/arm64.tap"
count "$out/arm64.tap"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# test.sh P2P_NODE FILE [PASSMESH_SERVER]   fetches the pinned js-libp2p when the lock file changed, makes a CA that both sides
# trust, with certificates of localhost, then runs the tests as TAP
set -euo pipefail
binary=$(realpath "$1")
server=${3:+$(realpath "$3")}
cd "$(dirname "$0")"
../../../tools/npm_ci.sh tests/interop/js
pki=$(mktemp -d)
trap 'rm -rf "$pki"' EXIT
./pki.sh "$pki"
export P2P_NODE=$binary SERVER=$server PKI=$pki NODE_EXTRA_CA_CERTS=$pki/ca.pem SSL_CERT_FILE=$pki/ca.pem
../../../tools/node22.sh --test --test-concurrency=1 --test-reporter=../../../contracts/lib/tap.mjs "$2"

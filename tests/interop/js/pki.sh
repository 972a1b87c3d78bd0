#!/usr/bin/env bash
# pki.sh DIR   makes ca.pem and, signed by it, good.pem and good.key of localhost, 127.0.0.1 and ::1, and other.pem and
# other.key of other.example
set -euo pipefail
cd "$1"
curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
quietly() { "$@" 2> openssl.log || { cat openssl.log >&2; exit 1; }; }
quietly openssl req -x509 "${curve[@]}" -keyout ca.key -out ca.pem -subj '/CN=test CA' -days 2
leaf() {
  quietly openssl req "${curve[@]}" -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$2" > "$1.ext"
  quietly openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem"
  chmod 600 "$1.key"
}
leaf good DNS:localhost,IP:127.0.0.1,IP:::1
leaf other DNS:other.example

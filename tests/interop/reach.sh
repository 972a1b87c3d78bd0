#!/usr/bin/env bash
# reach.sh OURS NAME PEER   reach.py in a network namespace of its own, with a link that has addresses of the public internet and takes
#                           multicast: AutoNAT and hole punching want such addresses, mDNS such a link. Nothing leaves the namespace.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if ! unshare -Urn true 2>/dev/null; then
    echo "ok 1 - $2 # SKIP this system lets an ordinary user make no network namespace"
    echo 1..1
    exit 0
fi
exec unshare -Urn sh -c '
    ip link set lo up
    ip link add link0 type veth peer name link1
    ip link set link1 up
    ip link set link0 multicast on up
    for address in 8.8.8.1/24 9.9.9.1/24; do ip addr add $address dev link0; done
    ip route add 224.0.0.0/4 dev link0
    exec "$@"' sh "$here/reach.py" "$@"

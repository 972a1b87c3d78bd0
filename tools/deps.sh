#!/usr/bin/env bash
# deps.sh [--check] [run|test|interop|dev]: brings what tools/packages.txt names for the group (default run) and
# the pinned Node. Says first what is missing. Root installs; anybody else is shown the one command.
# With --check nothing is installed: exit status 1 if something is missing. Quick when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
check=
[ "${1:-}" != --check ] || { check=1; shift; }
group=${1:-run}
case $group in
run) groups=' run ' ;;
test) groups=' run test ' ;;
interop) groups=' run test interop ' ;;
dev) groups=' run test dev ' ;;
*) echo "deps: unknown group '$group': use run, test, interop or dev" >&2; exit 2 ;;
esac

command -v dpkg-query >/dev/null || { echo "deps: this is not Debian: install the packages of tools/packages.txt by hand" >&2; exit 1; }

declare -A have reason
while read -r name status; do
    [ "$status" != installed ] || have[$name]=1
done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n')

missing=()
while read -r g entry why; do
    case $g in '' | '#'*) continue ;; esac
    [[ $groups == *" $g "* ]] || continue
    name=${entry%%=*}
    [ -z "${have[$name]:-}" ] || continue
    if [[ $entry == *=* ]] && command -v "${entry#*=}" >/dev/null; then continue; fi
    missing+=("$name")
    reason[$name]=$why
done <tools/packages.txt

install="apt-get install -y --no-install-recommends ${missing[*]:-}"
if [ ${#missing[@]} -gt 0 ]; then
    echo "Missing for '$group':"
    for name in "${missing[@]}"; do printf '  %-24s %s\n' "$name" "${reason[$name]}"; done
    if [ -n "$check" ] || [ "$(id -u)" != 0 ]; then
        echo "Install with one command:"
        echo "  sudo sh -c 'apt-get update && $install'"
        exit 1
    fi
    echo "Installing ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q || { echo "deps: apt cannot refresh its lists: is the network there?" >&2; exit 1; }
    # shellcheck disable=SC2086
    $install || { echo "deps: apt could not install them: see above" >&2; exit 1; }
fi
[ -n "$check" ] || tools/node22.sh --path >/dev/null
echo "All that '$group' needs is there."

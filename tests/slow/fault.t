#!/usr/bin/env bash
# Calls that fail one at a time, as in tests/service/fault_*.t, but more of them;
# the scripts beside one another, because they wait more than they work.
cd "$(dirname "$0")/../.." || exit 1
export UK_FAULT_MOST=120
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'kill $(jobs -p); wait; exit 130' INT TERM
n=0 failed=0
declare -A running
for script in tests/service/fault_*.t; do
    "$script" >"$logs/${script##*/}" 2>&1 </dev/null &
    running[$script]=$!
done
for script in tests/service/fault_*.t; do
    n=$((n + 1))
    if wait "${running[$script]}"; then
        echo "ok $n - $script, $UK_FAULT_MOST of each kind"
    else
        echo "not ok $n - $script, $UK_FAULT_MOST of each kind"
        grep -v '^ok' "$logs/${script##*/}" | sed 's/^/# /'
        failed=1
    fi
done
echo "1..$n"
exit $failed

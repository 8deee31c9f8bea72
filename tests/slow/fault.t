#!/usr/bin/env bash
# Calls that fail one at a time, as in tests/service/fault_*.t, but more of them.
cd "$(dirname "$0")/../.." || exit 1
export UK_FAULT_MOST=120
n=0 failed=0
for script in tests/service/fault_*.t; do
    n=$((n + 1))
    if said=$("$script" 2>&1 </dev/null); then
        echo "ok $n - $script, $UK_FAULT_MOST of each kind"
    else
        echo "not ok $n - $script, $UK_FAULT_MOST of each kind"
        grep -v '^ok' <<<"$said" | sed 's/^/# /'
        failed=1
    fi
done
echo "1..$n"
exit $failed

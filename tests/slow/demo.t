#!/bin/sh
# What `make demo` shows does what it says: it is typed at a terminal, as people
# type it, so what is said to people must not get in its way.
cd "$(dirname "$0")/../.." || exit 2
echo 1..1
if [ "$(id -u)" != 0 ] || ! unshare --mount --pid --fork true 2>/dev/null; then
    echo 'ok 1 # SKIP the private world needs root'
elif shown=$(tests/demo 2>&1); then
    echo 'ok 1 - each step of the demo'
else
    echo 'not ok 1 - each step of the demo'
    printf '%s\n' "$shown" | sed 's/^/# /'
    exit 1
fi

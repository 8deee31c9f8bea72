#!/usr/bin/env bash
# What must not stand in the tree: secrets, machine paths, unfinished work,
# and sources that the formatter would write differently.
set -u
cd "$(dirname "$0")/../.." || exit 2
number=0 bad=0

check() { # TEXT, with the offending lines on stdin: none is right
    local lines
    lines=$(head -n 20)
    number=$((number + 1))
    if [ -z "$lines" ]; then
        echo "ok $number - $1"
    else
        bad=1
        echo "not ok $number - $1"
        while IFS= read -r line; do
            echo "# $line"
        done <<<"$lines"
    fi
}
here=':!tests/checks/words.t'
check 'no work is left for later' < <(
    git grep -nIE 'TODO|FIXME|\bXXX\b|not implemented' -- '*.c' '*.h' '*.sh' \
        Makefile tests tool conf "$here")
check 'no address of a package registry' < <(
    git grep -nIE '"resolved"|registry\.[a-z]+\.|deb\.debian' -- . "$here")
check 'no path into somebody'"'"'s work tree' < <(
    git grep -nIE '(^|[^a-z0-9_/])/(work|home/[a-z]+/src)/' -- . "$here")
check 'no white space at the end of a line' < <(
    git grep -nIE '[[:space:]]+$' -- '*.c' '*.h' '*.t' '*.py' '*.sh' \
        '*.md' Makefile "$here")
check 'every source begins with what it is about' < <(
    git ls-files '*.c' '*.h' | while read -r file; do
        head -c 2 "$file" | grep -q '^/\*' || echo "$file"
    done)
check 'the guard of a header is its path' < <(
    git ls-files '*.h' | while read -r file; do
        guard=UK_$(tr 'a-z/' 'A-Z_' <<<"${file%.h}")_H
        grep -qx "#ifndef $guard" "$file" && grep -qx "#define $guard" "$file" ||
            echo "$file: $guard"
    done)
check 'no source has passed 400 lines' < <(
    git ls-files '*.c' '*.h' | grep -v '^tests/' | xargs wc -l |
        awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines" }')
if command -v clang-format >/dev/null; then
    check 'the sources are as clang-format writes them' < <(
        git ls-files '*.c' '*.h' | xargs clang-format --dry-run 2>&1 |
            grep -E 'warning:' | head -n 20)
else
    number=$((number + 1))
    echo "ok $number # SKIP clang-format is not here"
fi
echo "1..$number"
exit $bad

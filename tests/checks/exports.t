#!/usr/bin/env bash
# What each object exports and needs, read from the built files.
#
# The module is a guest: six names out, libpam and libc in, and no import that
# could touch the host's environment, signals or log.  The agent and the tool
# must be linked with the OpenSSL flavour of libcurl, which they were tested
# with (threat S-16).
set -u
cd "$(dirname "$0")/../.." || exit 2
B=${B:-build}
number=0 bad=0

check() { # TEXT GOT WANTED
    number=$((number + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $number - $1"
    else
        bad=1
        echo "not ok $number - $1"
        printf '# got:    %s\n# wanted: %s\n' "$(echo "$2" | tr '\n' ' ')" \
            "$(echo "$3" | tr '\n' ' ')"
    fi
}
exports() { nm -D --defined-only "$1" | awk '{print $3}' | sed 's/@.*//' | sort; }
imports() { nm -D --undefined-only "$1" | awk '{print $NF}' | sed 's/@.*//' | sort; }
needs() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort; }
compiled() { # FILE OPTION: the compilations that went without it, by gcc's word
    readelf --debug-dump=info --dwarf-depth=1 "$1" | sed -n 's/.*: GNU C/C/p' |
        awk -v option="$2" '
            !index($0 " ", " " option) { print }
            END { if (NR == 0) print "no debug information" }' | sort -u
}
flags() { readelf -lW "$1" | awk '/GNU_STACK/{print $7}'; }
hardened() { # NAME FILE: what the linker and the compiler were asked for
    check "$1: the stack is not executable" "$(flags "$2")" RW
    check "$1: relocations are read-only, and made at the start" \
        "$(readelf -lW "$2" | grep -o GNU_RELRO) $(readelf -d "$2" |
            grep -o BIND_NOW)" 'GNU_RELRO BIND_NOW'
    check "$1: the stack is guarded" \
        "$(imports "$2" | grep -x __stack_chk_fail)" __stack_chk_fail
    check "$1: functions that write know the room" \
        "$(imports "$2" | grep -x __vsnprintf_chk)" __vsnprintf_chk
    check "$1: a stack that grows touches every page" \
        "$(compiled "$2" -fstack-clash-protection)" ''
    [ "$(uname -m)" != x86_64 ] ||
        check "$1: returns go where they came from" \
            "$(compiled "$2" -fcf-protection)" ''
}

module=$B/pam_userkey.so
check 'the module exports six names' "$(exports "$module")" \
    "$(printf 'pam_sm_%s\n' acct_mgmt authenticate chauthtok close_session \
        open_session setcred | sort)"
check 'the module needs libpam and libc' "$(needs "$module" | grep -v '^ld-')" \
    "$(printf 'libc.so.6\nlibpam.so.0')"
check 'the module imports nothing that touches its host' \
    "$(imports "$module" | grep -xE 'getenv|secure_getenv|setenv|unsetenv|putenv|clearenv|environ|__environ|openlog|closelog|signal|sigaction|sigprocmask|pthread_sigmask|alarm|setitimer|setlocale|exit|_exit|abort|atexit|fork|vfork|system|popen|umask|chdir|mkstemp|closefrom|realloc|pthread_create|dlopen|getaddrinfo')" ''
check 'only the way to the agent opens a socket, and none to a network' \
    "$(grep -lE '\b(socket|connect)\(' $(sed '/^# reach/,$d; s/#.*//; /^$/d; s,.*,core/&.c,' core/ORDER |
        xargs ls 2>/dev/null) pam_module/*.c; grep -nE 'AF_INET|AF_NETLINK|AF_PACKET' core/helper.c)" \
    core/helper.c
check 'the module imports what the list says' \
    "$(imports "$module" | grep -vxFf tests/checks/imports.txt)" ''
check 'the module has no variables: nothing to share between threads' \
    "$(objdump -t "$module" | awk '/ \.(t?bss|t?data)\t/ {print $NF}' |
        grep -vxE '\.(bss|data)|completed\.0|__dso_handle|__TMC_END__')" ''
hardened 'the module' "$module"
check 'the module never sets PAM_USER' \
    "$(grep -nE 'pam_set_item *\([^;]*PAM_USER' pam_module/*.c)" ''

for program in userkey-agent userkey userkey-server; do
    check "$program exports nothing" "$(exports "$B/$program" | grep '^uk_')" ''
    hardened "$program" "$B/$program"
    check "$program is position independent" \
        "$(readelf -h "$B/$program" | awk '/Type:/{print $2}')" DYN
done
for program in userkey-agent userkey; do
    check "$program is linked with libcurl's OpenSSL flavour" \
        "$(needs "$B/$program" | grep curl)" libcurl.so.4
    check "$program does not import curl_version" \
        "$(imports "$B/$program" | grep -x curl_version)" ''
done
check 'the service does not link libcurl' \
    "$(needs "$B/userkey-server" | grep curl)" ''
echo "1..$number"
exit $bad

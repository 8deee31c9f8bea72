#!/usr/bin/env bash
# The lab itself: what COMMAND gets, and that nothing stays behind or outside.
# shellcheck disable=SC2016 # what COMMAND runs expands there
set -u
cd "$(dirname "$0")/../.." || exit 2
number=0 bad=0
lab=tests/lab

check() { # TEXT GOT WANTED
    number=$((number + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $number - $1"
    else
        bad=1
        echo "not ok $number - $1"
        diff <(echo "$3") <(echo "$2") | sed 's/^/# /'
    fi
}

if [ "$(id -u)" != 0 ]; then
    echo '1..1'
    echo 'ok 1 # SKIP the private world needs root'
    exit 0
fi

mine=$(mktemp -d)
trap 'rm -rf "$mine"' EXIT

# The machine as it is seen from here: files with their times, mounts, this
# session's processes (others come and go) and labs below /tmp.
outside() {
    find /etc /run /var/log/{btmp,lastlog,wtmp} /var/lib/sudo \
        /usr/lib/*/security /dev -xdev \
        \( -path '/run/user/*' -o -path /run/systemd -o -path /dev/pts \
        -o -path /dev/shm \) -prune \
        -o -printf '%p %i %M %u %g %s %T@ %l\n' 2>/dev/null |
        grep -vE '^/dev/(ptmx|tty|null) ' | sort
    sort /proc/mounts
    ls -d /root/.ssh /root/.local/state 2>/dev/null
}
left() { # processes that know the folder of a lab
    local pid
    for pid in /proc/[0-9]*; do
        if cat "$pid/cmdline" "$pid/environ" | grep -qaF "$1"; then
            cat "$pid/comm"
        fi
    done 2>/dev/null
}
gone() { # FOLDER: true once no process knows it (a zombie knows nothing)
    [ -n "$1" ] || return 2
    for ((try = 0; try < 600; try++)); do
        [ -n "$(left "$1")" ] || [ -e "$1" ] || return 0
        sleep 0.1
    done
    left "$1"
    return 1
}
packages() { # when one was installed or removed
    stat -c %y /var/lib/dpkg/status /var/log/dpkg.log 2>/dev/null
}
unchanged() { # TEXT: unless somebody else changes the machine meanwhile
    local now
    now=$(outside)
    if [ "$now" != "$before" ] && [ "$(packages)" != "$packages" ]; then
        number=$((number + 1))
        echo "ok $number - $1 # SKIP packages are installed beside this"
        return
    fi
    check "$1" "$now" "$before"
}
packages=$(packages)
before=$(outside)

# --- what COMMAND gets
$lab -- bash -c 'echo "$UK_LAB" >"$1"
    cat >"$1.in"
    [ -n "$UK_URL$UK_CA$UK_HTTP_URL$UK_APP$UK_EMAIL$UK_PASSWORD" ] || exit 1
    [ "${#UK_KEY}" = 64 ] || exit 2
    [ -n "$UK_KEY_ID" ] || exit 3
    kill -0 "$UK_SERVER_PID" && [ -f "$UK_SERVER_LOG" ] || exit 4
    [ "$(id -u alice)" -ge 1000 ] || exit 5
    [ -x "$UK_BIN/userkey" ] && [ -f "$UK_BIN/pam_userkey.so" ] || exit 6
    exec 3<>"/dev/tcp/127.0.0.1/$UK_SSH_PORT" || exit 7
    read -r banner <&3
    [[ $banner == SSH-2.0-* ]] || exit 8
    userkey whoami --json | grep -q "$UK_USER_ID" || exit 9
    openssl s_client -connect "${UK_URL#https://}" -CAfile "$UK_CA" \
        -verify_return_error -verify_ip 127.0.0.1 </dev/null || exit 10
    openssl s_client -connect "${UK_URL#https://}" -CAfile "$UK_CA" \
        -verify_return_error -verify_hostname localhost </dev/null || exit 11
    logger -t probe hello
    for try in {1..600}; do # who writes it is another process
        grep -q "probe: hello" "$UK_SYSLOG" && break
        sleep 0.1
    done
    grep -q "probe: hello" "$UK_SYSLOG" || exit 12
    ! grep -q "unknown argument" "$UK_SERVER_LOG" || exit 13
    touch /etc/mark /run/mark /var/log/mark
    useradd mark 2>/dev/null
    su alice -c "exit 0" || exit 14
    exit 42' - "$mine/dir" >"$mine/out" 2>&1 <<<'typed'
status=$?
[ "$status" = 42 ] || sed 's/^/# /' "$mine/out"
check 'COMMAND finds what it was promised, and its exit status is the lab'"'"'s' \
    "$status" 42
check 'standard input is COMMAND'"'"'s' "$(cat "$mine/dir.in")" typed
[ ! -e "$(cat "$mine/dir")" ]
check 'its folder is gone' "$?" 0
unchanged 'nothing outside has changed'

# --- however it ends
$lab -- bash -c 'echo "$UK_LAB" >"$1"; kill -KILL $$' - "$mine/dir"
check 'COMMAND killed: 128 + 9' "$?" 137
gone "$(cat "$mine/dir")"
check 'and nothing is left' "$?" 0

started() { # wait until the lab's COMMAND has written its folder
    for ((try = 0; try < 2400; try++)); do
        [ ! -s "$mine/dir" ] || return 0
        sleep 0.05
    done
    return 1
}
for signal in TERM INT KILL; do
    rm -f "$mine/dir"
    # env: a background job of a script would ignore INT for ever.
    env --default-signal=INT $lab -- bash -c \
        'echo "$UK_LAB" >"$1"; trap "" TERM INT; sleep 300 & setsid sleep 300' \
        - "$mine/dir" &
    pid=$!
    started
    check "$signal: the lab is up" "$?" 0
    kill -$signal "$pid"
    wait "$pid" 2>/dev/null
    check "$signal: the status says so" "$?" $((128 + $(kill -l $signal)))
    gone "$(cat "$mine/dir")"
    check "$signal: no process and no folder is left" "$?" 0
done
unchanged 'nothing outside has changed after all that'

# --- a machine that does not let it mount: it stops before it writes anything
# (in a lab of its own, so that only that one's /etc would suffer)
mkdir "$mine/bin"
chmod 755 "$mine"
printf '#!/bin/sh\ncase "$*" in *"%s"*) exit 1 ;; esac\nexec %s "$@"\n' \
    '/world/etc /etc' "$(command -v mount)" >"$mine/bin/mount"
chmod 755 "$mine/bin/mount"
$lab -- bash -c 'before=$(md5sum /etc/passwd /etc/shadow /etc/pam.d/*)
    PATH=$1:$PATH tests/lab -- true
    status=$?
    [ "$before" = "$(md5sum /etc/passwd /etc/shadow /etc/pam.d/*)" ] || exit 1
    exit $status' - "$mine/bin" >"$mine/out" 2>&1
check 'no private /etc: nothing is written, and the lab says so' \
    "$? $(grep -c 'mount --bind .* failed' "$mine/out")" '125 1'

# --- arguments
try() {
    $lab "$@" >"$mine/out" 2>&1
    echo "$? $(wc -l <"$mine/out")"
}
check 'PostgreSQL is refused with a reason' \
    "$(try --store postgresql -- true) $(grep -c postgresql "$mine/out")" '2 1 1'
check 'an unknown store is refused' "$(try --store x -- true)" '2 1'
check 'no command is refused' "$(try --)" '2 1'
check 'an unknown argument is refused' "$(try --bogus -- true)" '2 1'
check 'a build that is not there is named' \
    "$(B=/nonexistent try -- true) $(grep -c /nonexistent "$mine/out")" '2 1 1'

# --- without root: the service alone, from a tree that nobody can read
tree=$mine/tree
chmod 755 "$mine"
mkdir -p "$tree/tests" "$tree/build"
install -m 755 $lab "$tree/tests/lab"
install -m 755 "${B:-build}"/userkey{,-server} "$tree/build/"
try_as_nobody() {
    setpriv --reuid=65534 --regid=65534 --clear-groups \
        env -i PATH="$PATH" "$tree/tests/lab" "$@"
}
try_as_nobody --service-only -- bash -c 'echo "$UK_LAB" >&3
    userkey whoami --json >/dev/null || exit 1
    [ -z "${UK_SSH_PORT-}" ] || exit 2
    [ "$(id -u)" = 65534 ] || exit 3
    exit 43' 3>"$mine/dir" >"$mine/out" 2>&1
status=$?
[ "$status" = 43 ] || sed 's/^/# /' "$mine/out"
check '--service-only needs no root' "$status" 43
check 'and says so when the world was wanted' \
    "$(try_as_nobody -- true 2>&1 | grep -c 'needs root')" 1
gone "$(cat "$mine/dir")"
check 'no process of it is left' "$?" 0
unchanged 'nothing of it is left outside'
echo "1..$number"
exit $bad

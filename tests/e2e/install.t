#!/usr/bin/env bash
# Installing into a folder, and its exact mirror; what an administrator copies.
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
        diff <(echo "$3") <(echo "$2") | sed 's/^/# /'
    fi
}
skip() { # TEXT WHY
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
go() { # TARGET: with every folder in a place of its own
    # -o all: what is built stays as it is, with the usual folders in it.
    make -o all -s --no-print-directory B="$B" DESTDIR="$dest" PREFIX=/opt/uk \
        SYSCONFDIR=/opt/etc PAMDIR=/opt/pam UNITDIR=/opt/units \
        SYSUSERS=/opt/sysusers TMPFILES=/opt/tmpfiles "$@" 2>&1
}
files() { find "$dest" \( -type f -o -type l \) -printf '%P %m\n' | sort; }

umask 077 # the modes do not come from the caller's
said=$(go install)
check 'install works' "$?" 0
check 'it names each file' "$(echo "$said" | sed "s,$dest/,," | sort)" \
    "$(files | sed 's/ [0-7]*$//')"
check 'the programs and the module, with their modes' \
    "$(files | grep -E 'bin/|libexec|pam/|units|sysusers|tmpfiles')" \
    'opt/etc/apparmor.d/usr.libexec.userkey.userkey-agent 644
opt/pam/pam_userkey.so 644
opt/sysusers/userkey-server.conf 644
opt/sysusers/userkey.conf 644
opt/tmpfiles/userkey.conf 644
opt/uk/bin/userkey 755
opt/uk/libexec/userkey/userkey-agent 755
opt/uk/libexec/userkey/userkey-askpass 777
opt/uk/sbin/userkey-server 755
opt/units/userkey-agent.service 644
opt/units/userkey-agent.socket 644
opt/units/userkey-login-trial.service 644
opt/units/userkey-server.service 644'
check 'every manual' "$(find "$dest/opt/uk/share/man" -type f -printf '%f\n' |
    sort)" "$(find man -name '*.[1-8]' -printf '%f\n' | sort)"
check 'every example' "$(cd "$dest/opt/uk/share/doc/userkey/examples" &&
    find . -type f | sort)" "$(cd conf && find . -type f \
    ! -name '*.mk' ! -path './sysusers.d/*' ! -path './systemd/userkey-*' \
    ! -path './tmpfiles.d/*' ! -path './apparmor/*' ! -path './completion/*' \
    ! -path './pam-configs/*' | sed 's,/systemd/,/,' | sort)"
check 'what the shells complete, where each of them looks for it' \
    "$(cd "$dest/opt/uk/share" && find . -path '*complet*' ! -type d | sort)" \
    './bash-completion/completions/userkey
./bash-completion/completions/userkey-server
./fish/vendor_completions.d/userkey-server.fish
./fish/vendor_completions.d/userkey.fish
./zsh/vendor-completions/_userkey'
check 'no setting and no PAM file is put where it would count' \
    "$(find "$dest/opt/etc" -type f ! -path '*/apparmor.d/*')" ''
check 'the folder of the settings is root'"'"'s, and there' \
    "$(stat -c %a "$dest/opt/etc/userkey")" 755
check 'every folder can be entered by everybody' \
    "$(find "$dest/opt" -type d ! -perm -055)" ''
check 'what is installed names the folders of this build' "$(grep -rEl \
    '@[A-Z]+@|[^t]/etc/userkey|/usr/libexec' "$dest" --include='*.conf*' \
    --include='*.service' --include='*.[1-8]' | sed "s,$dest,,")" ''

touch "$dest/opt/etc/userkey/userkey.conf"
before=$(files)
inode=$(stat -c %i "$dest/opt/pam/pam_userkey.so")
go install >/dev/null
check 'a second install changes nothing' "$? $(files)" "0 $before"
check 'but for the module, which is another file: one in use stays whole' \
    "$([ "$inode" = "$(stat -c %i "$dest/opt/pam/pam_userkey.so")" ])$?" 1
go uninstall >/dev/null
check 'uninstall leaves the administrator'"'"'s settings, nothing else' \
    "$(files)" 'opt/etc/userkey/userkey.conf 600'
rm "$dest/opt/etc/userkey/userkey.conf"
go uninstall >/dev/null
check 'uninstall works twice, and leaves no folder of ours' \
    "$? $(find "$dest" -type d -name userkey)" '0 '

# --- what systemd thinks of it
if command -v systemd-analyze >/dev/null; then
    # The program is not where the unit says; any program is good enough.
    sed 's,@SBINDIR@/userkey-server,/bin/true,; s,@SYSCONFDIR@,/etc,' \
        conf/systemd/userkey-server.service.in >"$dest/userkey-server.service"
    check 'the unit is one' "$(systemd-analyze verify --man=no \
        "$dest/userkey-server.service" 2>&1 |
        grep userkey-server.service)" ''
else
    skip 'the unit is one' 'systemd-analyze is not here'
fi
if command -v systemd-sysusers >/dev/null; then
    check 'both users would be made' "$(systemd-sysusers --dry-run \
        "$PWD"/conf/sysusers.d/userkey*.conf 2>&1 |
        grep -oE "user '[a-z_-]+'" | sort)" "user '_userkey'
user '_userkey-server'"
else
    skip 'both users would be made' 'systemd-sysusers is not here'
fi
if command -v systemd-tmpfiles >/dev/null && [ "$(id -u)" = 0 ]; then
    systemd-tmpfiles --create --root="$dest" \
        "$PWD/conf/tmpfiles.d/userkey.conf" >/dev/null 2>&1
    check 'the folders below /run are made' "$(stat -c '%n %a %u' \
        "$dest"/run/userkey{,/sessions} | sed "s,$dest,,")" \
        '/run/userkey 755 0
/run/userkey/sessions 711 0'
else
    skip 'the folders below /run are made' 'needs systemd-tmpfiles and root'
fi
echo "1..$number"
exit $bad

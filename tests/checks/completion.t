#!/usr/bin/env bash
# What the shells complete: the programs' commands, options and files, asked of
# the programs themselves; names of keys of the session.
set -u
cd "$(dirname "$0")/../.." || exit 2
bin=$PWD/${B:-build}
number=0 bad=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
export PATH=$bin:/usr/bin:/bin HOME=$dir TERM=dumb
touch "$dir/file-of-a-key"
mkdir "$dir/keyed"

# A program of the same --help that has a session: 'list' needs a service.
cat >"$dir/keyed/userkey" <<END
#!/bin/sh
case \$1:\$2 in
list:--json) echo '{"keys":[{"id":"6b03e8","name":"laptop"},{"name":"ci_2"}]}' ;;
*) exec "$bin/userkey" "\$@" ;;
esac
END
chmod +x "$dir/keyed/userkey"

# Programs that write down what they were run with.
mkdir "$dir/told" "$dir/empty"
for program in userkey userkey-server; do
    cat >"$dir/told/$program" <<END
#!/bin/sh
printf '%s' "\$*" | tr '\n' '?' >>"$dir/runs"; echo >>"$dir/runs"
exec "$bin/$program" "\$@"
END
    chmod +x "$dir/told/$program"
done

check() { # TEXT GOT WANTED: as sets
    number=$((number + 1))
    if [ "$(tr ' ' '\n' <<<"$2" | sort)" = "$(tr ' ' '\n' <<<"$3" | sort)" ]; then
        echo "ok $number - $1"
    else
        bad=1
        echo "not ok $number - $1"
        echo "# got:    $2"
        echo "# wanted: $3"
    fi
}
in_bash() { # WORD...
    bash --norc -c '. conf/completion/userkey.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _userkey 2>/dev/null
        echo "${COMPREPLY[*]}"' - "$@"
}
in_fish() {
    fish --no-config -c 'source conf/completion/userkey.fish
        complete -C (string join " " -- $argv)' -- "$@" |
        cut -f 1 | paste -sd ' '
}
# zsh has no way to ask for completions: an interactive one is typed to.
in_zsh() {
    zsh -f -c '
        zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z "PS1= PS2= RPS1=; stty -echo; fpath=($1 \$fpath)"
        zpty -w z "autoload -Uz compinit; compinit -u -d $2/zcompdump"
        zpty -w z "compadd() { [[ \$1 == -[OADC]* || \"\$*\" == *-[OAD]\ * ]] &&
            { builtin compadd \"\$@\"; return }
            local -a all; builtin compadd -O all \"\$@\"
            print -r -- \"{{\${(j: :)all}}}\"; builtin compadd \"\$@\" }"
        zpty -w z "bindkey ^I complete-word; zstyle \":completion:*\" verbose no"
        zpty -w z "ended() { print ENDED }; zle -N ended; bindkey ^B ended"
        zpty -w z "print READY"
        while zpty -r -t z line || sleep 0.1; do [[ $line == READY* ]] && break; done
        shift 2
        zpty -w -n z "$*"$'"'\\t\\x02'"'
        for i in {1..600}; do # what is typed behind is done behind
            while zpty -r -t z line; do all+=$line; done
            [[ $all == *ENDED* ]] && break
            sleep 0.1
        done
        zpty -d z
        [[ $all != *\}\}* ]] || print -r -- ${${${all#*\{\{}%%\}\}*}##*/}
        ' - "$PWD/conf/completion" "$dir" "$@"
}
commands=$(userkey --help | awk '/^  [a-z]/ { print $1 }')
users=$(userkey-server --help | awk '$1 == "user" { print $2 }')
check 'there is something to complete' \
    "$([ "$(wc -w <<<"$commands $users")" -gt 20 ] && echo yes)" yes
for shell in bash fish zsh; do
    if ! command -v "$shell" >/dev/null; then
        number=$((number + 1))
        echo "ok $number # SKIP no $shell"
        continue
    fi
    check "$shell: a command" "$(in_$shell userkey cre)" create
    check "$shell: an option" "$(in_$shell userkey create --r)" --raw
    check "$shell: what a command of ours does to users" \
        "$(in_$shell userkey agent '')" 'status metrics'
    check "$shell: a file, behind an option that wants one" \
        "$(in_$shell userkey create x --out "$dir/file-o" | sed 's,.*/,,')" \
        file-of-a-key
    check "$shell: the second word of a command" \
        "$(in_$shell userkey-server user re)" reset-token
    check "$shell: an option of it" \
        "$(in_$shell userkey-server user add --pass)" --password-stdin
    check "$shell: a key" \
        "$(PATH=$dir/keyed:$PATH in_$shell userkey disable la)" laptop
    check "$shell: a PAM service" \
        "$(in_$shell userkey explain alice --service logi)" login
    check "$shell: several, but no part of others' stacks" \
        "$(in_$shell userkey enable-login --service passwd,su |
            sed 's/passwd,//g')" \
        "$(find /etc/pam.d /usr/lib/pam.d -name 'su*' -printf '%f\n' \
            2>/dev/null | grep -x '[A-Za-z0-9_-]*')"
    check "$shell: a value that is no name of a file" \
        "$(in_$shell userkey explain alice --service common-)" ''
    rm -f "$dir/runs"
    lines=('init --data' 'backup --' '-- init')
    # Where there is nothing to complete, a test waits long for zsh to say so.
    [ "$shell" = zsh ] || lines+=(init backup 'restore --' 'move --data'
        'user add --' 'user --' 'admin-key create --app' --data)
    for line in "${lines[@]}"; do
        (root=$PWD && cd "$dir/empty" && ln -s "$root/conf" conf &&
            PATH=$dir/told:$PATH in_$shell userkey-server $line '' \
                >/dev/null
            rm conf)
    done
    check "$shell: a word that may be a file makes none" \
        "$(ls -A "$dir/empty")" ''
    check "$shell: and nothing was run but a command's --help" \
        "$(grep -vxE '((init|backup|restore|move|serve|user( add)?|admin-key( create)?) )?--help' \
            "$dir/runs" || wc -l <"$dir/runs" | grep -x '[0-2]')" ''
    check "$shell: nothing where there is nothing" \
        "$(in_$shell userkey whoami zzz)" ''
done
if command -v fish >/dev/null; then
    check 'fish: what was typed is no format' \
        "$(in_fish userkey enable-login --service %d%5s,logi 2>&1)" '%d%5s,login'
    check 'fish: and no pattern' \
        "$(in_fish userkey check "'('" '' 2>&1 | grep -o 'expression')" ''
    check 'fish: nor a pattern that matches an option' \
        "$(in_fish userkey explain '--servic.' logi)" ''
fi
check 'bash: every command' "$(in_bash userkey '')" "$(echo $commands)"
check 'bash: every command about users' "$(in_bash userkey-server user '')" \
    "$(echo $users)"
echo "1..$number"
exit $bad

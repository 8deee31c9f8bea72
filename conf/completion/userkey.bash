# bash completion for userkey and userkey-server.
#
# What can be written stands in the programs' own --help, so it is asked of
# them: a new command or option needs no change here.  Names of keys come from
# the service, if there is a session and it answers within two seconds.

# The options of the --help on standard input that begin with $1, or their
# values' kinds: "--out FILE".
_userkey_options() {
    awk '/^  --/ { print $1, ($2 ~ /^[A-Z]+$/ ? $2 : "") }'
}

_userkey_keys() {
    timeout 2 "$1" list --json 2>/dev/null </dev/null |
        grep -oE '"name":"[A-Za-z0-9_-]+"' | cut -d '"' -f 4
}

# The words of the usage line behind the command: "KEY...", "add|list|show".
_userkey_words() {
    sed -nE '1 s/^usage: //p'
}

_userkey_value() { # KIND CURRENT
    case $1 in
    FILE) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    DIR) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    HOST) mapfile -t COMPREPLY < <(compgen -A hostname -- "$2") ;;
    *) COMPREPLY=() ;;
    esac
    compopt -o filenames 2>/dev/null
}

_userkey() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]} help options kind words
    local -a command=()
    local i most=1

    COMPREPLY=()
    # A command of userkey-server may be two words: "user add".
    [[ ${program##*/} == userkey-server ]] && most=2
    for ((i = 1; i < COMP_CWORD && i <= most; i++)); do
        "$program" "${command[@]}" "${COMP_WORDS[i]}" --help \
            >/dev/null 2>&1 </dev/null || break
        command+=("${COMP_WORDS[i]}")
    done
    help=$("$program" "${command[@]}" --help 2>/dev/null </dev/null)
    if [[ ${help%%$'\n'*} == *' COMMAND '* ]]; then
        words=$(awk -v column=$((${#command[@]} + 1)) \
            '/^  [a-z]/ { print $column }' <<<"$help" | sort -u)
        [ "$COMP_CWORD" = $((${#command[@]} + 1)) ] || words=
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        return
    fi
    options=$(_userkey_options <<<"$help")
    kind=$(awk -v option="$before" '$1 == option { print $2 }' <<<"$options")
    if [ -n "$kind" ]; then
        _userkey_value "$kind" "$current"
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W \
            "$(awk '{ print $1 }' <<<"$options")" -- "$current")
    else
        words=$(_userkey_words <<<"$help")
        case " $words " in
        *' KEY'*)
            mapfile -t COMPREPLY < <(compgen -W \
                "$(_userkey_keys "$program")" -- "$current")
            ;;
        *' USER '*)
            mapfile -t COMPREPLY < <(compgen -u -- "$current")
            ;;
        *' '[a-z-]*'|'[a-z-]*)
            [ "$COMP_CWORD" = 2 ] || return
            words=$(grep -oE ' [a-z-]+(\|[a-z-]+)+' <<<"$words" | head -n 1)
            mapfile -t COMPREPLY < <(compgen -W "${words//|/ }" -- "$current")
            ;;
        esac
    fi
}

complete -F _userkey userkey userkey-server

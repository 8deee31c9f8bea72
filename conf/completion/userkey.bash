# bash completion for userkey and userkey-server.
#
# What can be written stands in the programs' own --help, so it is asked of
# them: a new command or option needs no change here.  No word of the line is
# given to a program unless its --help names it as a command: any other could be
# a file to write.  Names of keys come from the service, if there is a session
# and it answers within two seconds.

# The commands of the --help on standard input: "create", "user add".
_userkey_commands() {
    awk -F '   *' '/^  [a-z]/ { print $2 }'
}

# Is $1 one of the commands $2, or the first words of one?
_userkey_is_command() {
    local line

    while read -r line; do
        [[ $line == "$1" || $line == "$1 "* ]] && return 0
    done <<<"$2"
    return 1
}

# The options of the --help on standard input that begin with $1, or their
# values' kinds: "--out FILE".
_userkey_options() {
    awk '/^  --/ { print $1, ($2 ~ /^[A-Z]+$/ ? $2 : "") }'
}

_userkey_keys() {
    timeout 2 "$1" list --json 2>/dev/null </dev/null |
        grep -oE '"name":"[A-Za-z0-9_-]+"' | cut -d '"' -f 4
}

# What PAM asks by: the files of its stacks that are no parts of others.
_userkey_services() {
    find /etc/pam.d /usr/lib/pam.d -maxdepth 1 ! -type d ! -name '*[!A-Za-z0-9_-]*' \
        ! -name 'common-*' -printf '%f\n' 2>/dev/null | sort -u
}

# The words of the usage line behind the command: "KEY...", "add|list|show".
# What stands before them is in the person's language.
_userkey_words() {
    sed -nE '1 s/^[^:]*: //p'
}

_userkey_value() { # KIND CURRENT
    local before

    case $1 in
    FILE) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    DIR) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    HOST) mapfile -t COMPREPLY < <(compgen -A hostname -- "$2") ;;
    SERVICE) mapfile -t COMPREPLY < <(compgen -W "$(_userkey_services)" -- "$2") ;;
    SERVICES) # with commas between
        before=${2%"${2##*,}"}
        mapfile -t COMPREPLY < <(compgen -P "$before" \
            -W "$(_userkey_services)" -- "${2##*,}")
        ;;
    *) COMPREPLY=() ;;
    esac
    compopt -o filenames 2>/dev/null
}

_userkey() {
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]} help known options kind words word
    local -a command=()

    COMPREPLY=()
    known=$("$program" --help 2>/dev/null </dev/null | _userkey_commands)
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word =~ ^[a-z-]+$ ]] || break
        _userkey_is_command "${command[*]}${command:+ }$word" "$known" || break
        command+=("$word")
    done
    help=$("$program" "${command[@]}" --help 2>/dev/null </dev/null)
    if [[ ${help%%$'\n'*} == *' COMMAND '* ]]; then
        words=$(_userkey_commands <<<"$help" |
            cut -d ' ' -f $((${#command[@]} + 1)) | sort -u)
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

# fish completion for userkey and userkey-server.
#
# What can be written stands in the programs' own --help, so it is asked of
# them.  No word of the line is given to a program unless its --help names it as
# a command: any other could be a file to write.  Names of keys come from the
# service, if there is a session and it answers within two seconds.

function __userkey_command # the command that the line has so far, or nothing
    set -l words (commandline -opc)
    set -l program $words[1]
    set -l found
    set -l known
    for line in (string match -r '^  [a-z].*' -- ($program --help 2>/dev/null </dev/null))
        set -a known (string split -m 1 -- '  ' (string trim -- $line))[1]
    end
    for word in $words[2..-1]
        string match -qr '^[a-z-]+$' -- $word; or break
        set -l so_far (string join ' ' -- $found $word)
        contains -- $so_far $known
        or string match -q -- "$so_far *" $known
        or break
        set -a found $word
    end
    string join -- \n $found
end

# What PAM asks by: the files of its stacks that are no parts of others.
function __userkey_services
    for name in (path basename /etc/pam.d/* /usr/lib/pam.d/* | sort -u)
        string match -qr '^(?!common-)[A-Za-z0-9_-]+$' -- $name; and echo $name
    end
end

function __userkey_candidates
    set -l words (commandline -opc)
    set -l program $words[1]
    set -l command (__userkey_command)
    set -l help ($program $command --help 2>/dev/null </dev/null)
    if string match -q '* COMMAND *' -- $help[1]
        set -l column (math (count $command) + 1)
        test (count $words) = $column; or return
        for line in (string match -r '^  [a-z].*' -- $help)
            set -l parts (string split -m 1 -- '  ' (string trim -- $line))
            set -l name (string split ' ' -- $parts[1])
            printf '%s\t%s\n' $name[$column] (string trim -- $parts[2])
        end
        return
    end
    # What was typed is no pattern, and no format.
    set -l option (string escape --style=regex -- $words[-1])
    switch (string match -r "^  $option ([A-Z]+) " -g -- $help)
        case SERVICE
            __userkey_services
            return
        case SERVICES # with commas between
            set -l before (string match -r '^.*,' -- (commandline -ct); or echo)
            string join -- \n $before(__userkey_services)
            return
    end
    if string match -q -- '-*' (commandline -ct)
        for line in (string match -r '^  --.*' -- $help)
            set -l parts (string match -r '^  (--[a-z-]+)(?: [A-Z]+)?\s+(.*)' -- $line)
            printf '%s\t%s\n' $parts[2] $parts[3]
        end
        return
    end
    if string match -q '* KEY*' -- $help[1]
        timeout 2 $program list --json 2>/dev/null </dev/null |
            string match -ar '"name":"([A-Za-z0-9_-]+)"' -g
    else if string match -q '* USER *' -- $help[1]
        __fish_complete_users
    else if set -l choice (string match -r ' ([a-z-]+(?:\|[a-z-]+)+)' -g -- $help[1])
        test (count $words) = 2; and string split '|' -- $choice
    end
end

for program in userkey userkey-server
    complete -c $program -f -a '(__userkey_candidates)'
    # Where an option wants a file, any will do.
    complete -c $program -F -n 'string match -qr -- "^--(out|ca-file|conf|config|admin-file|file|data|root|tls-cert|tls-key)\$" (commandline -opc)[-1]'
end

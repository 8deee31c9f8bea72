#!/usr/bin/python3
"""Functions that must not be called, each with the one to call instead.

Comments and strings are taken out first.  Some are banned everywhere, some in
code that runs inside a foreign process (core/ and pam_module/).
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

EVERYWHERE = {
    "strcpy strcat stpcpy strncat strncpy": "uk_str_copy",
    "sprintf vsprintf": "snprintf or uk_buf_addf",
    "gets scanf sscanf fscanf": "a parser of our own",
    "atoi atol atoll strtol strtoul strtoll strtoull strtod":
        "uk_str_to_ulong",
    "strtok strtok_r": "a loop over the bytes",
    "system popen execvp execlp execl": "uk_helper_start",
    "alloca": "an array with a size",
    "tmpnam tempnam mktemp mkstemp": "uk_file_create",
    "rand srand random drand48": "getrandom",
    "asctime ctime gmtime localtime": "the _r form",
    "bcmp": "memcmp",
    "assert": "an error code (with NDEBUG it is not there)",
    "curl_version": "a fixed text (it loads plug-ins: threat S-04)",
    "sqlite3_exec sqlite3_mprintf": "a prepared statement",
    "PQexec": "PQexecParams",
}
AS_GUESTS = {
    "getenv secure_getenv setenv putenv unsetenv clearenv":
        "nothing: the environment is the host's",
    "setlocale isalpha isalnum isdigit isspace isprint toupper tolower"
    " strcasecmp strncasecmp strerror": "core/str, core/err",
    "openlog closelog setlogmask": "nothing: the log is the host's",
    "signal sigaction sigprocmask pthread_sigmask alarm setitimer":
        "nothing: signals are the host's",
    "exit _exit abort atexit": "an error code",
    "fork vfork clone": "uk_helper_start",
    "umask chdir": "nothing: they are the host's",
    "pthread_create": "nothing: no threads in a foreign process",
    "printf puts perror": "an error code",
    "getpwnam getpwuid getgrnam": "uk_account_find (the _r form)",
    "realloc": "uk_buf (it leaves copies of secrets behind)",
}
# Where a ban does not hold, and why.
EXCEPT = {
    ("core/str.c", "strtoull"): "it is the wrapper",
    ("core/confine.c", "fork"): "for programs of ours, at their start",
    ("core/confine.c", "_exit"): "of that child",
    ("core/https.c", "unsetenv"):
        "never in a foreign process; libcurl has no option against"
        " SSLKEYLOGFILE",
}


def code_only(text):
    """The text with comments and literals blanked, lines kept."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                  blank, text, flags=re.S)


def table(rows):
    return {name: instead for names, instead in rows.items()
            for name in names.split()}


def faults_of(path, banned):
    name = str(path.relative_to(ROOT))
    for number, line in enumerate(code_only(path.read_text()).splitlines(), 1):
        for call in re.findall(r"(?<![\w.>])([a-zA-Z_]\w*)\s*\(", line):
            if call in banned and (name, call) not in EXCEPT:
                yield f"{name}:{number}: {call}(): use {banned[call]}"


def main():
    everywhere, guests = table(EVERYWHERE), table(AS_GUESTS)
    results = []
    for folder in ["core", "pam_module", "agent", "tool", "service"]:
        banned = dict(everywhere)
        if folder in ("core", "pam_module"):
            banned.update(guests)
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            results.append((path.relative_to(ROOT),
                            list(faults_of(path, banned))))
    print(f"1..{len(results)}")
    for number, (what, faults) in enumerate(results, 1):
        print(f"{'not ok' if faults else 'ok'} {number} - {what}")
        for fault in faults:
            print(f"# {fault}")
    return any(faults for _, faults in results)


sys.exit(main())

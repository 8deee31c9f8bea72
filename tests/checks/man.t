#!/usr/bin/python3
"""The manuals against the tables in the code, and the examples against both.

Each setting, option and command that the code knows stands in its manual, each
one that a manual lists is known to the code, each example setting is a
setting, and mandoc finds nothing to complain about.
"""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
results = []


def read(name):
    path = ROOT / name
    return path.read_text() if path.exists() else ""


def same(what, left, right, names):
    faults = [f"'{one}' is in {names[0]}, not in {names[1]}"
              for one in sorted(left - right)]
    faults += [f"'{one}' is in {names[1]}, not in {names[0]}"
               for one in sorted(right - left)]
    if not left:
        faults.append(f"{names[0]} has none: is it read rightly?")
    results.append((what, faults))


def rules(name):
    """The names of the settings in a table of struct uk_conf_rule."""
    return set(re.findall(r'\{\s*\.name = "([a-z_]+)"', read(name)))


def items(name, macro):
    """What a manual lists with `.It MACRO name`."""
    return set(re.findall(rf"^\.It {macro} ([A-Za-z_-]+)(?!\S)", read(name), re.M))


def example(name):
    """Settings that stand in an example, in use or commented out."""
    return set(re.findall(r"^#? ?([a-z_]+) *=(?: |$)", read(name), re.M)) - {"name"}


for source, manual, conf in [
        ("core/settings.c", "man/userkey.conf.5", "conf/userkey.conf"),
        ("service/request/config.c", "man/userkey-server.conf.5", "conf/server.conf")]:
    same(f"{manual} has every setting", rules(source),
         items(manual, "(?:Ic|Va)"), (source, manual))
    same(f"{conf} has every setting", rules(source), example(conf),
         (source, conf))

same("man/pam_userkey.8 has every argument", rules("pam_module/options.c"),
     items("man/pam_userkey.8", "(?:Cm|Ic|Fl|Li)"),
     ("pam_module/options.c", "man/pam_userkey.8"))

commands = set(re.findall(r'\{\s*(?:\.name = )?"([a-z-]+)"', read("tool/main.c")))
same("man/userkey.1 has every command", commands,
     items("man/userkey.1", "(?:Cm|Ic)"), ("tool/main.c", "man/userkey.1"))

options = set(re.findall(r'\{"([a-z-]+)", \w+, (?:NULL|"[A-Z]+"), ',
                         read("tool/terminal/args.c")))
same("man/userkey.1 has every option", options,
     set(re.findall(r"^\.It Fl -([a-z-]+)", read("man/userkey.1"), re.M)),
     ("tool/terminal/args.c", "man/userkey.1"))
synopsis = read("man/userkey.1").partition(".Sh SYN")[2].partition(".Sh DES")[0]
same("and its synopsis too", options | {"version"},
     set(re.findall(r"(?:Fl|\|) -([a-z][a-z-]+)", synopsis)),
     ("tool/terminal/args.c", "the synopsis"))

manuals = sorted((ROOT / "man").glob("*.[1-8]"))
there = {re.sub(r"\.(\d)$", r" \1", page.name) for page in manuals}
results.append((
    "each manual of ours that one names is there",
    [f"{page.name} names {name}" for page in manuals for name in
     re.findall(r"^\.Xr ((?:pam_)?userkey\S* \d)", page.read_text(), re.M)
     if name not in there]))

def server_commands(manual):
    """What `.It Cm user add` and the like list."""
    return set(re.findall(r"^\.It Cm ([a-z-]+(?: [a-z-]+)?)$", read(manual),
                          re.M))


commands = {f"{group} {name}".strip() for group, name in re.findall(
    r'\{"([a-z-]*)", "([a-z-]+)", ', read("service/main.c"))}
same("man/userkey-server.8 has every command", commands,
     server_commands("man/userkey-server.8"),
     ("service/main.c", "man/userkey-server.8"))

options = set(re.findall(r'^    \{"([a-z-]+)", ', read("service/command/args.c"), re.M))
same("man/userkey-server.8 has every option", options | {"version"},
     set(re.findall(r"Fl -([a-z-]+)", read("man/userkey-server.8"))),
     ("service/command/args.c", "man/userkey-server.8"))

def marked(manual, mark):
    """Settings whose paragraphs have these words."""
    return {part.split("\n")[0].split()[1] for part in
            re.split(r"^\.It |^\.El", read(manual), flags=re.M)
            if part.startswith("Ic ") and re.search(f"^{mark}", part, re.M)}


fixed = re.search(r"\bfixed\[\] = \{(.*?)\}", read("service/operate/reload.c"), re.S)
same("man/userkey-server.conf.5 says what needs a restart",
     set(re.findall(r'"([a-z_]+)"', fixed.group(1))),
     marked("man/userkey-server.conf.5", "Needs a restart"),
     ("service/operate/reload.c", "man/userkey-server.conf.5"))

service = "".join(path.read_text() for path in
                  sorted((ROOT / "service").rglob("*.c")))


def reasons():
    """Words that are handed to the audit log as what they are."""
    found = set()
    for call in re.findall(r'\b(?:uk_call_audit|turn_away|refuse|refuse_token'
                           r'|grant)\(call, ([^;{]*)\);', service):
        found |= set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', call))
    for call in re.findall(r'\buk_session_deny\(call, ([^;{]*)\);', service):
        found |= set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"$', call))
    return found - {"granted", "refused", "throttled", "failed"}


def documented():
    """The list of reasons in the manual."""
    page = read("man/userkey-server.8")
    page = page.partition(".Ss The audit log")[2].partition(".Ss ")[0]
    return {word for line in re.findall(r"^\.It Sy (.*)$", page, re.M)
            for word in line.split(" , ")}


quoted = set(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', service))
results.append(("man/userkey-server.8 explains every reason of the audit log",
                sorted(reasons() - documented()) if reasons() else ["none?"]))
results.append(("and no other", sorted(documented() - quoted)))

same("man/userkey-server.8 has every number for Prometheus",
     set(re.findall(r'"(userkey_[a-z_]+)"', service)),
     items("man/userkey-server.8", "Va"),
     ("service/operate/scrape.c", "man/userkey-server.8"))

words = set(re.findall(r'return "([a-z-]+)"', read("core/verdict.c")))
words |= {"unreachable", "timeout", "tls", "bad-answer", "misconfigured"}
words -= {"undecided"}
same("README.md explains every word of the log", words,
     set(re.findall(r"`([a-z-]+)(?:…|:…)?`", "\n".join(
         line.split("|")[1] for line in read("README.md").splitlines()
         if re.match(r"\| `", line)))), ("core/verdict.c", "README.md"))

if shutil.which("mandoc"):
    for page in manuals:
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page],
                              capture_output=True, text=True)
        results.append((f"mandoc has no complaint about {page.name}",
                        lint.stdout.splitlines()))

print(f"1..{len(results)}")
for number, (what, faults) in enumerate(results, 1):
    print(f"{'not ok' if faults else 'ok'} {number} - {what}")
    for fault in faults:
        print(f"# {fault}")
sys.exit(any(faults for _, faults in results))

#!/usr/bin/python3 -B
"""The tool in another language: what people read is in theirs, what programs
read is the same, and the environment chooses a language and no file."""

import os
import pathlib
import re
import shutil
import subprocess

import world
from world import CONF, LAB, UK, conf, ok, pty_run, run, same, skip

world.enter(__file__)
TOOL = UK["UK_BIN"] + "/userkey"
BUILD = world.ROOT / os.environ.get("B", "build")
HERE = {"XDG_STATE_HOME": str(LAB / "state"), "HOME": "/root"}
NOBODY = {"XDG_STATE_HOME": str(LAB / "no-session")}
GERMAN = {"LC_ALL": "C.UTF-8", "LANGUAGE": "de"}
PLACE = pathlib.Path((BUILD / "folders").read_text().split()[3])


def is_there():
    """Put what was built where the tool looks for it, in this world alone."""
    top = next(p for p in [PLACE, *PLACE.parents] if p.exists())
    if not (BUILD / "locale/de").exists() or top.name not in ("locale", "share"):
        return False
    if top != PLACE:
        subprocess.run(["mount", "-t", "tmpfs", "none", top], check=True)
        PLACE.mkdir(parents=True)
    subprocess.run(["mount", "--bind", BUILD / "locale", PLACE], check=True)
    return True


def say(*argv, text="", **env):
    got = run([TOOL, *argv], text, env={**HERE, **env})
    got.out, got.err = (part.encode("latin-1").decode("utf-8", "replace")
                        for part in (got.out, got.err))
    return got


def screen(*argv, answers=(), **env):
    got = pty_run([TOOL, *argv], answers, env={**HERE, **GERMAN, **env})
    got.out = got.out.encode("latin-1").decode("utf-8", "replace")
    return got


def both(*argv, **env):
    return say(*argv, **env), say(*argv, **{**GERMAN, **env})


def languages():
    """What gettext takes for one here: newer glibc wants a real locale."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True)
    for name in ("C.UTF-8", *(one for one in known.stdout.split()
                              if re.fullmatch(r"\w+\.utf-?8", one, re.I))):
        GERMAN["LC_ALL"] = name
        if "Aufruf" in say("--help", **GERMAN).out:
            return True
    return False


if not is_there() or not languages():
    skip("the tool in German", "no translations were built, or no locale "
         "takes them")
    world.done()

# --- Sentences, with their umlauts and plurals
english, german = both("--help")
ok("Schlüssel" in german.out and "key" in english.out, "umlauts are umlauts",
   german)
commands = re.findall(r"^  ([a-z][a-z-]+) ", english.out, re.M)
ok(len(commands) > 15, "there are commands", english)
for name in ("", *commands):
    english, german = both(*([name] if name else []), "--help")
    pairs = list(zip(english.out.splitlines(), german.out.splitlines()))
    same([a for a, b in pairs if a == b and a.strip()], [],
         f"each line of the help of '{name or 'userkey'}' is in German")
    same([re.findall(r"^  (\S+)", a) for a, _ in pairs[4:]],
         [re.findall(r"^  (\S+)", b) for _, b in pairs[4:]],
         "... with the same names in the same places")
got = say("whoami", **GERMAN, **NOBODY)
ok(got.err.startswith("userkey: nicht angemeldet; das macht 'userkey login'"),
   "a sentence", got)
for broken, sentence in ((0, "1 Fehler, "), (1, "Fehler, ")):
    conf(**({"timeout": "soon"} if broken else {"agent_program": "/none"}))
    got = say("doctor", **GERMAN)
    ok(sentence in got.err and "Warnung" in got.err, "a sum, in its plural",
       got)
conf()

# --- What programs read
for argv in (["list"], ["list", "--json"], ["show", "lab", "--json"],
             ["whoami", "--json"], ["whoami"], ["show", "nobody"],
             ["explain", "root", "--json"], ["explain", "alice", "--json"],
             ["explain", "alice", "--service", "sshd", "--json"],
             ["doctor", "--json"], ["frob"], ["list", "--frob"], ["create"],
             ["create", "bad name"], ["delete", "lab"], ["--version"],
             ["agent", "status"], ["agent", "status", "--json"],
             ["explain", "nobody-here"], ["disable-login"]):
    english, german = both(*argv)
    same(german.status, english.status, f"the exit status of {argv}", german)
    if "--json" in argv:
        ages = re.compile(r"[0-9]+")
        same(ages.sub("0", german.out + german.err),
             ages.sub("0", english.out + english.err),
             f"{argv} is the same, whatever the language")
english, german = both("check", "alice", "--json", text=UK["UK_KEY"] + "\n")
same(german.out.split('"request_id"')[0], english.out.split('"request_id"')[0],
     "so is the JSON of 'check'")
english, german = both("doctor")
words = [[line.split("\t")[:2] for line in got.out.splitlines()]
         for got in (english, german)]
same(words[1], words[0], "names of checks and grades are words to search for")
ok(not set(line.split("\t")[2] for line in english.out.splitlines()) &
   set(line.split("\t")[2] for line in german.out.splitlines()),
   "... and every finding is a sentence", german)
english, german = both("explain", "alice", "--service", "sshd")
same([line.split("\t")[:3] for line in german.out.splitlines()],
     [line.split("\t")[:3] for line in english.out.splitlines()],
     "so are rules, results and places of 'explain'")
english, german = both("check", "alice", text=UK["UK_KEY"] + "\n")
same([line.split("\t")[0] for line in german.out.splitlines()],
     [line.split("\t")[0] for line in english.out.splitlines()],
     "and the names of rows, where no person reads")
ok("result\tgranted\n" in german.out and "darf sich" in german.out,
   "the verdict is a word, its meaning a sentence", german)

# --- On a terminal
got = screen("list")
ok(re.match(r"ID +NAME +ZUSTAND +ALTER +ENDET +BENUTZT\s", got.out)
   and " enabled " in got.out, "heads of tables", got)
got = screen("check", "alice", answers=[("Benutzer-API-Schl", UK["UK_KEY"])])
ok("Ergebnis" in got.out and "Bedeutung" in got.out and "granted" in got.out,
   "a question, and names of rows", got)
got = screen("doctor", TERM="xterm", NO_COLOR="1")
ok("angesehen: " in got.out and "Abhilfe" in got.out and "warum " in got.out,
   "the doctor", got)
lines = [line for line in got.out.split("\x1b[K")[-1].splitlines()
         if line.startswith("   ")]
ok(lines and all(re.match(r" {12}(warum {4}|Abhilfe {2}| {9})\S", line)
                 for line in lines) and max(map(len, lines)) <= 80,
   "its columns stand below one another", "\n".join(lines))
for name, answer, status in (("eins", "n", 8), ("zwei", "j", 0),
                             ("drei", "ja", 0), ("vier", "yes", 0),
                             ("fuenf", "jawohl", 8)):
    say("create", name, "--out", str(LAB / name))
    got = screen("delete", name, answers=[("[j/N] ", answer)])
    same(got.status, status, f"'{answer}' as an answer", got)

# --- What comes from outside is shown as before
odd = "/etc/\x1b[31mr\u043eot\u202e\u0308\u2018"
for argv in (["show", odd], ["doctor", "--conf", odd], ["login", "--ca-file", odd], [odd], ["list", odd]):
    argv = [one.encode("utf-8", "surrogateescape") for one in argv]
    english, german = both(*argv)
    shown = [sorted(re.findall(r"\\x[0-9a-f]{2}", got.err + got.out))
             for got in (english, german)]
    ok(shown[0] == shown[1] and shown[0] and
       not re.search(r"[^ -~\n\täöüÄÖÜß]", german.err + german.out),
       f"escaped as ever: {argv[0]}", english, german)

shown = [screen("explain", "alice", "--conf", odd, **env).out
         for env in (GERMAN, {"LANGUAGE": "en"})]
ok(shown[0] != shown[1] and not re.search(r"[^ -~\näöüÄÖÜß]", shown[0]),
   "escaped in a table", shown[0])
same(*(re.findall(r"\\x[0-9a-f]{2}", one) for one in shown),
     "... as it is in English")
forged = "/etc/none\nresult\tgranted\x1b[2J\x7f"
for got in both("explain", "alice", "--conf", forged):
    ok("none\\x0aresult\\x09granted\\x1b[2J\\x7f" in got.out
       and len(got.out.splitlines()) == 3 and got.out.count("\t") == 9,
       "a name makes no row of its own where a program reads", repr(got.out))

# --- The environment names a language, and no file
evil = LAB / "evil"
po = evil / "evil.po"
evil.mkdir()
po.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
              '\nmsgid "usage: userkey COMMAND [OPTION...]\\n\\n"\n'
              'msgstr "EVIL %n%n%n\\n\\n"\n')
for name in ("xx", "de", "en", "de.utf8", "de_DE", "C.UTF-8"):
    (evil / name / "LC_MESSAGES").mkdir(parents=True)
    subprocess.run(["msgfmt", "-o", evil / name / "LC_MESSAGES/userkey.mo", po],
                   check=True)
(evil / "LC_MESSAGES").symlink_to("xx/LC_MESSAGES")
away = "/".join([".."] * len(PLACE.parts)) + str(evil)
control = run([shutil.which("gettext") or "gettext", "-e", "userkey",
               "usage: userkey COMMAND [OPTION...]\\n\\n"],
              env={**GERMAN, "LANGUAGE": away, "TEXTDOMAINDIR": str(PLACE)})
ok("EVIL" in control.out, "another program can be led astray", control)
for what, env in (
        ("LANGUAGE", {"LANGUAGE": away}),
        ("LANGUAGE with a name in front", {"LANGUAGE": "xx:" + away}),
        ("LANGUAGE with a folder", {"LANGUAGE": away + "/xx"}),
        ("LANGUAGE, absolute", {"LANGUAGE": str(evil / "xx")}),
        ("TEXTDOMAINDIR", {"TEXTDOMAINDIR": str(evil)}),
        ("NLSPATH", {"NLSPATH": str(evil / "%L/LC_MESSAGES/%N.mo")}),
        ("LOCPATH", {"LOCPATH": str(evil)}),
        ("LC_ALL", {"LC_ALL": away}),
        ("LC_MESSAGES", {"LC_ALL": "", "LC_CTYPE": GERMAN["LC_ALL"],
                         "LC_MESSAGES": away}),
        ("OUTPUT_CHARSET", {"OUTPUT_CHARSET": "UTF-7"}),
        ("TEXTDOMAIN", {"TEXTDOMAIN": "evil"})):
    got = say("--help", **{**GERMAN, **env})
    ok(got.status == 0 and re.match("usage: |Aufruf: ", got.out)
       and "EVIL" not in got.out, f"{what} names no file", got)

# --- A terminal that does not show UTF-8
plain = say("--help").out
for what, env in (("C", {"LC_ALL": "C"}),
                  ("the letters of C", {"LC_ALL": "", "LC_CTYPE": "C",
                                        "LC_MESSAGES": GERMAN["LC_ALL"]}),
                  ("nothing", {"LC_ALL": "", "LANGUAGE": "de"}),
                  ("what is not there", {"LC_ALL": "de_XX.KOI8"})):
    same(say("--help", **{**GERMAN, **env}).out, plain,
         f"with {what} it is plain English")
for language in ("fr", "xx_YY", "en"):
    same(say("--help", **{**GERMAN, "LANGUAGE": language}).out, plain,
         f"so it is in '{language}', which it does not speak")
ok(CONF.exists(), "the settings are as they were")
world.done()

#!/usr/bin/python3
"""The translations: as the sources are, whole, and true to what is copied.

A format that takes other arguments reads the stack; a command, an option or a
path that is lost or changed is one that nobody can type.  What the tool hands
to its functions that speak to people is marked for translation.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]
LETTERS = "letters beyond a-z"
TEXT = r'"(?:\\.|[^"\\])*"'

# Who shows their texts to a person, or keeps them for one who will.
SPEAKERS = set("""
    uk_out_error uk_out_note uk_out_hint uk_out_next uk_ask_secret uk_ask_line
    uk_ask_yes uk_wait_begin uk_err_set uk_err_sys uk_err_in uk_err_late
    uk_doctor_say uk_doctor_why uk_doctor_mend uk_doctor_unseen uk_walk_fail
    leave break_line""".split())
MARKS = {"_", "N_", "ngettext"}
# Parts of commands and of their names, which are the same in every language.
SAME = {"--host", "ls -la", "cat -v", "~/.config/userkey/key", "list",
        "server-key list"}
# The journal is in English: no part of this file speaks to people.
SILENT = {"tool/loginway/end.c"}

CONVERSION = re.compile(
    r"%(?:(\d+)\$)?([-+ #0]*)(\d+|\*)?(\.(?:\d+|\*))?"
    r"(hh|h|ll|l|z|j|t)?([diouxXcsp%])")

number = 0
bad = False


def check(text, faults):
    global number, bad
    number += 1
    faults = list(faults)
    bad |= bool(faults)
    print(f"{'not ok' if faults else 'ok'} {number} - {text}")
    for fault in faults[:20]:
        print("#", fault)


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(
        m.group(1), m.group(1)), text)


def read_po(path):
    """Rows (flags, ids, texts); the header has the id ""."""
    rows = []
    for entry in path.read_text(encoding="utf-8").strip().split("\n\n"):
        fields = {}
        for key, value in re.findall(
                rf"^(msg\w+(?:\[\d\])?) ((?:{TEXT}\s*)+)", entry, re.M):
            fields[key] = "".join(
                unescape(part[1:-1]) for part in re.findall(TEXT, value))
        if fields:
            flags = re.findall(r"^#, (.*)$", entry, re.M)
            ids = [fields[k] for k in ("msgid", "msgid_plural")
                   if k in fields]
            texts = [v for k, v in fields.items() if k.startswith("msgstr")]
            rows.append((", ".join(flags), ids, texts))
    return rows


def conversions(text):
    """Each argument's conversion, in the order of the arguments."""
    found = [m for m in CONVERSION.finditer(text) if m.group(6) != "%"]
    if any(m.group(1) for m in found):
        found.sort(key=lambda m: int(m.group(1) or 0))
    return [(m.group(3) == "*", (m.group(4) or "") == ".*", m.group(4),
             m.group(5), m.group(6)) for m in found]


def kept(text):
    """What somebody copies: quoted words, options, paths, pages, addresses."""
    return set(re.findall(r"(?<!\w)'([^']*)'(?!\w)", text)) | set(
        re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) | set(
        re.findall(r"(?<![\w.])/[a-z][\w./%-]*[\w%]", text)) | set(
        re.findall(r"[\w.]+\(\d\)", text)) | set(
        re.findall(r"\b(?:systemctl|useradd|userkey|userkey-server|install -d"
                   r"|make install|chmod|chown|timedatectl)(?: [-\w.=]+)+"
                   r"(?=$|[,;:)]| &&)", text))


def literals(path):
    """(line, the call that it is an argument of, text) of every literal."""
    source = path.read_text()
    tokens = re.finditer(
        r'(?P<skip>/\*.*?\*/|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*|\s+'
        r"|'(?:\\.|[^'\\])*')|(?P<text>" + TEXT + r")|(?P<name>[A-Za-z_]\w*)"
        r"|(?P<other>.)", source, re.S | re.M)
    calls, last, joined = [], "", None
    for token in tokens:
        kind, value = token.lastgroup, token.group()
        if kind == "skip":
            continue
        if kind == "text":
            if joined is None:
                inner = [name for name in calls if name]
                joined = [source.count("\n", 0, token.start()) + 1,
                          inner[-1] if inner else "", ""]
            joined[2] += value[1:-1]
            last = ""
            continue
        if joined is not None and kind != "name":
            yield tuple(joined)
            joined = None
        if value in "([{" and kind == "other":
            calls.append(last if value == "(" else "")
        elif value in ")]}" and kind == "other" and calls:
            calls.pop()
        last = value if kind == "name" else ""


def has_words(text):
    text = re.sub(r"\\.", "", CONVERSION.sub("", unescape(text)))
    return re.search(r"[A-Za-z]{2}", text) and text not in SAME


def unmarked():
    for path in sorted(ROOT.glob("tool/**/*.c")):
        name = str(path.relative_to(ROOT))
        for line, call, text in literals(path):
            if call in SPEAKERS and name not in SILENT and has_words(text):
                yield f"{name}:{line}: {call}: {text}"


def faults_of_copies(rows):
    for _, ids, texts in rows:
        for text in texts:
            lost = [word for word in kept(ids[0]) if word not in text]
            if lost and ids[0]:
                yield f"{ids[0]!r}: {sorted(lost)} is not in {text!r}"


def faults_of_formats(rows):
    for _, ids, texts in rows:
        wanted = [conversions(one) for one in ids]
        for text in texts:
            if ids[0] and conversions(text) not in wanted:
                yield f"{ids[0]!r}: {text!r}"
            if "%" in CONVERSION.sub("", text): # %n is one
                yield f"{ids[0]!r}: what begins with % in {text!r}?"


def faults_of_edges(rows):
    edge = re.compile(r"^(\s*).*?(\s*)$", re.S)
    for _, ids, texts in rows:
        for text in texts:
            if ids[0] and edge.match(text).groups() != \
                    edge.match(ids[0]).groups():
                yield f"{ids[0]!r}: {text!r}"


def faults_of_letters(rows):
    letters = [texts[0] for _, ids, texts in rows if ids[0] == LETTERS]
    for letter in letters[0] if letters else "":
        if not unicodedata.category(letter).startswith("L") or \
                letter < "\u00a0" or unicodedata.bidirectional(letter) != "L" \
                or unicodedata.normalize("NFC", letter) != letter:
            yield f"U+{ord(letter):04X} is no letter that can be shown"
    for _, ids, texts in rows:
        for text in texts if ids[0] else ():
            for c in text:
                if not (c in "".join(letters) or " " <= c <= "~" or c == "\n"):
                    yield f"U+{ord(c):04X} in {text!r}"


def main():
    check("what is said to people is marked for translation", unmarked())
    if not shutil.which("xgettext") or not shutil.which("msgfmt"):
        print(f"ok {number + 1} # SKIP gettext is not here")
        print(f"1..{number + 1}")
        return int(bad)
    template = subprocess.run([ROOT / "po/update", "--template"], check=True,
                              capture_output=True, text=True)
    check("xgettext takes every text", template.stderr.splitlines())
    pot = (ROOT / "po/userkey.pot").read_text()
    check("po/userkey.pot is what the sources give ('make po')",
          [] if template.stdout == pot else ["it is not"])
    ids = [row[1] for row in read_po(ROOT / "po/userkey.pot")]
    check("there are texts", [] if len(ids) > 500 else [len(ids)])
    for path in sorted((ROOT / "po").glob("*.po")):
        rows = read_po(path)
        said = subprocess.run(["msgfmt", "-c", "-o", os.devnull, path],
                              capture_output=True, text=True)
        check(f"{path.name}: msgfmt takes it without a word",
              said.stderr.splitlines())
        check(f"{path.name}: it has the texts of the sources, and no others",
              [one for one in ids if one not in [row[1] for row in rows]] +
              [row[1] for row in rows if row[1] not in ids and row[1][0]])
        check(f"{path.name}: each is translated, and none a guess",
              [row[1][0] for row in rows
               if "fuzzy" in row[0] or not all(row[2])])
        rows = [row for row in rows if all(row[2])]
        check(f"{path.name}: each takes the arguments of the original",
              faults_of_formats(rows))
        check(f"{path.name}: commands, options, settings and paths are kept",
              faults_of_copies(rows))
        check(f"{path.name}: blanks at the edges are kept",
              faults_of_edges(rows))
        check(f"{path.name}: it shows its own letters, and no other signs",
              faults_of_letters(rows))
    print(f"1..{number}")
    return int(bad)


sys.exit(main())

#!/usr/bin/python3
"""docs/TROUBLESHOOTING.md: each word that can begin a line of the log has its
heading, no other word has, and what the page quotes stands in the code."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def read(name):
    return (ROOT / name).read_text()


def words(name, function):
    body = read(name).partition(f"\n{function}(")[2].partition("\n}\n")[0]
    return set(re.findall(r'return "([a-z-]+)"', body))


def literals(folder):
    """All texts of the code, adjacent ones joined."""
    text = "".join(path.read_text() for path in sorted(folder.rglob("*.[ch]")))
    text = re.sub(r'"\s*(?:\\\s*)?"', "", text)
    return text.replace("\\'", "'")


page = read("docs/TROUBLESHOOTING.md")
sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
verdicts = words("core/verdict.c", "uk_verdict_word") - {"undecided"}
codes = words("core/err.c", "uk_code_word") - {"ok", "unknown", "timeout"}
stages = words("core/err.c", "uk_stage_word") - {"none", "unknown"}
expected = verdicts | codes | {f"timeout:{stage}" for stage in stages}
headings = {name for name in sections if re.fullmatch(r"[a-z:-]+", name)}

said = "".join(literals(ROOT / folder)
               for folder in ("core", "pam_module", "agent"))
quoted = [(word, cell) for word in sorted(headings)
          for cell in re.findall(r"^\| `([^`]+)` \|", sections[word], re.M)]
reasons = {word
           for row in re.findall(r"^\| (`[^|]*) \|",
                                 sections["The service's reasons"], re.M)
           for word in re.findall(r"`([a-z-]+)`", row)}
listed = set(re.findall(r"[a-z-]+", " ".join(
    re.findall(r"^\.It Sy (.*)$", read("man/userkey-server.8"), re.M))))

results = [
    ("the words of the code are found", [] if len(expected) > 15 else expected),
    ("every word of the log has its heading", expected - headings),
    ("no heading is of a word that the log has not", headings - expected),
    ("it quotes what the log says", [] if len(quoted) > 30 else quoted),
    ("and the code says so",
     [f"{word}: {cell}" for word, cell in quoted
      if not all(part in said for part in cell.split("…"))]),
    ("it has reasons of the service", [] if len(reasons) > 8 else reasons),
    ("which are the manual's", reasons - listed),
]
print(f"1..{len(results)}")
for number, (name, wrong) in enumerate(results, 1):
    print("not ok" if wrong else "ok", number, "-", name)
    for line in sorted(wrong):
        print("#", line)
sys.exit(any(wrong for _, wrong in results))

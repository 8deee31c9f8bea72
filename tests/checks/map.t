#!/usr/bin/python3
"""The map of service/ in docs/DESIGN.md: each file stands in it, and nothing
stands there that is no file."""

import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

text = (ROOT / "docs/DESIGN.md").read_text()
table = text.split("To read `service/`", 1)[1].split("\n\n", 2)[1]
words = [word for row in table.splitlines()[2:]
         for word in re.findall(r"`([^`]+)`", row.split("|")[1])]
patterns = [word.removesuffix(".h") for word in words]
files = {path.stem for path in (ROOT / "service").glob("*.[ch]")}

results = [
    ("the map has rows", [] if len(words) > 20 else [table]),
    ("every file of service/ stands in the map",
     [name for name in sorted(files)
      if not any(fnmatch.fnmatch(name, p) for p in patterns)]),
    ("every name in the map is that of a file",
     [word for word, p in zip(words, patterns)
      if not fnmatch.filter(files, p)]),
]
print(f"1..{len(results)}")
for number, (name, wrong) in enumerate(results, 1):
    print("not ok" if wrong else "ok", number, "-", name)
    for line in wrong:
        print("#", line)
sys.exit(any(wrong for _, wrong in results))

#!/usr/bin/python3
"""The map of service/ in docs/DESIGN.md: each file stands in it, in its folder,
and nothing stands there that is no file."""

import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

text = (ROOT / "docs/DESIGN.md").read_text()
table = text.split("To read `service/`", 1)[1].split("\n\n", 2)[1]
patterns, folder = [], None
for row in table.splitlines()[2:]:
    cells = row.split("|")
    folder = (re.findall(r"`([a-z]+)/`", cells[1]) or [folder])[0]
    patterns += [f"{folder}/{word.removesuffix('.h')}"
                 for word in re.findall(r"`([^`]+)`", cells[2])]
SERVICE = ROOT / "service"
files = {str(path.relative_to(SERVICE).with_suffix(""))
         for path in SERVICE.glob("*/*.[ch]")}

# Files that comments name but that are others'.
FOREIGN = {"x509_vfy.h", "pam.c"}


def named_wrongly(path):
    """Names of sources in the comments of this one that are no files: seen from
    the top, from its folder, or from the folder above."""
    comments = re.findall(r"/\*.*?\*/", path.read_text(), re.S)
    for name in re.findall(r"(?<![\w/.<])((?:[a-z_0-9]+/)*[a-z_0-9]+\.[ch])\b",
                           " ".join(comments)):
        if name not in FOREIGN and not any(
                (folder / name).exists()
                for folder in (ROOT, path.parent, path.parent.parent)):
            yield f"{path.relative_to(ROOT)}: {name}"


results = [
    ("the map has rows", [] if len(patterns) > 20 else [table]),
    ("every file of service/ stands in the map",
     [name for name in sorted(files)
      if not any(fnmatch.fnmatch(name, p) for p in patterns)]),
    ("every name in the map is that of a file",
     [p for p in patterns if not fnmatch.filter(files, p)]),
    ("beside its folders stand main.c and ORDER",
     sorted({path.name for path in SERVICE.iterdir() if path.is_file()}
            ^ {"main.c", "ORDER"})),
    ("the sources that comments name are there",
     [wrong for folder in ("core", "pam_module", "agent", "tool", "service")
      for path in sorted((ROOT / folder).rglob("*.[ch]"))
      for wrong in named_wrongly(path)]),
]
print(f"1..{len(results)}")
for number, (name, wrong) in enumerate(results, 1):
    print("not ok" if wrong else "ok", number, "-", name)
    for line in wrong:
        print("#", line)
sys.exit(any(wrong for _, wrong in results))

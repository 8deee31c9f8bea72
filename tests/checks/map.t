#!/usr/bin/python3
"""The maps of service/ and tool/ in docs/DESIGN.md: each file stands in its own,
in its folder, and nothing stands there that is no file."""

import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

TEXT = (ROOT / "docs/DESIGN.md").read_text()


def read_map(program):
    """What stands in the table: patterns of files, below the program's folder."""
    table = TEXT.split(f"To read `{program}/`", 1)[1].split("\n\n", 2)[1]
    folder = None
    for row in table.splitlines()[2:]:
        cells = row.split("|")
        folder = (re.findall(r"`([a-z]+)/`", cells[1]) or [folder])[0]
        for word in re.findall(r"`([^`]+)`", cells[2]):
            yield f"{folder}/{word.removesuffix('.h')}"


def look_at(program):
    patterns = list(read_map(program))
    top = ROOT / program
    files = {str(path.relative_to(top).with_suffix(""))
             for path in top.glob("*/*.[ch]")}
    yield f"the map of {program}/ has rows", \
        [] if len(patterns) > 20 else patterns
    yield f"every file of {program}/ stands in the map", \
        [name for name in sorted(files)
         if not any(fnmatch.fnmatch(name, p) for p in patterns)]
    yield f"every name in the map of {program}/ is that of a file", \
        [p for p in patterns if not fnmatch.filter(files, p)]
    yield f"beside the folders of {program}/ stand main.c and ORDER", \
        sorted({path.name for path in top.iterdir() if path.is_file()}
               ^ {"main.c", "ORDER"})


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
    *look_at("service"),
    *look_at("tool"),
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

#!/usr/bin/python3
"""What a file of the product gives to others, others use.

Read from the objects: a function or table that no other object asks for is
removed, or made static, or stands below with the reason.
"""

import collections
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
B = ROOT / os.environ.get("B", "build")
FOLDERS = ("core", "pam_module", "agent", "tool", "service")

# Used in its own file, and by tests.
ALONE = {
    "uk_config_parse": "pure: its texts come from tests and a fuzz target",
    "uk_settings_parse": "pure: its texts come from tests and a fuzz target",
    "uk_grace_list_pack": "pure: its lists come from a fuzz target",
    "uk_grace_list_unpack": "pure: its bytes come from a fuzz target",
    "uk_count_write": "pure: its text is compared in a test",
    "uk_confine_is_built": "a test of what is left out has nothing to test",
    "uk_guard_free": "the agent ends with it; a fuzz target goes on",
    "uk_loop_free": "the agent ends with it; tests go on",
    "uk_upstream_free": "the agent ends with it; tests go on",
}


def symbols(paths):
    """Object, name and kind of what these give or ask for."""
    said = subprocess.run(["nm", "-gA", *paths], check=True, text=True,
                          capture_output=True).stdout
    for line in said.splitlines():
        where, *_, kind, name = line.split()
        yield where.split(":")[0], name, kind


# By program (or core) and name: two programs may have the same name.
given, asked = {}, collections.defaultdict(set)
sources = [path for folder in FOLDERS
           for path in sorted((ROOT / folder).rglob("*.c"))]
missing, objects = [], {}
for source in sources:
    stem = source.relative_to(ROOT).with_suffix(".o")
    built = [path for path in (B / stem, B / "small" / stem) if path.exists()]
    if not built:
        missing.append(str(stem))
    objects.update({str(path): stem for path in built})
for path, name, kind in symbols(objects):
    if not name.startswith("uk_"):
        continue
    if kind in "TDRBC":
        given[objects[path].parts[0], name] = objects[path]
    elif kind == "U":
        asked[name].add(objects[path].parts[0])

unused = {name for top, name in given
          if not asked[name] & ({top} if top != "core" else set(FOLDERS))}
results = [
    ("every source of the product is built", missing),
    ("there is much that is given", [] if len(given) > 500 else sorted(given)),
    ("what a file gives, another uses",
     [f"{stem}: {name}" for (_, name), stem in sorted(given.items())
      if name in unused - set(ALONE)]),
    ("what need not be used by another is not",
     sorted(set(ALONE) - unused)),
]
print(f"1..{len(results)}")
for number, (text, wrong) in enumerate(results, 1):
    print("not ok" if wrong else "ok", number, "-", text)
    for line in wrong:
        print("#", line)
sys.exit(any(wrong for _, wrong in results))

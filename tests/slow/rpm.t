#!/usr/bin/python3 -B
"""The RPM spec: it builds from the tree, and its two packages have together
what `make install` installs, each file once."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
B = os.environ.get("B", "build")

if not shutil.which("rpmbuild"):
    print("1..1\nok 1 # SKIP rpmbuild is not here")
    sys.exit(0)


def said(*argv):
    ran = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True,
                         check=False)
    return ran.returncode, ran.stdout + ran.stderr


def listed(package):
    """Every file of it, but folders and what is RPM's own to place."""
    lines = said("rpm", "-qp", "--qf", "[%{FILEMODES:perms} %{FILENAMES}\n]",
                 str(package))[1].splitlines()
    return [name for mode, _, name in (line.partition(" ") for line in lines)
            if mode[0] in "-l" and not re.match(
                r"/usr/lib/\.build-id|/usr/share/licenses/|.*/CHANGES\.md$",
                name)]


def installed():
    with tempfile.TemporaryDirectory() as folder:
        status, told = said(
            "make", "-s", "-o", "all", "install", f"DESTDIR={folder}",
            "PREFIX=/usr", "PAMDIR=" + subprocess.run(
                ["rpm", "--eval", "%{_libdir}/security"], capture_output=True,
                text=True, check=True).stdout.strip())
        assert status == 0, told
    return {name for name in told.replace(folder + "/", "/").splitlines()
            if "pam-configs" not in name and not name.endswith("/LICENSE")}


print("1..4", flush=True)
status, told = said("make", "--no-print-directory", "rpm")
results = [("'make rpm' builds the packages", [] if status == 0 else [told])]
packages = {path.name.rsplit("-", 2)[0]: listed(path)
            for path in (REPOSITORY / B / "rpm").rglob("*.rpm")}
one, two = packages.get("userkey", []), packages.get("userkey-server", [])
results += [
    ("there are two", [] if one and two else [str(packages)]),
    ("no file is in both", sorted(set(one) & set(two))),
    ("they have what 'make install' installs, and nothing else",
     sorted(set(one + two) ^ installed())),
]
for number, (name, wrong) in enumerate(results, 1):
    print("not ok" if wrong else "ok", number, "-", name)
    for line in "\n".join(wrong).splitlines():
        print("#", line)
sys.exit(any(wrong for _, wrong in results))

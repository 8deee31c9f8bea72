"""Debian's own files of PAM in the lab, as they were before it wrote its own,
and a /var/lib to change."""

import pathlib
import re
import shutil
import subprocess

from world import LAB

PAM_D = pathlib.Path("/etc/pam.d")


def mount(*argv):
    subprocess.run(["mount", *map(str, argv)], check=True)


def put_back():
    private = LAB / "world/varlib"
    real = LAB / "world/varlib.real"
    for folder in (private, real):
        folder.mkdir()
    mount("--bind", "/var/lib", real)
    for name in ("pam", "sudo"):  # what Debian's programs look for in it
        if (real / name).exists():
            shutil.copytree(real / name, private / name)
    for name in ("dpkg", "apt"):
        (private / name).mkdir()
    mount("--bind", private, "/var/lib")
    mount("--bind", real / "dpkg", "/var/lib/dpkg")
    debconf = LAB / "world/debconf"
    shutil.copytree("/var/cache/debconf", debconf)
    mount("--bind", debconf, "/var/cache/debconf")
    shutil.rmtree(PAM_D)
    shutil.copytree(LAB / "world/pam.d.before", PAM_D)
    common = PAM_D / "common-auth"  # no time for delays of others
    common.write_text(re.sub("(pam_unix.so.*)", r"\1 nodelay",
                             common.read_text()))

#!/usr/bin/python3
"""The AppArmor profiles: the parser takes them, they name the files of this
build, and what is written in them is what the manuals say."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFILES = sorted((ROOT / "conf/apparmor").iterdir())
TOLD = {"@SBINDIR@": "/usr/sbin"}  # as conf/install.mk does
results = []


def check(what, *faults):
    results.append((what, [fault for fault in faults if fault]))


with tempfile.TemporaryDirectory() as folder:
    for path in PROFILES:
        text = path.read_text()
        for word, value in TOLD.items():
            text = text.replace(word, value)
        copy = pathlib.Path(folder) / path.name
        copy.write_text(text)
        program = "/" + path.name.replace(".", "/")
        name = program.rsplit("/", 1)[1]
        check(f"{path.name} is for {program}",
              not re.search(rf"^  {program} m\w+,$", text, re.M) and program)
        check("it is told the folders", *re.findall(r"@[A-Z]+DIR@", text))
        check("and has room for a site's own lines",
              f"include if exists <local/{path.name}>" not in text and name)
        check("nobody is locked out by it before it was tried",
              not re.search(rf"^profile {name} .*flags=\(complain\) \{{$",
                            text, re.M) and name)
        check("it gives nobody's rights away",
              *re.findall(r"^ *(?:capability,|capability sys_admin.*|file,|"
                          r"/\*\*.*|.*\bux\b.*|network,)$", text, re.M))
        if shutil.which("apparmor_parser"):
            parsed = subprocess.run(
                ["apparmor_parser", "-Q", "-K", "-W", copy],
                capture_output=True, text=True)
            check("the parser takes it", *(
                [] if parsed.returncode == 0 and "rror" not in parsed.stderr
                else parsed.stderr.splitlines() or ["no"]))
        else:
            results.append(("the parser takes it", None))

unit = (ROOT / "conf/systemd/userkey-server.service.in").read_text()
check("the unit asks for it, and goes on without",
      "AppArmorProfile=-userkey-server\n" not in unit and unit)

print(f"1..{len(results)}")
for number, (what, faults) in enumerate(results, 1):
    if faults is None:
        print(f"ok {number} - {what} # SKIP no apparmor_parser")
        continue
    print(f"{'not ok' if faults else 'ok'} {number} - {what}")
    for fault in faults:
        print(f"# {fault}")
sys.exit(any(faults for _, faults in results))

#!/usr/bin/python3
"""The systemd unit of the service: it is valid, it is hardened, and it says
to systemd what the service does."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAME = "userkey-server.service"
MOST = 20  # tenths: the exposure that `systemd-analyze security` may find

if not shutil.which("systemd-analyze"):
    print("1..1\nok 1 - the unit # SKIP no systemd-analyze")
    sys.exit(0)

results = []
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    program = folder / "userkey-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = (ROOT / f"conf/systemd/{NAME}.in").read_text()
    text = text.replace("@SBINDIR@", str(folder)).replace("@SYSCONFDIR@",
                                                          "/etc")
    unit = folder / NAME
    unit.write_text(text)
    results.append(("nothing is left to be filled in",
                    re.findall(r"@\w+@", text)))
    verify = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
         unit], capture_output=True, text=True)
    results.append(("systemd takes it", [
        line for line in (verify.stdout + verify.stderr).splitlines()
        if NAME in line] + ([] if verify.returncode == 0 else
                            [f"status {verify.returncode}"])))
    security = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager",
         f"--threshold={MOST}", unit], capture_output=True, text=True)
    found = re.search(r"Overall exposure level[^:]*: ([\d.]+)",
                      security.stdout)
    results.append((f"its exposure is {found[1] if found else '?'}, of "
                    f"{MOST / 10} at most",
                    [] if found and security.returncode == 0 and
                    float(found[1]) <= MOST / 10
                    else (security.stdout + security.stderr).splitlines()))

said = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
wanted = {"Type": "notify", "User": "_userkey-server",
          "ExecReload": "/bin/kill -HUP $MAINPID", "NoNewPrivileges": "yes",
          "CapabilityBoundingSet": "", "StateDirectoryMode": "0700"}
results.append(("it says what the service does", [
    f"{name}={said.get(name)}, not {value}" for name, value in wanted.items()
    if said.get(name) != value] + (
        [] if int(said.get("WatchdogSec", "0")) > 0 else ["no WatchdogSec"])))
folder = f"-/var/lib/{said['StateDirectory']}"
results.append(("what it may write is no code", [
    path for path in (folder, "-/tmp", "-/var/tmp", "-/dev/shm")
    if path not in said.get("NoExecPaths", "").split()]))
users = (ROOT / "conf/sysusers.d/userkey-server.conf").read_text()
results.append(("its user is made", [] if re.search(
    rf"^u {said['User']} ", users, re.M) else [said["User"]]))

print(f"1..{len(results)}")
for number, (what, faults) in enumerate(results, 1):
    print(f"{'not ok' if faults else 'ok'} {number} - {what}")
    for fault in faults:
        print(f"# {fault}")
sys.exit(any(faults for _, faults in results))

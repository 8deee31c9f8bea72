#!/usr/bin/python3
"""The systemd units of the agent: they are valid and hardened, and they say
to systemd what the agent does."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = ROOT / "conf/systemd"
# Tenths: the exposure that `systemd-analyze security` may find; it counts that
# the agent begins as root.
MOST = 20

if not shutil.which("systemd-analyze"):
    print("1..1\nok 1 - the units # SKIP no systemd-analyze")
    sys.exit(0)

results = []
service = (UNITS / "userkey-agent.service").read_text()
door = (UNITS / "userkey-agent.socket").read_text()
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    program = folder / "userkey-agent"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit, socket = folder / "userkey-agent.service", \
        folder / "userkey-agent.socket"
    unit.write_text(service.replace("/usr/libexec/userkey/userkey-agent",
                                    str(program)))
    socket.write_text(door)
    for one in (unit, socket):
        verify = subprocess.run(
            ["systemd-analyze", "verify", "--man=no",
             "--recursive-errors=no", unit, socket], capture_output=True,
            text=True)
        results.append((f"systemd takes {one.name}", [
            line for line in (verify.stdout + verify.stderr).splitlines()
            if one.name in line]))
    security = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager",
         f"--threshold={MOST}", unit], capture_output=True, text=True)
    found = re.search(r"Overall exposure level[^:]*: ([\d.]+)",
                      security.stdout)
    results.append((f"its exposure is {found[1] if found else '?'}, of "
                    f"{MOST / 10} at most",
                    [] if found and float(found[1]) <= MOST / 10
                    else (security.stdout + security.stderr).splitlines()))


def check(what, text, **wanted):
    said = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
    results.append((what, [f"{name}={said.get(name)}, not {value}"
                           for name, value in wanted.items()
                           if said.get(name) != value]))


settings = (ROOT / "core/settings.h").read_text()
path = re.search(r'UK_SETTINGS_SOCKET "([^"]+)"', settings)[1]
check("the socket stands where the module looks", door,
      ListenSequentialPacket=path, SocketMode="0666", DirectoryMode="0755")
check("the service may become its user, and no more", service,
      CapabilityBoundingSet="CAP_SETUID CAP_SETGID", NoNewPrivileges="yes")
said = dict(re.findall(r"^(\w+Paths)=(.*)$", service, re.M))
results.append(("what it may write is no code", [
    path for path in said["ReadWritePaths"].split()
    + ["-/tmp", "-/var/tmp", "-/dev/shm"]
    if path not in said.get("NoExecPaths", "").split()]))
longest = int(re.search(r'\.name = "timeout".*?\.max = (\d+)',
                        (ROOT / "core/settings.c").read_text(), re.S)[1])
check("it has the time to answer whom it has heard", service,
      TimeoutStopSec=str(2 * longest // 1000 + 2), KillMode="mixed")
results.append(("its user is made", [] if re.search(
    r"^u _userkey ", (ROOT / "conf/sysusers.d/userkey.conf").read_text(),
    re.M) else ["_userkey"]))

print(f"1..{len(results)}")
for number, (what, faults) in enumerate(results, 1):
    print(f"{'not ok' if faults else 'ok'} {number} - {what}")
    for fault in faults:
        print(f"# {fault}")
sys.exit(any(faults for _, faults in results))

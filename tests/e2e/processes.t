#!/usr/bin/python3 -B
"""While keys log in, with debug on everywhere: no process of the machine has
one in its arguments, its environment, its name or an open file."""

import os
import pathlib
import threading
import time

import world
from world import KEY, UK, conf, let_in, ok, same

world.enter(__file__)
stack = pathlib.Path("/etc/pam.d/userkey")
stack.write_text(stack.read_text().replace("pam_userkey.so",
                                           "pam_userkey.so debug"))
world.BASE["log_level"] = "debug"
conf()
SECRETS = [KEY.encode(), UK["UK_PASSWORD"].encode()]
over = threading.Event()
seen, found = set(), set()


def look_at(entry):
    name = (entry / "comm").read_text().strip()
    seen.add(name)
    for what in ("cmdline", "environ", "comm", "status", "stat"):
        text = (entry / what).read_bytes()
        # This test has them from the lab, OpenSSH's client and its helper from
        # this test.
        if what == "environ" and (b"SSH_ASKPASS=" in text
                                  or name == "processes.t"):
            continue
        if any(secret in text for secret in SECRETS):
            found.add(f"{name}: {what}")
    for fd in (entry / "fd").iterdir():
        path = os.readlink(fd)
        if path.startswith("/") and os.path.isfile(path):
            with open(path, "rb") as file:
                if any(secret in file.read() for secret in SECRETS):
                    found.add(f"{name}: {path}")


def look():
    while not over.is_set():
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                look_at(entry)
            except OSError:
                pass  # it has gone


watcher = threading.Thread(target=look)
watcher.start()
for door, log_in in world.DOORS.items():
    for round in range(3):
        ok(let_in(log_in(KEY), world.INSIDE[door]), f"{door}: lets in")
# The tool in its turn: a person's password, and a key to be checked.
TOOL = ("--url", UK["UK_URL"], "--app", UK["UK_APP"], "--ca-file", UK["UK_CA"])
for round in range(5):
    came = world.tool("login", *TOOL, "--email", UK["UK_EMAIL"],
                      "--password-stdin", text=UK["UK_PASSWORD"] + "\n")
    ok(came.status == 0, "a person logs in with the tool", came)
    came = world.tool("check", "alice", text=KEY + "\n")
    ok(came.status == 0, "a key is checked with the tool", came)
KNOWING = {"userkey-agent", "userkey-server", "userkey"}
end = time.monotonic() + world.PATIENCE
while not KNOWING <= seen and time.monotonic() < end:
    world.tool("check", "alice", text=KEY + "\n")
over.set()
watcher.join()
same(sorted(found), [], "no process had a key or a password to be seen")
ok(KNOWING <= seen,
   "(the ones that know them were looked at)", seen)
world.done()

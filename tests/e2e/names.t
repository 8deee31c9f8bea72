#!/usr/bin/python3 -B
"""People whom keys do not concern come in as they did before, with the PAM
files that we give away: accounts whose names are not of the form that keys are
for, and whoever knows the Unix password after a key that was refused."""

import pathlib
import subprocess

import world
from world import (Audit, KEY, LAB, Syslog, UK, ok, pty_run, run, same, ssh,
                   su, users)

world.enter(__file__)
UNIX = UK["UK_UNIX_PASSWORD"]
HASH = next(line.split(":")[1] for line in open("/etc/shadow")
            if line.startswith("alice:"))


def add(path, line):
    with open(path, "a") as file:
        file.write(line + "\n")


# --- names
subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                LAB / "id"], check=True)
for uid, name in enumerate(("john.doe", "John", "0815"), 4000):
    home = pathlib.Path(f"/run/home/{uid}")
    add("/etc/passwd", f"{name}:x:{uid}:{uid}::{home}:/bin/sh")
    add("/etc/group", f"{name}:x:{uid}:")
    add("/etc/shadow", f"{name}:{HASH}:19000:0:99999:7:::")
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/authorized_keys").write_text((LAB / "id.pub").read_text())
    subprocess.run(["chown", "-R", f"{uid}:{uid}", home], check=True)

    def inside(came):
        return came.status == 0 and came.out.split()[-1:] == [name]

    log, audit = Syslog(), Audit()
    ok(inside(su(name, UNIX)), f"{name}: the Unix password, by su")
    ok(inside(run(["su", name, "-c", "id -un"])), f"{name}: root, by su")
    came = ssh(name, "", "publickey", options=("-i", str(LAB / "id")))
    ok(inside(came), f"{name}: a public key, by ssh", came)
    same(log.module("account"), [], f"{name}: no news in the log")
    came = ssh(name, UNIX, unix=UNIX)
    ok(inside(came), f"{name}: the Unix password, by ssh", came)
    ok(su(name, UNIX + "x").status != 0, f"{name}: no other password")

    log.module()
    came = su(name, KEY)
    ok(came.status != 0 and came.out == "", f"{name}: no key", came)
    came = ssh(name, KEY)
    ok(came.status != 0, f"{name}: no key by ssh", came)
    lines = log.module()
    ok(lines and all(line.startswith(f"unknown-user user='{name}'")
                     for line in lines), f"{name}: the log says why", *lines)
    same(audit.logins(), [], f"{name}: and nothing was sent")
came = ssh("john.dog", UNIX, unix=UNIX)
ok(came.status != 0, "who is unknown to the machine stays outside", came)

# --- the right Unix password after a key that was refused
AFTER = [("User API key: ", KEY), ("assword", UNIX)]


def after_key():
    return pty_run(["su", "alice", "-c", "id -un"], AFTER, user="mallory")


server = [UK["UK_BIN"] + "/userkey-server", "user"]
place = ["--config", UK["UK_SERVER_CONF"]]
users("alice id:somebody-else\n")
came = after_key()
ok(came.out.endswith("alice\n"), "after a key of another: it lets in", came)
users()
made = subprocess.run([*server, "disable", UK["UK_EMAIL"], *place],
                      capture_output=True, text=True)
ok(made.returncode == 0, "(the service disables the user)", made)
came = after_key()
ok(came.status != 0 and "alice\n" not in came.out.split("assword")[-1],
   "after a key of a disabled user: it does not", came)
ok(world.let_in(su("alice", UNIX)), "at the key's prompt: it does")
subprocess.run([*server, "enable", UK["UK_EMAIL"], *place],
               capture_output=True)
ok(world.let_in(su("alice", KEY)), "all is well again")

world.done()

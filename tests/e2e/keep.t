#!/usr/bin/python3 -B
"""With session = keep the session lasts as long as the login: made once, for
its user alone, and ended once."""

import json
import os
import pathlib
import re
import signal
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request

if len(sys.argv) > 1 and sys.argv[1] == "use":  # as the user, in the login
    path = os.environ["USERKEY_SESSION"]
    kept = json.load(open(path))
    stat = os.stat(path)
    context = ssl.create_default_context(cafile=sys.argv[2])
    answer = urllib.request.urlopen(urllib.request.Request(
        kept["url"] + "/api/client/v2.0/auth/profile",
        headers={"Authorization": "Bearer " + kept["access_token"]}),
        context=context)
    print(json.dumps({
        "path": path, "mode": oct(stat.st_mode & 0o7777), "uid": stat.st_uid,
        "names": sorted(kept), "account": kept["account"],
        "user_id": kept["user_id"],
        "url": kept["url"], "app_id": kept["app_id"],
        "profile": json.load(answer)["user_id"],
        "refresh": kept["refresh_token"],
        "writable": os.access(path, os.W_OK),
        "listed": os.access(os.path.dirname(path), os.R_OK)}))
    sys.exit(0)

import world
from world import (Audit, KEY, LAB, SLACK, Syslog, UK, conf, ok, run, same,
                   ssh, su, sudo, wait_for)

world.enter(__file__)
SESSIONS = pathlib.Path("/run/userkey/sessions")
SCRIPT = LAB / "use"
SCRIPT.write_text(pathlib.Path(__file__).read_text())
USE = f"/usr/bin/python3 {SCRIPT} use {UK['UK_CA']}"
NAMES = ["access_token", "account", "app_id", "refresh_token", "url",
         "user_id"]
conf(session="keep")


def refresh(token):
    """The service's answer to a refresh token: its status."""
    try:
        return urllib.request.urlopen(urllib.request.Request(
            UK["UK_HTTP_URL"] + "/api/client/v2.0/auth/session", b"",
            {"Authorization": "Bearer " + token}, method="POST")).status
    except urllib.error.HTTPError as error:
        return error.code


def left(seconds=60):
    """Files of sessions; sshd ends one only after its client has gone."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and list(SESSIONS.iterdir()):
        time.sleep(0.05)
    return sorted(SESSIONS.iterdir())


def counted(audit, wanted=1):
    """Logins and logouts in what the service logged, once there are so many."""
    lines = []
    for _ in range(wanted):
        lines += audit.wait("event=logout")
        if len([line for line in lines if "event=logout" in line]) >= wanted:
            break
    return (len([line for line in lines if "event=login " in line]),
            len([line for line in lines if "event=logout" in line]))


DOORS = {
    "ssh keyboard-interactive": lambda: ssh("alice", KEY, command=USE),
    "ssh password": lambda: ssh("alice", KEY, "password", USE),
    "su": lambda: su("alice", KEY, command=USE),
}
paths = set()
for door, go in DOORS.items():
    audit, log = Audit(), Syslog()
    came = go()
    if not ok(came.status == 0, f"{door}: the login's program uses the session",
              came):
        continue
    got = json.loads(came.out)
    ok(re.fullmatch("/run/userkey/sessions/[0-9a-f]{32}", got["path"]),
       f"{door}: the file's name cannot be guessed", got["path"])
    # What stands for the group is the mask of alice's own right to read.
    same((got["mode"], got["uid"], got["writable"]), ("0o640", 0, False),
         f"{door}: the file is root's, and alice's to read")
    same(got["names"], NAMES, f"{door}: and has what is documented")
    same((got["account"], got["url"], got["app_id"], got["user_id"],
          got["profile"]),
         ("alice", UK["UK_URL"], UK["UK_APP"], UK["UK_USER_ID"],
          UK["UK_USER_ID"]),
         f"{door}: of this account, service, app and user")
    ok(not got["listed"], f"{door}: the others cannot be listed")
    same(left(), [], f"{door}: it is gone after the login")
    same(counted(audit), (1, 1), f"{door}: made once, ended once")
    same(refresh(got["refresh"]), 401, f"{door}: and it is over")
    same(len(log.module("auth") + log.module("session")), 1,
         f"{door}: one line in the log")
    paths.add(got["path"])
same(len(paths), len(DOORS), "each login has a session of its own")

# sudo authenticates alice and opens root's session: it is not for root.
audit = Audit()
came = sudo(KEY, command=("sh", "-c", "echo ${USERKEY_SESSION-none}"))
ok(came.status == 0 and came.out == "none\n",
   "sudo: root gets no session of alice's", came)
same(left(), [], "sudo: no file is left")
same(counted(audit), (1, 1), "sudo: the session is ended once")

# A caller may name any file; only ours is touched.
victim = LAB / "victim"
victim.write_text("precious")
for named in (str(victim), "/run/userkey/sessions/../../../etc/passwd",
              "/run/userkey/sessions/" + "0" * 32):
    came = su("alice", KEY, env={"USERKEY_SESSION": named},
              command="echo $USERKEY_SESSION")
    ok(came.status == 0 and named not in came.out
       and came.out.startswith(str(SESSIONS)),
       f"a caller's {named[:30]} is not used", came)
same(victim.read_text(), "precious", "and its file is not touched")
ok(os.path.getsize("/etc/passwd") > 0, "nor any other")

# Refused, or let in another way: nothing is kept.
audit = Audit()
su("alice", KEY[:-1])
came = su("alice", UK["UK_UNIX_PASSWORD"],
          command="echo ${USERKEY_SESSION-none}")
same(came.out, "none\n", "a Unix password opens no session at the service")
came = run(["su", "alice", "-c", "echo ${USERKEY_SESSION-none}"])
same(came.out, "none\n", "neither does root")
same(audit.logins(), [], "nobody asked the service")
same(left(), [], "nothing is left")

# The account phase says no after the key said yes.
pathlib.Path("/etc/nologin").write_text("down\n")
audit = Audit()
came = ssh("alice", KEY, "password")
ok(came.status != 0, "ssh password: refused by pam_nologin", came)
same(left(), [], "and no session is left lying about")
# sshd asks in a process that it ends without a word to PAM: what is left
# there is root's alone, and goes with a later login.
came = ssh("alice", KEY, "keyboard-interactive")
ok(came.status != 0, "ssh keyboard-interactive: refused as well", came)
pathlib.Path("/etc/nologin").unlink()
waiting = left(5)
for path in waiting:
    stat = path.stat()
    same((stat.st_uid, oct(stat.st_mode)), (0, "0o100600"),
         "what is left is nobody's but root's")
    os.utime(path, (stat.st_mtime - 3600,) * 2)
audit = Audit()
came = su("alice", KEY)
same(left(), [], "and gone after a later login")
same(counted(audit, 1 + len(waiting)), (1, 1 + len(waiting)), "which ends its session as well")

# The user has no way to fill it, open it for others or keep it.
for trick in ("echo x >$USERKEY_SESSION", "chmod 644 $USERKEY_SESSION",
              "rm -f $USERKEY_SESSION", "ln $USERKEY_SESSION /tmp/second"):
    audit = Audit()
    came = su("alice", KEY, command=f"{trick} 2>/dev/null || echo refused")
    ok(came.out == "refused\n", f"no {trick}", came)
    same(left(), [], "it is removed")
    same(counted(audit), (1, 1), "and the session ended")
came = su("alice", KEY, by="mallory", command="cat $USERKEY_SESSION")
ok("refresh_token" in came.out, "(it can be read in the login)", came)

# A login that is killed leaves the file; a later one ends that session.
audit = Audit()
came = su("alice", KEY, by="alice", command="kill -9 $PPID; sleep 0.1")
dead = sorted(SESSIONS.iterdir())
same(len(dead), 1, "a login that is killed leaves its file", came)
came = su("alice", KEY)
same(sorted(SESSIONS.iterdir()), dead, "for ten minutes")
os.utime(dead[0], (dead[0].stat().st_mtime - 3600,) * 2)
came = su("alice", KEY)
same(left(), [], "then a later login clears it away")
same(counted(audit, 3), (3, 3), "and ends its session")

# A limit that would end su in the middle.
audit, log = Audit(), Syslog()
came = run(["sh", "-c", "ulimit -f 0; exec su alice -c 'echo "
            "${USERKEY_SESSION-none}'"], KEY + "\n", **world.as_user("alice"))
ok(came.status == 0 and came.out == "none\n",
   "ulimit -f 0: the login goes on, and the session is not kept", came)
same(counted(audit), (1, 1), "it is ended")
ok(any("keeping the session: " in line for line in log.module()),
   "and the log says so")

# The service hangs when the login ends.
conf(session="keep", timeout="3s")
server = int(UK["UK_SERVER_PID"])
within, go_on = (LAB / f"world/home/alice/{name}" for name in ("in", "on"))
ended = []


def stop():
    """While the login's command runs."""
    wait_for(within.exists)
    os.kill(server, signal.SIGSTOP)
    ended.append(time.monotonic())
    go_on.touch()


hang = threading.Thread(target=stop)
hang.start()
came = su("alice", KEY, command=f"touch {within}; "
          f"while ! test -e {go_on}; do sleep 0.1; done; echo done")
ended.append(time.monotonic())
hang.join()
os.kill(server, signal.SIGCONT)
ok(came.out == "done\n" and ended[-1] - ended[0] < 3 + SLACK,
   "a service that hangs does not hold the end of a login", came, ended)
same(left(), [], "and the file is gone")

world.done()

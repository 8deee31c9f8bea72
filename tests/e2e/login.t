#!/usr/bin/python3 -B
"""A key opens every door of its own account, as long as it may, and no
other's."""

import os
import re
import subprocess
import zlib

import world
from world import (Audit, DOORS, INSIDE, KEY, LAB, Syslog, UK, conf, let_in,
                   new_key, ok, pty_run, run, same, sink_for, ssh, su,
                   tool, users)

world.enter(__file__)

# --- let in, each with one line of ours, and the session ended behind it
for door, go in DOORS.items():
    log, audit = Syslog(), Audit()
    came = go(KEY)
    ok(let_in(came, INSIDE[door]), f"{door}: an enabled key lets in", came)
    lines = log.module()
    same(len(lines), 1, f"{door}: one line in the log", *lines)
    ok(lines and lines[0].startswith("granted user='alice'")
       and f"id='{UK['UK_USER_ID']}'" in lines[0],
       f"{door}: it says who came in", *lines)
    seen = audit.wait("event=login")
    same((len([line for line in seen if "event=login" in line]),
          [line for line in seen if "event=logout" in line]), (1, []),
         f"{door}: one question, and no session is left to be logged out",
         *seen)

came = pty_run(["su", "alice", "-c", "tty && id -un"],
               [("User API key: ", KEY)], user="mallory")
ok(came.status == 0 and "\nalice\n" in came.out, "su on a terminal", came)
ok(KEY not in came.out, "and the key is not shown")
came = pty_run(["sudo", "id", "-un"], [("User API key: ", KEY)], user="alice")
ok(came.status == 0 and "\nroot\n" in came.out, "sudo on a terminal", came)
came = pty_run(["sudo", "-i", "id", "-un"], [("User API key: ", KEY)],
               user="alice")
ok(came.status == 0 and "\nroot\n" in came.out, "sudo -i", came)
came = pty_run(["login", "alice"], [("User API key: ", KEY),
                                    ("$ ", "id -un; exit")])
ok("\nalice\n" in came.out, "login on a console", came)
ok(KEY not in came.out, "and the key is not shown there either")
came = run(["su", "alice", "-c", "id -un"])
ok(let_in(came), "root becomes alice without a key", came)

# --- a publickey login goes on as before, and asks nobody
subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                LAB / "id"], check=True)
for user in ("alice", "bob"):
    folder = LAB / "world/home" / user / ".ssh"
    folder.mkdir()
    (folder / "authorized_keys").write_bytes((LAB / "id.pub").read_bytes())
    log, audit = Syslog(), Audit()
    came = ssh(user, "", "publickey", options=("-i", str(LAB / "id")))
    ok(let_in(came, user), f"{user} comes in by ssh public key", came)
    same((log.module(), audit.logins()), ([], []),
         f"{user}: without a question to the service")

# --- disabled, enabled, deleted
second = new_key("second")


def all_doors(key, expected, text, word="refused"):
    for door, go in DOORS.items():
        log = Syslog()
        came = go(key)
        if expected:
            ok(let_in(came, INSIDE[door]), f"{text}: {door} lets in", came)
        else:
            lines = log.module()
            ok(came.status != 0 and came.out == "",
               f"{text}: {door} refuses", came)
            ok(len(lines) == 1 and lines[0].startswith(f"{word} user='alice'")
               and "request=" in lines[0],
               f"{text}: {door}: the line says {word}", *lines)


all_doors(second, True, "a second key")
same(tool("disable", "second").status, 0, "disable")
all_doors(second, False, "disabled")
ok(let_in(su("alice", KEY)), "the first key is not concerned")
came = pty_run(["login", "alice"], [("User API key: ", second),
                                    ("assword", "")],
               watch=lambda seen: "Login incorrect" in seen)
ok("Login incorrect" in came.out, "disabled: login refuses", came)
same(tool("enable", "second").status, 0, "enable")
all_doors(second, True, "enabled")
same(tool("delete", "second", "--yes").status, 0, "delete")
all_doors(second, False, "deleted")
ok(tool("enable", "second").status == 3, "a deleted key is not found again")
again = new_key("second")
ok(again != second, "its name can be used for a new key, which is another")
all_doors(second, False, "deleted for good")
ok(let_in(su("alice", again)), "the new one lets in")



def server_user(*argv, text=""):
    return run([UK["UK_BIN"] + "/userkey-server", "user", *argv, "--config",
                UK["UK_SERVER_CONF"]], text)


same(server_user("disable", UK["UK_EMAIL"]).status, 0, "the user is disabled")
all_doors(KEY, False, "user disabled", "user-disabled")
same(server_user("enable", UK["UK_EMAIL"]).status, 0, "the user is enabled")
all_doors(KEY, True, "user enabled again")

# --- whose key it is
made = server_user("add", "mallory@example.com", "--password-stdin",
                   text="mallory's own pass phrase\n")
MALLORY = made.out.strip()
ok(re.fullmatch("[0-9a-f]{24}", MALLORY), "mallory is a user as well", made)
state = {"XDG_STATE_HOME": str(LAB / "mallory")}
os.mkdir(LAB / "mallory", 0o700)
run([UK["UK_BIN"] + "/userkey", "login", "--url", UK["UK_URL"], "--app",
     UK["UK_APP"], "--ca-file", UK["UK_CA"], "--email", "mallory@example.com",
     "--password-stdin"], "mallory's own pass phrase\n", env=state)
theirs = world.secret(run([UK["UK_BIN"] + "/userkey", "create", "m", "--raw"],
                          env=state).out.strip())
ok(len(theirs) == 64, "and has a key")

# Whom, by whose key, in which words, whether the service is asked.
REFUSED = [
    ("alice", theirs, "not-mapped", True),
    ("mallory", theirs, "not-mapped", False),  # no line: nobody's business
    ("bob", KEY, "not-mapped", False),
    ("root", KEY, "not-allowed", False),
    ("lowly", KEY, "not-allowed", False),
    ("daemon", KEY, "not-allowed", False),
]
for user, key, word, asked in REFUSED:
    log, audit = Syslog(), Audit()
    came = su(user, key, by="bob")
    lines = log.module()
    ok(came.status != 0 and came.out == "", f"su {user}: refused", came)
    ok(len(lines) == 1 and lines[0].startswith(f"{word} user='{user}'"),
       f"su {user}: the line says {word}", *lines)
    same(len(audit.logins()) > 0, asked,
         f"su {user}: the service is {'' if asked else 'not '}asked")
log, audit = Syslog(), Audit()
came = ssh("alice", theirs)
lines = log.module()
ok(came.status != 0 and len(lines) == 1 and
   lines[0].startswith("not-mapped user='alice' rhost='127.0.0.1'"),
   "ssh with somebody else's key: refused, and the line says from where",
   came, *lines)
same([line for line in audit.wait("event=login") if "event=logout" in line],
     [], "and no session of theirs is left to be logged out")

users(f"alice id:{UK['UK_USER_ID']} id:{MALLORY}\nlowly id:{MALLORY}\n"
      f"root id:{MALLORY}\nmallory email:MALLORY@example.com\n")
ok(let_in(su("alice", theirs)) and let_in(su("alice", KEY)),
   "two people may share an account")
ok(let_in(su("mallory", theirs, by="bob"), "mallory"),
   "a confirmed address lets in, whatever its case")
ok(su("mallory", KEY, by="bob").status != 0, "another's address does not")
ok(su("lowly", theirs).status != 0, "a line does not lift min_uid")
ok(su("root", theirs).status != 0, "a line alone is not enough for root")
conf(allow_root="yes")
ok(let_in(su("root", theirs), "root"), "a line and allow_root are")
users(f"alice id:{UK['UK_USER_ID']}\n")
ok(su("root", theirs).status != 0, "allow_root alone is not")
conf(email_domain="example.com")
ok(let_in(su("mallory", theirs, by="bob"), "mallory"),
   "the rule lets mallory@example.com be mallory")
ok(su("bob", theirs).status != 0, "but not bob")
ok(su("alice", theirs).status != 0, "and not alice, who has a line")
conf()

# --- users that sshd refuses, and that nobody knows
for user, word in (("root", "junk"), ("nobody-here", "junk")):
    for method in ("keyboard-interactive", "password"):
        log, audit = Syslog(), Audit()
        came = ssh(user, KEY, method)
        lines = log.module()
        ok(came.status != 0 and came.out == "",
           f"ssh {user} by {method}: refused", came)
        ok(len(lines) == 1 and lines[0].startswith(f"{word} user='{user}'"),
           f"ssh {user} by {method}: the line says {word}", *lines)
        same(audit.read(), [], f"ssh {user} by {method}: nothing is sent")

# --- what is not a key: nothing may be sent, whatever it is
TOKEN = next(re.search(r'"refresh_token": *"([^"]+)"', text)[1]
                          for text in (path.read_text() for path in
                                       (LAB / "state").rglob("*")
                                       if path.is_file())
             if "refresh_token" in text)
B62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
flipped = KEY[:20] + ("a" if KEY[20] != "a" else "b") + KEY[21:]
swapped = "".join(c.swapcase() if i == 30 else c for i, c in enumerate(KEY))
NOT_KEYS = {
    "nothing": "", "a word": "hunter2", "one character short": KEY[:-1],
    "one too many": KEY + "a", "a slip": flipped, "blanks around": f" {KEY} ",
    "quotes": 'ukey","user_id":"' + UK["UK_USER_ID"], "its half": KEY[:32],
    "511": "u" * 511, "512": "u" * 512, "513": "u" * 513, "1024": "u" * 1024,
    "5000": "u" * 5000, "70000": "u" * 70000, "a tab": KEY[:63] + "\t",
    "UTF-8": "ukey" + "\u00e9" * 30, "odd bytes": "\udcff\udcfe" * 32,
    "another prefix": "agsx" + KEY[4:], "a session's token": TOKEN,
}
if any(c.isalpha() for c in KEY[30]):
    NOT_KEYS["another case"] = swapped
with sink_for(timeout="1s", connect_early="no") as sink:  # it only counts
    for what, typed in NOT_KEYS.items():
        log = Syslog()
        came = su("alice", typed)
        lines = log.module()
        ok(came.status != 0 and came.out == ""
           and came.status != "hung", f"su with {what}: refused", came)
        ok(len(lines) == 1 and lines[0].startswith("malformed user='alice'"),
           f"su with {what}: the line says malformed", *lines)
    for what in ("nothing", "quotes", "5000"):
        came = ssh("alice", NOT_KEYS[what])
        ok(came.status != 0 and came.out == "",
           f"ssh with {what}: refused", came)
    same(len(sink.seen), 0, "and no connection was ever made")
    came = su("alice", KEY)
    ok(came.status != 0 and len(sink.seen) > 0,
       "(the service that counts would have seen one)", came)


def well_formed(body):
    """A key that nobody has: the checksum made here, by the specification."""
    crc, tail = zlib.crc32(("ukey" + body).encode()), ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        tail = B62[digit] + tail
    return "ukey" + body + tail


ok(well_formed(KEY[4:58]) == KEY, "the checksum of a key is CRC32 in base 62")
log, audit = Syslog(), Audit()
came = su("alice", well_formed("0" * 54))
lines = log.module()
ok(came.status != 0 and len(lines) == 1 and lines[0].startswith("refused "),
   "a well-formed key that nobody has is refused by the service", *lines)
request = re.search("request=([0-9a-zA-Z-]+)", lines[0] if lines else "")
seen = audit.read()
ok(request and any(request.group(1) in line for line in seen),
   "whose log has the line's request id", *lines, *seen)

# --- who came in is who was named: nothing about the account has changed
plain = run(["su", "alice", "-c", "id; echo $HOME $USER; umask"])
came = su("alice", KEY, command="id; echo $HOME $USER; umask")
same(came.out, plain.out, "ids, groups, home and umask are the account's")

# --- the end: the user is deleted, and with them every key
same(server_user("delete", UK["UK_EMAIL"], "--yes").status, 0, "the user is deleted")
all_doors(KEY, False, "user deleted")

# --- a new user with the old address is somebody else (V-12)
made = server_user("add", UK["UK_EMAIL"], "--password-stdin",
                   text=UK["UK_PASSWORD"] + "\n")
ok(made.status == 0 and made.out.strip() != UK["UK_USER_ID"],
   "the address has a new user, with another id", made)
state = {"XDG_STATE_HOME": str(LAB / "heir")}
os.mkdir(LAB / "heir", 0o700)
run([UK["UK_BIN"] + "/userkey", "login", "--url", UK["UK_URL"], "--app",
     UK["UK_APP"], "--ca-file", UK["UK_CA"], "--email", UK["UK_EMAIL"],
     "--password-stdin"], UK["UK_PASSWORD"] + "\n", env=state)
heir = world.secret(run([UK["UK_BIN"] + "/userkey", "create", "k", "--raw"],
                        env=state).out.strip())
ok(len(heir) == 64, "and a key of their own")
all_doors(heir, False, "the new user's key", "not-mapped")

world.done()
